"""What a sweep over l2 does to the norm of the weights: the numbers of OL106."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan
from typing import ClassVar

from onelayer.diagnosis.exhibits import Exhibit, Span, Spans
from onelayer.diagnosis.measurement import Measurement, Number

NEAR = 0.1
"""A slope within so much of -1 is inverse proportion."""


@dataclass(frozen=True)
class NormPoint:
    """The norm of what the penalty covers, for one λ.

    Attributes
    ----------
    l2 : float
    end : float or None
        Of the weights that the run keeps; None where there is no run.
    noise : float or None
        Its standard deviation from evaluation to evaluation at the end of the run; None where there
        are too few.
    minimum, minimum_error : float or None
        At the minimum of the objective, and how far it may be off; None where none is certified.
    limit_norm : float or None
        ‖∇C(0)‖ / (2 λ), which the norm at the minimum is never above and nears as λ grows; None
        without a penalty.
    run : str
        Empty for a λ that no run has.
    """

    l2: float
    end: Number | None
    noise: Number | None
    minimum: float | None
    minimum_error: float | None
    limit_norm: float | None
    run: str = ""


@dataclass(frozen=True)
class LocalSlope:
    """The slope of log ‖W‖ over log λ from one λ to the next smaller; that of ‖W‖² is twice this.

    Attributes
    ----------
    l2, smaller : float
    at_end : float or None
    at_end_interval : (float, float) or None
        Of 95%, over the noise of the steps: where the run would have stood had it ended at another
        step. What training lacks is not in it.
    at_minimum : float or None
    at_minimum_interval : (float, float) or None
        A bound, from the certificates of both minima: the slope at the true minima is in it.
    """

    l2: float
    smaller: float
    at_end: float | None
    at_end_interval: tuple[float, float] | None
    at_minimum: float | None
    at_minimum_interval: tuple[float, float] | None

    @property
    def slope(self) -> float | None:
        """At the minimum; where that is not known, at the ends of the runs."""
        return self.at_end if self.at_minimum is None else self.at_minimum

    @property
    def interval(self) -> tuple[float, float] | None:
        """That of `slope`."""
        return self.at_end_interval if self.at_minimum is None else self.at_minimum_interval

    @property
    def is_inverse(self) -> bool | None:
        """Whether the slope is within 0.1 of -1; None where its interval allows both."""
        if self.slope is None:
            return None
        if self.interval is not None and any(
            low < limit < high for low, high in [self.interval] for limit in (-1 - NEAR, -1 + NEAR)
        ):
            return None
        return abs(self.slope + 1) <= NEAR


@dataclass(frozen=True)
class SweepNorms(Measurement):
    """What λ does to the norm of the weights.

    Attributes
    ----------
    points : tuple of NormPoint
        Of the runs, in falling order of λ.
    beyond : tuple of NormPoint
        Of λ outside the sweep's, likewise.
    slopes, slopes_beyond : tuple of LocalSlope
        Within the sweep, and outside.
    proportional_from : float or None
        From this λ on, as far as it was looked, the slope at the minimum is within 0.1 of -1.
    squared_proportional_at : float or None
        Where ‖W‖² has the slope -1: around this λ it falls as 1 / λ does, below slower and above
        faster.
    gradient_norm : float
        ‖∇C(0)‖, over what the penalty covers.
    """

    code: ClassVar[str] = "OL106"
    check: ClassVar[str] = "weight-norm"
    title: ClassVar[str] = "A norm in inverse proportion to λ"

    points: tuple[NormPoint, ...]
    beyond: tuple[NormPoint, ...]
    slopes: tuple[LocalSlope, ...]
    slopes_beyond: tuple[LocalSlope, ...]
    proportional_from: float | None
    squared_proportional_at: float | None
    gradient_norm: Number

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the slopes beside that of inverse proportion."""
        rows = tuple(
            Span(f"λ from {s.smaller:g} to {s.l2:g}{where}", value, *(interval or (nan, nan)))
            for s in self.slopes
            for where, value, interval in (
                (", at the minimum", s.at_minimum, s.at_minimum_interval),
                (", at the end", s.at_end, s.at_end_interval),
            )
            if value is not None
        )
        caption = (
            "The slope of log ‖W‖ over log λ, with bounds at the minimum and 95% intervals over "
            "the noise of the steps at the end; at −1 the norm is inversely proportional to λ."
        )
        return (Spans("How the norm falls with λ", caption, "slope", rows, -1.0),) if rows else ()


def crossing(slopes: Sequence[LocalSlope], level: float) -> float | None:
    """Return the λ from which on all slopes at the minimum are at most a level.

    A slope belongs to the middle of its two λ, on a logarithmic axis; between middles it is taken
    to be linear. None where the steepest is above the level, or none is above it.

    Parameters
    ----------
    slopes : sequence of LocalSlope
        In falling order of λ.
    """
    known = [
        (math.log(s.l2 * s.smaller) / 2, s.at_minimum) for s in slopes if s.at_minimum is not None
    ]
    for (x, steep), (lower, flat) in pairwise(known):
        if steep > level:
            return None
        if flat > level:
            return math.exp(x + (lower - x) * (level - steep) / (flat - steep))
    return None
