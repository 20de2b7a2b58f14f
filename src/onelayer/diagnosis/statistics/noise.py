"""The noise of a curve of evaluations, told apart from that of the examples.

All evaluations of a run use the same examples: that these are a sample shifts the whole curve, and
does not make it jump from one evaluation to the next. What makes it jump is training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.statistics.quantiles import z_two_sided


@dataclass(frozen=True)
class EvaluationNoise:
    """How far one evaluation lies from the smooth curve that its neighbours make.

    Attributes
    ----------
    deviation : float
        The standard deviation of independent noise about a curve that is straight from one
        evaluation to the next but one.
    interval : (float, float)
        Of 95%; it covers the deviation of normal independent noise.
    von_neumann_ratio : float
        The mean squared first difference over the variance: about 2 for noise alone, near 0 for a
        smooth curve (von Neumann, 1941). NaN for a flat one.
    """

    deviation: float
    interval: tuple[float, float]
    von_neumann_ratio: float


def evaluation_noise(values: NDArray[np.floating]) -> EvaluationNoise:
    """Return the noise of a curve from evaluation to evaluation, at least 5 of them.

    From second differences, which a slope does not enter (Gasser, Sroka and Jennen-Steinmetz,
    1986).
    """
    second = np.diff(values, 2)
    # Of independent values with variance 1 it has variance 6.
    deviation = math.sqrt(float(second @ second) / (6 * len(second)))
    # Second differences overlap: as many squares vary like 18/35 as many independent ones.
    freedom = max(18 / 35 * len(second), 1.0)
    variance = float(np.var(values))
    ratio = float(np.mean(np.diff(values) ** 2)) / variance if variance > 0 else math.nan
    return EvaluationNoise(deviation, _deviation_interval(deviation, freedom), ratio)


def _deviation_interval(deviation: float, freedom: float) -> tuple[float, float]:
    """Return the interval by the chi-square of the variance (Wilson and Hilferty, 1931)."""
    z, spread = z_two_sided(), 2 / (9 * freedom)
    low, high = (
        max(1 - spread + sign * z * math.sqrt(spread), 1e-3) ** 1.5 for sign in (1.0, -1.0)
    )
    return deviation / low, deviation / high


def accuracy_noise(accuracy: float, n: int) -> float:
    """Return the standard error of an accuracy, as these n examples are a random sample."""
    return math.sqrt(accuracy * (1 - accuracy) / n)


def paired_accuracy_noise(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Return the standard error of the difference of two accuracies on the same n examples."""
    difference = first.astype(np.float64) - second
    return float(np.std(difference)) / math.sqrt(len(difference))
