"""How much the numbers of a run jump from evaluation to evaluation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from onelayer.diagnosis.statistics.quantiles import t_two_sided
from onelayer.study import RunOutcome

SHARE = 0.25
"""The end of a run is this share of its evaluations, and from 20 to 200 of them."""

FEWEST, MOST = 20, 200

_LAGS = 2
"""Squared differences are correlated with their neighbours, which have a value in common."""


def settled(run: RunOutcome) -> pl.DataFrame | None:
    """Return the last evaluations of a run; None where there are too few."""
    curve = run.curve
    if curve.height < FEWEST:
        return None
    return curve.tail(min(max(round(SHARE * curve.height), FEWEST), MOST))


@dataclass(frozen=True)
class Noise:
    """The noise of a curve.

    From the squared differences of neighbouring values, which no slow trend enters (von Neumann,
    1941).

    Attributes
    ----------
    mean : float
    deviation : float
        The standard deviation of a value about the trend.
    log_error : float
        Standard error of the logarithm of the deviation.
    count : int
        Of the values.
    """

    mean: float
    deviation: float
    log_error: float
    count: int

    @classmethod
    def of(cls, values: ArrayLike) -> Noise:
        """Return the noise of at least three values."""
        curve = np.asarray(values, np.float64)
        squares = np.square(np.diff(curve))
        half = float(squares.mean()) / 2
        if not half > 0:
            unknown = math.nan if math.isnan(half) else 0.0
            return cls(float(curve.mean()), half, unknown, len(curve))
        centred = squares - squares.mean()
        m = len(squares)
        # Bartlett's weights keep the variance from becoming negative (Newey and West, 1987).
        variance = float(centred @ centred) / m + sum(
            2 * (1 - lag / (_LAGS + 1)) * float(centred[lag:] @ centred[:-lag]) / m
            for lag in range(1, _LAGS + 1)
        )
        # The logarithm of a root: half the relative error of the mean square.
        log_error = math.sqrt(max(variance, 0.0) / (m - _LAGS)) / (4 * half)
        return cls(float(curve.mean()), math.sqrt(half), log_error, len(curve))

    def ratio(self, other: Noise, confidence: float = 0.95) -> tuple[float, float, float]:
        """Return this deviation over another, and the interval of the ratio.

        It covers the true ratio of two curves that go on as they are, for ever.
        """
        if not other.deviation > 0:
            return math.nan, math.nan, math.nan
        if not self.deviation > 0:
            return 0.0, 0.0, 0.0
        # The standard errors are estimates too, of what some third of the values tell.
        t = t_two_sided(max(min(self.count, other.count) / 3, 8), confidence)
        ratio = self.deviation / other.deviation
        reach = math.exp(t * math.hypot(self.log_error, other.log_error))
        return ratio, ratio / reach, ratio * reach
