"""The axis of λ: logarithmic, and behind a break a place for λ = 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figures import base, scales

_NARROWEST, _WIDEST = 2.0, 10.0
"""Of the place behind the break: a factor as that from one λ to the next."""

_ROOM = 1.6
"""At both ends, so that no mark lies on the edge."""


@dataclass(frozen=True, eq=False)
class PenaltyAxis:
    """Where penalties stand.

    Attributes
    ----------
    values : tuple of float
        The penalties above 0, rising.
    factor : float
        From the least of them to 0.
    has_zero : bool
    """

    values: tuple[float, ...]
    factor: float
    has_zero: bool

    @classmethod
    def over(cls, penalties: Sequence[float]) -> Self:
        """Return the axis over penalties.

        Raises
        ------
        ValueError
            If none is above 0, or one is below.
        """
        values = tuple(sorted({l2 for l2 in penalties if l2 > 0}))
        if not values or min(penalties) < 0:
            raise ValueError("an axis of penalties needs values of l2 above 0, and none below")
        ratios = [math.log(high / low) for low, high in pairwise(values)]
        typical = math.exp(sorted(ratios)[len(ratios) // 2]) if ratios else _WIDEST
        return cls(values, min(max(typical, _NARROWEST), _WIDEST), 0 in penalties)

    @property
    def zero(self) -> float:
        """Where λ = 0 stands."""
        return self.values[0] / self.factor

    def placed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return rows with ``l2`` and a column ``place`` for the channel."""
        l2 = pl.col("l2")
        return frame.with_columns(pl.when(l2 > 0).then(l2).otherwise(self.zero).alias("place"))

    def channel(self) -> alt.X:
        """Return the x channel of ``place``."""
        first = self.zero if self.has_zero else self.values[0]
        scale = alt.Scale(type="log", domain=[first / _ROOM, self.values[-1] * _ROOM], nice=False)
        few = len(self.values) <= 8
        ticks = list(self.values) if few else scales.log_ticks(self.values[0], self.values[-1])
        if self.has_zero:
            ticks.insert(0, self.zero)
        limit = self.values[0] / math.sqrt(self.factor)
        label = f"datum.value < {limit!r} ? '0' : format(datum.value, '~g')"
        axis = alt.Axis(values=ticks, labelExpr=label, labelOverlap=True)
        return alt.X("place:Q", title="penalty λ (logarithmic scale)", scale=scale, axis=axis)

    def aside(self, side: int) -> float:
        """Return the factor that moves a mark a little to the right (1), or to the left (-1)."""
        first = self.zero if self.has_zero else self.values[0]
        return float((self.values[-1] / first * _ROOM**2) ** (0.006 * side))

    def layers(self, height: float) -> list[alt.Chart]:
        """Return the sign of the break on the axis at the foot of a plot."""
        if not self.has_zero:
            return []
        at = math.sqrt(self.zero * self.values[0])
        chart = alt.Chart(base.inline_data(pl.DataFrame({"place": [at]})))
        mark = {"text": "//", "fontSize": 18, "baseline": "middle", "color": style.MUTED.light}
        x, y = self.channel(), base.y_at(height)
        return [text.encode(x=x, y=y) for text in base.with_halo(chart, **mark)]
