"""Trends of curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.statistics.quantiles import z_two_sided


@dataclass(frozen=True)
class Trend:
    """A Theil-Sen slope with its 95% interval (Sen, 1968), and the value at either end of it."""

    slope: float
    low: float
    high: float

    @property
    def direction(self) -> int:
        """-1 falling, 1 rising, 0 if the interval holds zero."""
        return int(self.low > 0) - int(self.high < 0)


def trend(x: NDArray[np.floating], y: NDArray[np.floating]) -> Trend:
    """Return the median slope of y over x, which single dips do not sway."""
    later, earlier = np.triu_indices(len(x), 1)[::-1]
    slopes = np.sort((y[later] - y[earlier]) / (x[later] - x[earlier]))
    # Kendall's S has this variance when there is no trend (with a correction for equal values).
    n, (_, ties) = len(y), np.unique(y, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - np.sum(ties * (ties - 1) * (2 * ties + 5))) / 18
    reach = z_two_sided() * float(np.sqrt(variance))
    low = max(round((len(slopes) - reach) / 2) - 1, 0)
    high = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    return Trend(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))
