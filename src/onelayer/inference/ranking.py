"""ROC AUC: how well scores put the examples of a class before the others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from onelayer.inference.by_class import mean_of_defined
from onelayer.inference.probabilities import probabilities
from onelayer.inference.scoring import UseScores
from onelayer.model import ModelName

PassOverScores = Callable[[UseScores], None]
"""Calls a function with the scores of some rows after others, until it has had all rows."""

_VALUES_AT_ONCE = 2**25
"""So many numbers are held at a time; with more classes the scores are computed again."""


def roc_auc(
    model: ModelName, targets: NDArray[np.integer], n_classes: int, scores: PassOverScores
) -> float | None:
    """Return the area under the ROC curve.

    With two classes it is that of either, by the difference of their scores. With more it is the
    mean over the classes, each against the rest by its probability.

    Parameters
    ----------
    targets : array, shape (n,)
        The index of each example's class.
    scores : function
        See `PassOverScores`; it may be called more than once.

    Returns
    -------
    float or None
        Classes without an example, or without one of another class, have no part in the mean; None
        where that leaves none.
    """
    counts = np.bincount(targets, minlength=n_classes)
    defined = np.flatnonzero((counts > 0) & (counts < len(targets)))
    if not len(defined):
        return None
    if n_classes == 2:
        return _area(targets == 0, _collected(len(targets), scores, _first_of_two)[:, 0])
    at_once = max(1, _VALUES_AT_ONCE // len(targets))
    areas: list[float] = []
    for i in range(0, len(defined), at_once):
        some = defined[i : i + at_once]

        def chosen(
            block: NDArray[np.float64], some: NDArray[np.integer] = some
        ) -> NDArray[np.floating]:
            return probabilities(model, block)[:, some]

        ranked = _collected(len(targets), scores, chosen, len(some))
        areas += [_area(targets == k, ranked[:, j]) for j, k in enumerate(some)]
    return mean_of_defined(areas)


def _first_of_two(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a column that is higher the more the first of two classes is likely."""
    return scores if scores.shape[1] == 1 else scores[:, :1] - scores[:, 1:]


def _collected(
    n: int,
    scores: PassOverScores,
    of_block: Callable[[NDArray[np.float64]], NDArray[np.floating]],
    width: int = 1,
) -> NDArray[np.float64]:
    found = np.empty((n, width), order="F")

    def use(rows: slice, block: NDArray[np.float64]) -> None:
        found[rows] = of_block(block)

    scores(use)
    return found


def _area(positive: NDArray[np.bool_], values: NDArray[np.float64]) -> float:
    from sklearn.metrics import roc_auc_score  # loads slowly

    return float(roc_auc_score(positive, values))
