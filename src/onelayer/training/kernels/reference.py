"""The reference kernel: plain NumPy over the objective, one model at a time.

Every other kernel has these functions, with these signatures, and one test compares them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Scaling
from onelayer.model import LOSSES, ModelName, Objective, Parameters

# Rows scaled at a time in an evaluation: the block of floats then fits the second-level cache.
BLOCK_ROWS = 512


def step(
    X: NDArray[np.generic],
    targets: NDArray[np.int32],
    rows: NDArray[np.int64],
    scaling: Scaling,
    parameters: Parameters,
    objective: Objective,
    learning_rate: float,
) -> float:
    """Update the parameters in place by one step on one batch.

    W <- W - learning_rate * gradient of J over the rows.

    Parameters
    ----------
    X : (n, n_features) array, as stored
    targets : (n,) class indices
    rows : (batch,) indices of the batch's rows
    scaling : Scaling
        Maps stored values to features; applied to the batch alone.

    Returns
    -------
    float
        Mean loss of the batch before the update.
    """
    dtype = parameters.weights.dtype
    features = scaling.apply(X[rows], dtype)  # (batch, n_features)
    loss, gradient = objective.loss_and_gradient(parameters, features, targets[rows])
    rate = dtype.type(learning_rate)
    parameters.weights[...] -= rate * gradient.weights
    parameters.bias[...] -= rate * gradient.bias
    return loss


def evaluate(
    X: NDArray[np.generic],
    targets: NDArray[np.int32],
    scaling: Scaling,
    parameters: Parameters,
    model: ModelName,
) -> tuple[float, float]:
    """Return the mean loss and the accuracy over all rows, summed in float64."""
    loss_function = LOSSES[model]
    total_loss, correct = 0.0, 0
    for start in range(0, len(X), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        scores = parameters.scores(scaling.apply(X[block], parameters.weights.dtype))
        total_loss += float(
            np.sum(loss_function.values(scores, targets[block]), dtype=np.float64)
        )
        correct += int(np.count_nonzero(loss_function.predict(scores) == targets[block]))
    return total_loss / len(X), correct / len(X)
