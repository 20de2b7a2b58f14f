"""Whether predicted probabilities hold what they promise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.statistics.quantiles import z_two_sided

Floats = NDArray[np.floating]

MOST_BINS = 15

LEAST_IN_BIN = 20

GROUPS = 400
"""Of confidences that are alike, for what needs no more."""

TINY = 1e-12
"""A probability is taken to be at least so far from 0 and 1."""

MOST_SHIFT = 28.0
"""The log-odds of that."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Examples of about the same confidence: the mean confidence, and the share that is right."""

    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """How far confidences are from accuracies.

    Attributes
    ----------
    bins : tuple of ReliabilityBin
        Of equal size, in rising order of confidence.
    confidence, accuracy : float
        Means over all examples.
    gap : float
        The first less the second: above 0 overconfident.
    gap_interval : (float, float)
        Of 95%; it covers the gap over all examples of which these are a random sample.
    error : float
        The root of the mean squared difference of confidence and accuracy, bin by bin, less what
        chance adds to it; 0 where chance alone would do as much.
    error_interval : (float, float)
        Of 95%; it covers that error over all examples of which these are a random sample.
    """

    bins: tuple[ReliabilityBin, ...]
    confidence: float
    accuracy: float
    gap: float
    gap_interval: tuple[float, float]
    error: float
    error_interval: tuple[float, float]


def calibration(confidences: Floats, correct: NDArray[np.bool_]) -> Calibration:
    """Return the calibration of the confidence in the class that is predicted.

    The bins hold equally many examples, and from the squared differences the variance of their
    means is taken (Kumar, Liang and Ma, 2019; Roelofs et al., 2022): without that every model seems
    to err, and one on few examples most.

    Parameters
    ----------
    confidences : (n,) float array
        The probability of the class that each example was given; n at least 40.
    correct : (n,) bool array
        Whether it is the right one.
    """
    confidences = np.asarray(confidences, np.float64)
    n = len(confidences)
    order = np.argsort(confidences, kind="stable")
    count = min(max(n // LEAST_IN_BIN, 1), MOST_BINS)
    starts = np.linspace(0, n, count + 1).astype(np.intp)[:-1]
    sizes = np.diff(np.append(starts, n))

    def means(values: Floats) -> Floats:
        found: Floats = np.add.reduceat(values[order], starts) / sizes
        return found

    excess = confidences - correct
    expected, right = means(confidences), means(correct.astype(np.float64))
    differences = expected - right
    # A bin whose examples are all right has no variance to be seen, but some to be expected.
    seen = (means(excess**2) - differences**2) * sizes / (sizes - 1)
    variances = np.maximum(seen, means(confidences * (1 - confidences))) / sizes
    squared, low, high = _squared_error(sizes / n, differences, variances)
    accuracy, variance = float(np.mean(correct)), float(np.var(excess))
    gap_interval = _gap_interval(confidences[order], accuracy, variance)
    return Calibration(
        tuple(map(ReliabilityBin, sizes.tolist(), expected.tolist(), right.tolist())),
        float(np.mean(confidences)),
        accuracy,
        float(np.mean(excess)),
        gap_interval,
        math.sqrt(max(squared, 0.0)),
        # The root of a mean square is not below the mean: what the gap may be, the error may be.
        (math.sqrt(low), max(math.sqrt(high), *map(abs, gap_interval))),
    )


def _gap_interval(
    confidences: Floats, accuracy: float, seen_variance: float
) -> tuple[float, float]:
    """Return the score interval of the mean difference, given the accuracy.

    It holds the gaps that a shift of all log-odds would leave, where the accuracy lies within 1.96
    deviations of what the shifted confidences expect (calibration in the large: Cox, 1958). The
    variance that is seen alone would be none where nearly all examples are right.
    """
    n, mean = len(confidences), float(np.mean(confidences))
    each = _group_means(np.clip(confidences, TINY, 1 - TINY))
    log_odds = np.log(each / (1 - each))

    def shifted(by: float) -> tuple[float, float]:
        p = 1 / (1 + np.exp(-log_odds - by))
        variance = max(float(np.mean(p * (1 - p)) + np.var(each - p)), seen_variance, TINY)
        expected = float(np.mean(p))
        return expected, (accuracy - expected) / math.sqrt(variance / n)

    def gap_at(z: float) -> float:
        low, high = -2 * MOST_SHIFT, 2 * MOST_SHIFT
        while high - low > 1e-4:
            middle = (low + high) / 2
            low, high = (middle, high) if shifted(middle)[1] > z else (low, middle)
        return mean - shifted(low)[0]

    z = z_two_sided()
    return gap_at(-z), gap_at(z)


def _group_means(sorted_values: Floats) -> Floats:
    """Return at most some hundred values that stand for many."""
    starts = np.unique(np.linspace(0, len(sorted_values), GROUPS + 1).astype(np.intp)[:-1])
    means: Floats = np.add.reduceat(sorted_values, starts)
    return means / np.diff(np.append(starts, len(sorted_values)))


def _squared_error(
    shares: Floats,
    differences: Floats,
    variances: Floats,
) -> tuple[float, float, float]:
    """Return the mean squared difference without what chance adds, and its interval.

    The sum of the squares is like a chi-square, not central where there is an error; the interval
    holds the errors under which it is within its 95% (Patnaik, 1949, and Wilson and Hilferty,
    1931).
    """
    total = float(shares @ differences**2)
    noise = float(shares @ variances)
    from_noise = 2 * float(np.sum((shares * variances) ** 2))
    squares = np.maximum(differences**2 - variances, 0)
    mean = float(shares @ squares)
    form = squares / mean if mean > 0 else np.ones_like(squares)
    from_error = 4 * float(np.sum(shares**2 * form * variances))

    def quantile(error: float, z: float) -> float:
        centre, variance = error + noise, from_noise + error * from_error
        if variance == 0:
            return centre
        spread = 2 * variance / (9 * 2 * centre**2)
        return centre * max(1 - spread + z * math.sqrt(spread), 0.0) ** 3

    def error_at(z: float) -> float:
        low, high = 0.0, 1.0
        if quantile(low, z) >= total:
            return low
        while high - low > 1e-10:
            middle = (low + high) / 2
            low, high = (middle, high) if quantile(middle, z) < total else (low, middle)
        return low

    z = z_two_sided()
    return total - noise, error_at(z), error_at(-z)
