"""The evaluation of the weights that a run keeps, by the model as it is saved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from onelayer.data import Dataset, Rows, row_blocks
from onelayer.data.blocks import BlockMatrix, select_rows
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.inference.by_class import balanced_accuracy
from onelayer.inference.top_k import places
from onelayer.model import LOSSES, Parameters
from onelayer.training.config import TrainConfig
from onelayer.training.data import RunData

ROWS_PER_BLOCK = 4800

TOP = 5
"""Of the top-5 accuracy, which is customary where there are many classes."""


@dataclass(frozen=True)
class Final:
    """The numbers of the weights that are kept, in float64.

    Losses are mean cross-entropies without the penalty, accuracies fractions of all examples,
    balanced accuracies the means over the classes of the accuracy on their examples, top-5
    accuracies the fractions of examples whose class is among the five with the largest scores.
    `weight_norm` is the Euclidean norm of what the penalty covers. None where there are no
    validation examples, for a loss that is not finite, and for top 5 of at most five classes. Of a
    multilabel model accuracies are fractions of examples all of whose labels are right, and there
    are no others.
    """

    val_loss: float | None
    val_accuracy: float | None
    train_loss: float | None
    train_accuracy: float | None
    weight_norm: float
    val_balanced_accuracy: float | None = None
    train_balanced_accuracy: float | None = None
    val_top5_accuracy: float | None = None
    train_top5_accuracy: float | None = None


@dataclass(frozen=True)
class _Measured:
    """The numbers of one part of the data; None where the scores are beyond float64."""

    loss: float | None = None
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    top5_accuracy: float | None = None


def evaluate_kept(config: TrainConfig, parameters: Parameters, data: RunData) -> Final:
    """Return the numbers of some parameters, by their own model's prediction."""
    model = as_classifier(config, parameters, data.train)
    validation = _Measured()
    if data.validation is not None:
        validation = _measure(model, data.validation, data.validation_rows, data.weights.validation)
    norm = math.sqrt(parameters.squared_norm(include_bias=config.penalize_bias))
    train = _measure(model, data.train, data.rows, data.weights.train)
    return Final(
        validation.loss, validation.accuracy, train.loss, train.accuracy, norm,
        validation.balanced_accuracy, train.balanced_accuracy,
        validation.top5_accuracy, train.top5_accuracy,
    )  # fmt: skip


def as_classifier(
    config: TrainConfig, parameters: Parameters, train_set: Dataset, **more: Any
) -> Classifier:
    """Return parameters as a classifier for raw values.

    Parameters
    ----------
    train_set : Dataset
        What they were trained on, for classes, scaling and the shape of images.
    **more
        Other parts of a `Classifier`.
    """
    shape = train_set.image_shape
    parts = {
        "classes": train_set.classes,
        "image_shape": shape,
        "channels": train_set.n_features // (shape[0] * shape[1]) if shape else 1,
    }
    return Classifier(
        model=config.model,
        weights=parameters.weights,
        bias=parameters.bias,
        scaling=train_set.scaling,
        **(parts | more),
    )


def _measure(
    model: Classifier, part: Dataset, rows: Rows | None, weights: ArrayLike | None
) -> _Measured:
    """Return the numbers of a part of the data, or of some rows of it."""
    try:
        if weights is not None:
            chosen = np.arange(part.n_examples) if rows is None else rows
            return _weighted(model, part, chosen, np.asarray(weights, np.float64))
        if rows is not None and isinstance(part.X, BlockMatrix):
            rows = np.sort(rows)
        X, some = (part.X, slice(None)) if rows is None else (select_rows(part.X, rows), rows)
        if part.has_label_matrix:
            found = model.evaluate_labels(X, part.encode(model.classes)[some])
            return _Measured(found.log_loss, found.accuracy)
        metrics = model.evaluate(X, part.y[some])
    except InputError:
        return _Measured()
    top = metrics.top_k_accuracy(TOP) if len(model.classes) > TOP else None
    return _Measured(metrics.log_loss, metrics.accuracy, metrics.balanced_accuracy, top)


def _weighted(
    model: Classifier, part: Dataset, rows: Rows, weights: np.ndarray[Any, Any]
) -> _Measured:
    """Return the numbers of weighted examples."""
    targets, n_classes = part.encode(model.classes)[rows], len(model.classes)
    losses, place = np.empty(len(rows)), np.empty(len(rows), np.intp)
    loss = LOSSES[model.model]
    for block in row_blocks(len(rows), ROWS_PER_BLOCK):
        scores = model.scores(part.X[rows[block]])
        losses[block] = loss.values(scores, targets[block])
        if part.has_label_matrix:
            place[block] = ~loss.is_right(scores, targets[block])
        else:
            place[block] = places(model.model, scores, targets[block])
    own = weights[rows]
    right, total = (place == 0).astype(np.float64), float(own.sum())
    measured = float((own * losses).sum()) / total, float((own * right).sum()) / total
    if part.has_label_matrix:
        return _Measured(*measured)
    return _Measured(
        *measured,
        balanced_accuracy(targets, right, own),
        float((own * (place < TOP)).sum()) / total if n_classes > TOP else None,
    )
