"""The evaluation of the weights that a run keeps, by the model as it is saved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from onelayer.data import Dataset, Rows, row_blocks
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.model import LOSSES, Parameters
from onelayer.training.config import TrainConfig
from onelayer.training.data import RunData

ROWS_PER_BLOCK = 4800


@dataclass(frozen=True)
class Final:
    """The numbers of the weights that are kept, in float64.

    Losses are mean cross-entropies without the penalty, accuracies fractions of all examples,
    `weight_norm` is the Euclidean norm of what the penalty covers. None where there are no
    validation examples, and for a loss that is not finite.
    """

    val_loss: float | None
    val_accuracy: float | None
    train_loss: float | None
    train_accuracy: float | None
    weight_norm: float


def evaluate_kept(config: TrainConfig, parameters: Parameters, data: RunData) -> Final:
    """Return the numbers of some parameters, by their own model's prediction."""
    model = as_classifier(config, parameters, data.train)
    validation: tuple[float | None, float | None] = None, None
    if data.validation is not None:
        validation = _measure(model, data.validation, data.validation_rows, data.weights.validation)
    norm = math.sqrt(parameters.squared_norm(include_bias=config.penalize_bias))
    return Final(*validation, *_measure(model, data.train, data.rows, data.weights.train), norm)


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
) -> tuple[float | None, float | None]:
    """Return mean loss and accuracy; None where the scores are beyond float64."""
    try:
        if weights is not None:
            chosen = np.arange(part.n_examples) if rows is None else rows
            return _weighted(model, part, chosen, np.asarray(weights, np.float64))
        X, y = (part.X, part.y) if rows is None else (part.X[rows], part.y[rows])
        metrics = model.evaluate(X, y)
    except InputError:
        return None, None
    return metrics.log_loss, metrics.accuracy


def _weighted(
    model: Classifier, part: Dataset, rows: Rows, weights: np.ndarray[Any, Any]
) -> tuple[float, float]:
    """Return weighted means of loss and of right predictions."""
    loss = LOSSES[model.model]
    targets = part.encode(model.classes)
    sums: Sequence[float] = (0.0, 0.0)
    for block in row_blocks(len(rows), ROWS_PER_BLOCK):
        some = rows[block]
        scores, own = model.scores(part.X[some]), weights[some]
        right = loss.predict(scores) == targets[some]
        parts = own @ loss.values(scores, targets[some]), own @ right
        sums = [total + float(value) for total, value in zip(sums, parts, strict=True)]
    total_weight = float(weights[rows].sum())
    return sums[0] / total_weight, sums[1] / total_weight
