"""The update rule: what a step makes of a gradient."""

from __future__ import annotations

from onelayer.model import Parameters


def descend(parameters: Parameters, gradient: Parameters, learning_rate: float) -> None:
    """Make one step of plain gradient descent in place: W <- W - learning_rate * gradient."""
    rate = parameters.weights.dtype.type(learning_rate)
    parameters.weights[...] -= rate * gradient.weights
    parameters.bias[...] -= rate * gradient.bias
