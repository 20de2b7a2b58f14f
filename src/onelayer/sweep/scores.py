"""Scores of models on a fold, of which higher is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from onelayer.data import row_blocks
from onelayer.inference import Classifier
from onelayer.inference.scoring import RawScorer
from onelayer.model import LOSSES
from onelayer.sweep.folds import Fold
from onelayer.sweep.task import Floats

Score = Callable[[Fold, Sequence[Classifier]], Floats]
"""From a fold and models to the score of each, shape (models,)."""

_ROWS_BY_VALUES = 2**22
"""About so many values of a data set are gathered at a time."""

_LOSSES_AT_ONCE = 2**24


def log_scores(fold: Fold, models: Sequence[Classifier]) -> Floats:
    """Return minus the mean log loss of each model, in float64.

    The bits of a score depend neither on the number of threads nor on the models beside.

    Parameters
    ----------
    models : sequence of Classifier
        All of one kind, with the classes of the fold's data set.
    """
    at_once = max(1, _LOSSES_AT_ONCE // len(fold.rows))
    groups = [models[i : i + at_once] for i in range(0, len(models), at_once)]
    return np.concatenate([_of_some(fold, group) for group in groups])


def _of_some(fold: Fold, models: Sequence[Classifier]) -> Floats:
    """Score models whose raw weights stand side by side, so that one product serves all."""
    model, width = models[0].model, models[0].weights.shape[1]
    stacked = RawScorer(
        np.hstack([m.raw.weights for m in models]),
        np.concatenate([m.raw.bias for m in models]),
        None,
    )
    data = fold.scored_on.data
    losses = np.empty((len(models), len(fold.rows)))
    for block in row_blocks(len(fold.rows), _ROWS_BY_VALUES // data.n_features):
        rows = fold.rows[block]
        targets, found = data.targets[rows], losses[:, block]

        def use(
            some: slice,
            scores: NDArray[np.float64],
            targets: NDArray[np.int32] = targets,
            found: Floats = found,
        ) -> None:
            for i, own in enumerate(found):
                of_model = scores[:, i * width : (i + 1) * width]
                own[some] = LOSSES[model].values(np.ascontiguousarray(of_model), targets[some])

        stacked.for_each_block(data.X[rows], use)
    weights = fold.sample_weight
    if weights is None:
        return np.array([-own.mean() for own in losses])
    return np.array([-(own * weights).sum() / weights.sum() for own in losses])
