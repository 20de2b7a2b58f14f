"""A curve that grows without end in bounded memory, and loses no extreme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_DIGITS = 5


_MOST_LATE = 4096
"""Values are put into stretches so many at a time: training is told of few steps at once."""


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
        self._late: list[tuple[int, NDArray[np.float64]]] = []
        self._n_late = 0

    def add(self, first: int, values: NDArray[np.float64]) -> None:
        """Add the values of consecutive steps, none of which was added before.

        Values that are not finite are left out. The array is kept, and must not change.
        """
        self._late.append((first, values))
        self._n_late += len(values)
        if self._n_late >= _MOST_LATE:
            self._settle()

    def _settle(self) -> None:
        if not self._late:
            return
        steps = np.concatenate([np.arange(first, first + len(v)) for first, v in self._late])
        values = np.concatenate([values for _, values in self._late])
        self._late, self._n_late = [], 0
        finite = np.isfinite(values)
        steps, values = steps[finite], values[finite]
        if not len(values):
            return
        keys = steps // self._width
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        columns = (
            keys[starts], np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts),
            np.add.reduceat(values, starts), np.diff(starts, append=len(values)),
        )  # fmt: skip
        for numbers in zip(*(column.tolist() for column in columns), strict=True):
            self._append(_Stretch(*numbers))
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
        self._settle()
        new = Curve(self._most)
        new._width, new._stretches = self._width, self._stretches[:]
        return new

    def as_json(self) -> list[Sequence[float]]:
        """Return the first step, the mean, the lowest and the highest value of each stretch."""
        self._settle()
        return [
            [each.key * self._width for each in self._stretches],
            [_short(each.total / each.n) for each in self._stretches],
            [_short(each.low) for each in self._stretches],
            [_short(each.high) for each in self._stretches],
        ]


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
