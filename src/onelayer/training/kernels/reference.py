"""The reference engine: plain NumPy over the objective, one model after another.

It is the slow twin of `onelayer.training.kernels.dense`, to be read and to be compared with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Scaling
from onelayer.model import LOSSES, ModelName, Objective, Parameters
from onelayer.training.schedule import Batches
from onelayer.training.stack import Meanwhile, Metrics, Problem, Round, Team
from onelayer.training.weighting import Part, Rows

# Rows scaled at a time in an evaluation: the block of floats then fits the second-level cache.
BLOCK_ROWS = 512


def step(
    X: Any,
    targets: NDArray[np.int32],
    rows: Rows,
    scaling: Scaling,
    parameters: Parameters,
    objective: Objective,
    learning_rate: float,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Update the parameters in place by one step on one batch.

    W <- W - learning_rate * gradient of J over the rows.

    Parameters
    ----------
    X : (n, n_features) array or CSR array, as stored
    targets : (n,) class indices
    rows : (batch,) indices of the batch's rows
    scaling : Scaling
        Maps stored values to features; applied to the batch alone.
    weights : (batch,) array, optional

    Returns
    -------
    float
        Mean loss of the batch before the update.
    """
    dtype = parameters.weights.dtype
    features = scaling.apply(X[rows], dtype)  # (batch, n_features)
    loss, gradient = objective.loss_and_gradient(parameters, features, targets[rows], weights)
    rate = dtype.type(learning_rate)
    parameters.weights[...] -= rate * gradient.weights
    parameters.bias[...] -= rate * gradient.bias
    return loss


def evaluate(
    part: Part, scaling: Scaling, parameters: Parameters, model: ModelName, number: int = 0
) -> tuple[float, float]:
    """Return the mean loss and the accuracy over a part's rows, summed in float64.

    `number` is that of the model, whose weights of the examples count.
    """
    loss_function = LOSSES[model]
    total_loss, correct = 0.0, 0.0
    for start in range(0, len(part.rows), BLOCK_ROWS):
        block = part.rows[start : start + BLOCK_ROWS]
        targets, weights = part.targets[block], part.weights_for(number, block)
        scores = parameters.scores(scaling.apply(part.X[block], parameters.weights.dtype))
        losses = loss_function.values(scores, targets).astype(np.float64)
        right = (loss_function.predict(scores) == targets).astype(np.float64)
        total_loss += float(np.sum(losses if weights is None else weights * losses))
        correct += float(np.sum(right if weights is None else weights * right))
    return total_loss / len(part.rows), correct / len(part.rows)


class ReferenceStack:
    """Models as a list of parameters. The team's other threads stay idle."""

    def __init__(self, problem: Problem, _team: Team) -> None:
        self._problem = problem
        self._now = [problem.start(m) for m in range(len(problem.configs))]
        self._before = [parameters.copy() for parameters in self._now]

    # Overflow is how divergence looks; the training loop sees it in the losses.
    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def round(
        self, models: Sequence[int], batches: Batches, *, evaluate: bool, meanwhile: Meanwhile
    ) -> Round:
        """Evaluate, then step; see `Stack`."""
        meanwhile()
        losses = np.empty((len(models), len(batches)))
        metrics = []
        for j, m in enumerate(models):
            self._before[m] = self._now[m].copy()
            if evaluate:
                metrics.append(self._metrics(m))
            for s, rows in enumerate(batches):
                losses[j, s] = self._step(m, rows)
        return Round(losses, metrics)

    def _step(self, m: int, rows: Rows) -> float:
        p, config, train = self._problem, self._problem.configs[m], self._problem.train
        return step(
            train.X, train.targets, rows, p.scaling, self._now[m], config.objective,
            config.learning_rate, train.weights_for(m, rows),
        )  # fmt: skip

    def _metrics(self, m: int) -> Metrics:
        p, config, parameters = self._problem, self._problem.configs[m], self._now[m]
        assert p.validation is not None
        val_loss, val_accuracy = evaluate(p.validation, p.scaling, parameters, config.model, m)
        _, train_accuracy = evaluate(p.train, p.scaling, parameters, config.model, m)
        norm = math.sqrt(parameters.squared_norm(include_bias=config.penalize_bias))
        return Metrics(val_loss, val_accuracy, train_accuracy, norm)

    def before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters before the last round."""
        return self._before[model].copy()

    def now(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        return self._now[model].copy()
