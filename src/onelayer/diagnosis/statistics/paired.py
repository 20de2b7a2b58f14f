"""Two models on the same examples: which is better, by how much, and whether that is chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onelayer.diagnosis.statistics.quantiles import t_two_sided, z_two_sided


@dataclass(frozen=True)
class PairedAccuracies:
    """On how many of the same examples two models are right.

    Examples on which both are right, or both wrong, do not tell the models apart.

    Attributes
    ----------
    n : int
        Examples.
    only_first, only_second : int
        On which the first alone is right, and the second alone.
    """

    n: int
    only_first: int
    only_second: int

    @classmethod
    def of(cls, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> PairedAccuracies:
        """Return the comparison of two arrays of which examples are right, each (n,)."""
        return cls(
            len(first), int(np.count_nonzero(first > second)), int(np.count_nonzero(second > first))
        )

    @property
    def difference(self) -> float:
        """The first accuracy less the second."""
        return (self.only_first - self.only_second) / self.n

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return Tango's score interval of the difference (Tango, 1998).

        It covers the difference over all examples of which these are a random sample.
        """
        z = z_two_sided(confidence)
        return (
            _crossing(lambda d: self._score(d) - z, -1.0, self.difference),
            _crossing(lambda d: self._score(d) + z, self.difference, 1.0),
        )

    @property
    def p_value(self) -> float:
        """Two-sided mid-p of McNemar's test that both are right equally often.

        (McNemar, 1947; the mid-p: Fagerland, Lydersen and Laake, 2013.)
        """
        discordant, fewer = self._discordant
        if discordant == 0:
            return 1.0
        probabilities = _binomial_half(discordant, fewer)
        return min(1.0, float(2 * probabilities.sum() - probabilities[-1]))

    @property
    def _discordant(self) -> tuple[int, int]:
        return (
            self.only_first + self.only_second,
            min(self.only_first, self.only_second),
        )

    def _score(self, difference: float) -> float:
        """Return the score statistic of the hypothesis that the true difference is this.

        Its variance is that of the likeliest probabilities that have this difference.
        """
        n, b, c, d = self.n, self.only_first, self.only_second, difference
        linear = (2 * n - b + c) * d - b - c
        root = math.sqrt(max(linear**2 + 8 * n * c * d * (1 - d), 0.0))
        only_second = (root - linear) / (4 * n)
        variance = n * (2 * only_second + d * (1 - d))
        distance = b - c - n * d
        if variance <= 0:
            return math.copysign(math.inf, distance) if distance else 0.0
        return distance / math.sqrt(variance)


def _crossing(falling: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function goes through zero, by halving."""
    while high - low > 1e-12:
        middle = (low + high) / 2
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _binomial_half(n: int, most: int) -> NDArray[np.float64]:
    """Return the probabilities of 0 .. most heads of n fair coins."""
    k = np.arange(most)
    logs = np.concatenate([[0.0], np.cumsum(np.log((n - k) / (k + 1)))])
    return np.exp(logs - n * math.log(2))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values corrected for being several, in the same order (Holm, 1979).

    Those of at most 0.05 are together wrong in at most 5% of cases. That holds for comparisons that
    were fixed beforehand; where one of the compared was picked as the best, ask `set_of_best`.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(steps, 1.0)
    return tuple(corrected.tolist())


def paired_mean_interval(
    first: ArrayLike, second: ArrayLike, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval of the mean of first - second, such as two models' losses an example.

    Student's interval through Hall's transformation, which takes the skewness out (Hall, 1992):
    losses have long tails. It covers the mean over all examples of which these are a random sample.

    Parameters
    ----------
    first, second : (n,) float arrays, n at least 2
    """
    with np.errstate(invalid="ignore", over="ignore"):
        differences = np.asarray(first, np.float64) - np.asarray(second, np.float64)
        n, mean = len(differences), float(np.mean(differences))
        centred = differences - mean
        deviation = math.sqrt(float(centred @ centred) / (n - 1))
    if not math.isfinite(deviation):
        return -math.inf, math.inf
    if deviation == 0:
        return mean, mean
    skewness = float(np.mean((centred / deviation) ** 3)) / math.sqrt(n)
    t = t_two_sided(n - 1, confidence)
    error = deviation / math.sqrt(n)
    return (
        mean - error * _hall_inverse(t, skewness),
        mean - error * _hall_inverse(-t, skewness),
    )


def _hall_inverse(quantile: float, skewness: float) -> float:
    """Return the t that Hall's transformation takes to a quantile.

    It takes t to t + s t²/3 + s² t³/27 + s/6, where s is the skewness over the root of n.
    """
    if abs(skewness) < 1e-6:
        return quantile
    return 3 / skewness * (float(np.cbrt(1 + skewness * (quantile - skewness / 6))) - 1)
