"""Scales that a few outliers cannot spoil."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
from numpy.typing import ArrayLike

#: Above this ratio of the highest to the middle value a linear scale would flatten the curve.
LOG_RATIO = 10.0
#: The first evaluations may fall outside the plot where they would take more than half of it.
SETTLED = 0.05
#: Share of the height that stays free above the curves, where the labels are.
HEADROOM = 0.08


@dataclass(frozen=True, eq=False)
class YAxis:
    """The y axis that all layers of a chart have in common."""

    title: str
    scale: alt.Scale
    axis: alt.Axis

    def channel(self, field: str) -> alt.Y:
        """Return the y channel of a field on this axis."""
        return alt.Y(f"{field}:Q", title=self.title, scale=self.scale, axis=self.axis)


def loss_axis(values: Sequence[float]) -> YAxis:
    """Return an axis from zero, or a logarithmic one where high values would flatten the rest."""
    if high_values_flatten(values):
        return log_axis("loss (logarithmic scale)", values)
    top = max(values, default=1.0) * (1 + HEADROOM) or 1.0
    return YAxis("loss", alt.Scale(domain=[0, top], nice=False), alt.Axis(tickCount=6))


def log_axis(title: str, values: Iterable[float]) -> YAxis:
    """Return a logarithmic axis over the positive values, with ticks at 1, 2 and 5."""
    positive = [value for value in values if value > 0]
    low, high = min(positive, default=0.1), max(positive, default=1.0)
    room = max(high / low, 1.2) ** HEADROOM
    low, high = low / room, high * room
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    return YAxis(title, scale, alt.Axis(values=log_ticks(low, high), format=",~g"))


def log_ticks(low: float, high: float) -> list[float]:
    """Return the 1-2-5 ticks inside a positive range, only decades on a long one."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    digits = (1, 2, 5) if last - first <= 3 else (1,)
    ticks = [float(f"{digit}e{power}") for power in range(first, last + 1) for digit in digits]
    return [tick for tick in ticks if low <= tick <= high]


def accuracy_axis(title: str, values: Sequence[float], settled: Sequence[float]) -> YAxis:
    """Return an axis in percent over the values that matter.

    Parameters
    ----------
    title
        The axis title.
    values
        All values drawn, in percent.
    settled
        Those after the first steps. Where the first steps would take more than half of the
        height, the axis covers only these.
    """
    shown = settled if cuts_first_steps(values, settled) else values
    low, high = min(shown, default=0.0), max(shown, default=100.0)
    margin = max(HEADROOM * (high - low), 0.1)
    scale = alt.Scale(
        domain=[max(0.0, low - margin), min(100.0, high + margin)], nice=False, zero=False
    )
    return YAxis(title, scale, alt.Axis(tickCount=6))


def cuts_first_steps(values: Sequence[float], settled: Sequence[float]) -> bool:
    """Tell whether :func:`accuracy_axis` leaves the first steps out."""
    if not settled:
        return False
    return max(values) - min(values) > 2 * (max(values) - min(settled))


def high_values_flatten(values: ArrayLike) -> bool:
    """Tell whether a few large values would flatten the rest on a linear scale."""
    array = np.asarray(values, np.float64)
    ordered = np.sort(array[np.isfinite(array) & (array > 0)])
    return bool(len(ordered) and ordered[-1] > LOG_RATIO * ordered[len(ordered) // 2])
