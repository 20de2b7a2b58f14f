"""What the single examples of a batch do in the step that is made on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows
from onelayer.diagnosis.experiments.interventions import Trial
from onelayer.diagnosis.subjects.examples import scaled
from onelayer.model import LOSSES, Parameters

Floats = NDArray[np.float64]
MOST_SCORES = 500_000
"""Computed at once."""

MOST_VALIDATION = 2_000
"""Validation examples on which the effect of a step is measured: the first of them."""


def parameters_before(trial: Trial, steps: Sequence[int]) -> list[Parameters]:
    """Return the parameters that a run has before some steps; it is made again, as one pass."""
    config = trial.config.model_copy(update={"evaluations_per_epoch": 1})
    configs = [config.model_copy(update={"max_steps": step}) for step in steps]
    results = trial.context.train((trial.train, None), configs)
    return [result.parameters for result in results]


def harm(trial: Trial, rows: Rows, before: Sequence[Parameters]) -> tuple[Floats, Floats]:
    """Return what each example of a batch does to the validation loss in the step on it.

    Exact for this one step: the mean validation loss after it, less what it would be had the
    example counted 0. Since scores are linear in the parameters, leaving out example i adds
    rate / m (x_v · x_i + 1) r_i to the scores of validation example v, with r_i its residuals.

    Parameters
    ----------
    rows : int array, shape (m,)
        The batch.
    before : sequence of Parameters
        At several times right before the step on it.

    Returns
    -------
    harm : array, shape (m,)
        Mean over the times; positive where the example raises the validation loss.
    losses : array, shape (m,)
        The examples' own losses before the step, mean over the times.
    """
    train, validation, config = trial.train, trial.validation, trial.config
    loss = LOSSES[config.model]
    X = trial.values(rows)
    some = slice(0, MOST_VALIDATION)
    V = scaled(train, validation, some, dtype=np.float64)
    targets, own = validation.encode(train.classes)[some], train.targets[rows]
    products = np.asarray(V @ X.T) + 1
    share = config.learning_rate / len(rows)
    effects, losses = np.zeros(len(rows)), np.zeros(len(rows))
    for parameters in before:
        scores = parameters.scores(X)
        residuals = loss.residuals(scores, own)
        shrunk = 1 - 2 * config.learning_rate * config.l2
        weights = shrunk * parameters.weights - share * (X.T @ residuals)
        bias = parameters.bias * (shrunk if config.penalize_bias else 1) - share * residuals.sum(0)
        after = V @ weights + bias
        with_all = float(loss.values(after, targets).mean())
        for some in _by_room(len(rows), after.size):
            moves = share * products.T[some, :, None] * residuals[some, None]
            without = (after + moves).reshape(-1, after.shape[1])
            values = loss.values(without, np.tile(targets, len(moves)))
            effects[some] += with_all - values.reshape(len(moves), -1).mean(axis=1)
        losses += loss.values(scores, own)
    return effects / len(before), losses / len(before)


def _by_room(count: int, size: int) -> list[slice]:
    """Return stretches of so many examples, whose scores of this size have room together."""
    each = max(1, MOST_SCORES // size)
    return [slice(first, first + each) for first in range(0, count, each)]
