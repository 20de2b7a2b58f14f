"""Scores of models on a fold, of which higher is better."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from onelayer.data.blocks import some_at_a_time
from onelayer.errors import Argument, InputError
from onelayer.inference import Classifier
from onelayer.inference.by_class import balanced_accuracy
from onelayer.inference.scoring import RawScorer
from onelayer.inference.top_k import check_k, places
from onelayer.model import LOSSES, ModelName
from onelayer.model.losses import Targets
from onelayer.sweep.folds import Fold
from onelayer.sweep.task import Floats

Score = Callable[[Fold, Sequence[Classifier]], Floats]
"""From a fold and models to the score of each, shape (models,)."""

Values = Callable[[ModelName, Floats, Targets], Floats]
"""From a kind of model, its scores and class indices to a value for each example, shape (n,)."""

LOG_LOSS = "neg_log_loss"
"""The name of minus the log loss, by which candidates are scored if nothing else is asked for."""

_ROWS_BY_VALUES = 2**22
"""About so many values of a data set are gathered at a time."""

_VALUES_AT_ONCE = 2**24


def score_named(name: str, n_classes: int) -> Score:
    """Return a score by its name.

    Parameters
    ----------
    name : str
        "neg_log_loss", "accuracy", "balanced_accuracy" (the mean accuracy per class), or
        "top_5_accuracy" with any number below that of the classes.

    Raises
    ------
    InputError
        If there is no such score, or not for so many classes.
    """
    known = {LOG_LOSS: log_scores, "accuracy": top_k_scores, "balanced_accuracy": balanced_scores}
    if name in known:
        return known[name]
    top = re.fullmatch(r"top_(\d+)_accuracy", name)
    if top is None:
        raise InputError(
            Argument("score"), f": {name!r} was given; allowed: {', '.join(known)}, and "
            "top_5_accuracy with any number.",
        )  # fmt: skip
    check_k(int(top[1]), n_classes, "score")
    return partial(top_k_scores, k=int(top[1]))


def log_scores(fold: Fold, models: Sequence[Classifier]) -> Floats:
    """Return minus the mean log loss of each model, in float64.

    The bits of a score, here and below, depend neither on the number of threads nor on the models
    beside.

    Parameters
    ----------
    models : sequence of Classifier
        All of one kind, with the classes of the fold's data set.
    """

    def losses(model: ModelName, scores: Floats, targets: Targets) -> Floats:
        return np.asarray(LOSSES[model].values(scores, targets), np.float64)

    return _scored(fold, models, losses, lambda own: -_mean(own, fold.sample_weight))


def top_k_scores(fold: Fold, models: Sequence[Classifier], k: int = 1) -> Floats:
    """Return the share of examples whose class is among the `k` with the largest scores.

    With `k` = 1 it is the accuracy, also of multilabel models.
    """
    if k > 1:
        _check_classes(fold)
    return _scored(fold, models, _among(k), lambda own: _mean(own, fold.sample_weight))


def balanced_scores(fold: Fold, models: Sequence[Classifier]) -> Floats:
    """Return the mean, over the classes with examples that score, of the accuracy on each."""
    _check_classes(fold)
    targets, weights = fold.scored_on.data.targets[fold.rows], fold.sample_weight
    return _scored(
        fold, models, _among(1), lambda right: balanced_accuracy(targets, right, weights)
    )


def _check_classes(fold: Fold) -> None:
    if fold.scored_on.data.has_label_matrix:
        raise InputError(
            Argument("score"), ": with several labels an example is of no class; take neg_log_loss "
            "or accuracy.",
        )  # fmt: skip


def _among(k: int) -> Values:
    def values(model: ModelName, scores: Floats, targets: Targets) -> Floats:
        if k == 1:
            return LOSSES[model].is_right(scores, targets).astype(np.float64)
        return (places(model, scores, targets) < k).astype(np.float64)

    return values


def _mean(values: Floats, weights: Floats | None) -> float:
    if weights is None:
        return float(values.mean())
    return float((values * weights).sum() / weights.sum())


def _scored(
    fold: Fold, models: Sequence[Classifier], values: Values, mean: Callable[[Floats], float]
) -> Floats:
    """Return the mean of each model's values over the examples that score."""
    at_once = max(1, _VALUES_AT_ONCE // len(fold.rows))
    groups = [models[i : i + at_once] for i in range(0, len(models), at_once)]
    return np.array([mean(own) for group in groups for own in _of_some(fold, group, values)])


def _of_some(fold: Fold, models: Sequence[Classifier], values: Values) -> Floats:
    """Return values of models whose raw weights stand side by side: one product serves all."""
    model, width = models[0].model, models[0].weights.shape[1]
    stacked = RawScorer(
        np.hstack([m.raw.weights for m in models]),
        np.concatenate([m.raw.bias for m in models]),
        None,
    )
    data = fold.scored_on.data
    all_values = np.empty((len(models), len(fold.rows)))
    at_once = _ROWS_BY_VALUES // data.n_features
    for block, X in some_at_a_time(data.X, fold.rows, at_once):
        targets, found = data.targets[fold.rows[block]], all_values[:, block]

        def use(
            some: slice,
            scores: NDArray[np.float64],
            targets: Targets = targets,
            found: Floats = found,
        ) -> None:
            for i, own in enumerate(found):
                of_model = scores[:, i * width : (i + 1) * width]
                own[some] = values(model, np.ascontiguousarray(of_model), targets[some])

        stacked.for_each_block(X, use)
    return all_values
