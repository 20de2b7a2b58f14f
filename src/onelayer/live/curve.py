"""A curve that grows without end in bounded memory, and loses no extreme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_DIGITS = 5


class _Stretch(NamedTuple):
    """The values of neighbouring steps."""

    key: int
    low: float
    high: float
    total: float
    n: int

    def joined(self, other: _Stretch) -> _Stretch:
        return _Stretch(
            self.key, min(self.low, other.low), max(self.high, other.high),
            self.total + other.total, self.n + other.n,
        )  # fmt: skip


class Curve:
    """The mean and the extremes of a curve over stretches of steps of one width.

    When there would be too many, neighbours are joined: a dip of one step stays among the lowest.

    Parameters
    ----------
    most : int
        So many stretches at most, at least 2.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._width = 1
        self._stretches: list[_Stretch] = []

    def add(self, first: int, values: NDArray[np.float64]) -> None:
        """Add the values of consecutive steps; those that are not finite are left out."""
        start = 0
        while start < len(values):
            key = (first + start) // self._width
            end = min((key + 1) * self._width - first, len(values))
            part = values[start:end]
            part = part[np.isfinite(part)]
            if n := len(part):
                low, high, total = float(part.min()), float(part.max()), float(part.sum())
                self._put(_Stretch(key, low, high, total, n))
            start = end

    def add_one(self, step: int, value: float) -> None:
        """Add the value of a step, if it is finite."""
        if np.isfinite(value):
            self._put(_Stretch(step // self._width, value, value, value, 1))

    def _put(self, stretch: _Stretch) -> None:
        self._append(stretch)
        while len(self._stretches) > self._most:
            self._width *= 2
            old, self._stretches = self._stretches, []
            for each in old:
                self._append(each._replace(key=each.key // 2))

    def _append(self, stretch: _Stretch) -> None:
        if self._stretches and self._stretches[-1].key == stretch.key:
            self._stretches[-1] = self._stretches[-1].joined(stretch)
        else:
            self._stretches.append(stretch)

    def copy(self) -> Curve:
        """Return the curve as it is now."""
        new = Curve(self._most)
        new._width, new._stretches = self._width, self._stretches[:]
        return new

    def as_json(self) -> list[Sequence[float]]:
        """Return the first step, the mean, the lowest and the highest value of each stretch."""
        return [
            [each.key * self._width for each in self._stretches],
            [_short(each.total / each.n) for each in self._stretches],
            [_short(each.low) for each in self._stretches],
            [_short(each.high) for each in self._stretches],
        ]


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
