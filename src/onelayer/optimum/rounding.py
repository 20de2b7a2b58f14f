"""How far float32 may have put the sums of a pass off, at most: what a certificate must add.

The bound of `onelayer.optimum.certificate` holds for any probabilities q_i, and not only for those
of the model. Those that float32 computed, divided by their sum, are such ones. So a bound needs to
know no more than how far the sums may be from the exact ones of these q_i, and the mean divergence
of q_i from the model's exact probabilities: of second order in what rounding did to scores.

With u = 2^-24, what n operations one after another do to a sum of terms of either sign is at most
n u / (1 - n u) times the sum of their sizes (Higham, Accuracy and Stability of Numerical
Algorithms, section 3.1), in whatever order they are. Rounding in float64 is left aside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.engines import Chains
from onelayer.model import Parameters, Sums

Array = NDArray[np.float64]

_UNIT = 2.0**-24

_FEW = 10
"""More operations than any number has met besides the sums: a feature that is scaled, the weight of
an example, an exponential and what it is divided by, a residual."""

_EXPONENTIAL = 2e-5
"""As a share, what an exponential may be off that is not 0, of a rounded difference below 88."""

_SHARE_OF_LOSS = 0.4073
"""Of (1 - p)^2 in -ln p, at most; both are at least 0."""

_ONE_OUTPUT = 32 * _UNIT
"""The divergence of a probability that is rounded where it is nearly 1."""


def _relative(operations: int) -> float:
    return operations * _UNIT / (1 - operations * _UNIT)


@dataclass(frozen=True)
class Rounding:
    """The sizes that bound what rounding does; means over examples as their weights count them.

    Attributes
    ----------
    chains : Chains
        Of the engine.
    features, outputs : int
    size : float
        The root mean square of |x|, or more.
    offset : float
        The norm of what is added to features when they are scaled.
    """

    chains: Chains
    features: int
    outputs: int
    size: float
    offset: float

    def gradient(self, mean_loss: float) -> float:
        """Return how far, at most, the mean of x_i r_i^T is from that of x_i (q_i - y_i)^T."""
        residual = math.sqrt(2 * min(_SHARE_OF_LOSS * mean_loss, 1.0) + 1e-4)
        summed = _relative(self.chains.examples + _FEW) * self.size * residual
        scaled = _relative(_FEW) * self.offset * residual
        return summed + scaled + _relative(self.chains.over(self.outputs) + _FEW) * self.size

    @property
    def class_means(self) -> float:
        """How far, at most, `ClassMeans.by_output` of a pass in float32 is off."""
        return self.gradient(math.inf)

    def shares(self, predicted: Array, wanted: Array) -> Array:
        """Return how far, at most, the predicted shares of the outputs are from the means of q_i.

        Parameters
        ----------
        predicted, wanted : arrays, shape (n_outputs,)
            The means of the predicted probabilities and of the targets.
        """
        return _relative(self.chains.over(self.outputs) + _FEW) * (predicted + wanted)

    def scores(self, parameters: Parameters) -> float:
        """Return the root mean square of how far scores are off, at most."""
        longest = math.sqrt(float(np.square(parameters.weights).sum(axis=0).max()))
        sizes = longest * (self.size + self.offset) + float(np.abs(parameters.bias).max())
        return _relative(self.chains.over(self.features) + _FEW) * sizes + _EXPONENTIAL

    def divergence(self, parameters: Parameters) -> float:
        """Return the mean divergence of q_i from the exact probabilities, at most.

        Of two distributions whose logarithms differ by numbers within a range d it is at most
        d^2 / 8 (Hoeffding's lemma), and d is twice the error of a score.
        """
        return self.scores(parameters) ** 2 / 2 + _ONE_OUTPUT * (self.outputs == 1)

    def of_penalized(self, sums: Sums, wanted: Array) -> float:
        """Return how far, at most, the whole gradient is off, the bias included."""
        predicted = wanted + sums.bias / sums.count
        return self.gradient(sums.mean_loss) + float(np.linalg.norm(self.shares(predicted, wanted)))
