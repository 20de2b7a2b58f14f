"""The weights under a strong penalty: the first step of gradient descent, divided by 2 λ.

At the minimum 2 λ W = -∇C(W). The stronger the penalty, the smaller is W, and the nearer is ∇C(W)
to ∇C(0): W → -∇C(0) / (2 λ). Where the bias is penalized it is one of the weights. Where it is free
it goes to the best one without weights, which predicts the share of each class, and ∇C(0) is the
gradient there.

C is convex, so that ⟨∇C(W) - ∇C(0), W⟩ >= 0; with 2 λ W in place of -∇C(W) this says that the norm
is at most ‖∇C(0)‖ / (2 λ), for every λ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onelayer.data import row_blocks
from onelayer.diagnosis.context import Context
from onelayer.model import Objective, Parameters, Sums, n_outputs
from onelayer.study import RunOutcome

ROWS = 4800
"""In a block: its values stay in the cache."""


def gradient_at_zero(context: Context, run: RunOutcome) -> Parameters:
    """Return ∇C at weights of zero: for a free bias at its best one, where its own part is zero."""
    objective = run.record.config.objective
    key = "gradient at zero", run.run.selection, objective.model, objective.penalize_bias
    return context.once(key, lambda: _gradient(context, run, objective))


def moments(context: Context, run: RunOutcome) -> tuple[NDArray[np.float64], float]:
    """Return the mean of x and that of ‖x‖², as a model sees the training examples."""
    return context.once(("moments", run.run.selection), lambda: _moments(context, run))


def _gradient(context: Context, run: RunOutcome, objective: Objective) -> Parameters:
    train, _ = context.parts(run)
    at = Parameters.zeros(train.n_features, n_outputs(objective.model, train.n_classes))
    sums = Sums(0.0, np.zeros(at.weights.shape), np.zeros(at.bias.shape), 0)
    for rows in row_blocks(train.n_examples, ROWS):
        X = train.scaling.apply(train.X[rows])
        sums = sums + objective.sums(at, X, train.targets[rows])
    weights, bias = sums.weights / sums.count, sums.bias / sums.count
    if objective.penalize_bias:
        return Parameters(weights, bias)
    # The best bias moves each probability, of all examples, to the share of its class.
    mean, _ = moments(context, run)
    return Parameters(weights - np.outer(mean, bias), np.zeros_like(bias))


def _moments(context: Context, run: RunOutcome) -> tuple[NDArray[np.float64], float]:
    train, _ = context.parts(run)
    total, squares = np.zeros(train.n_features), 0.0
    for rows in row_blocks(train.n_examples, ROWS):
        X = train.scaling.apply(train.X[rows])
        total += np.asarray(X.sum(axis=0, dtype=np.float64)).ravel()
        values = X if isinstance(X, np.ndarray) else X.data
        squares += float(np.vdot(values, values))
    return total / train.n_examples, squares / train.n_examples
