"""A curve that grows without end in bounded memory, and loses no extreme."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DIGITS = 5


class Curve:
    """The lowest and the highest value over stretches of steps of one width.

    When there would be too many, neighbours are joined: a dip of one step stays in `low`.

    Parameters
    ----------
    most : int
        So many stretches at most, at least 2.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._width = 1
        self._keys: list[int] = []
        self._low: list[float] = []
        self._high: list[float] = []

    def add(self, first: int, values: NDArray[np.float64]) -> None:
        """Add the values of consecutive steps; those that are not finite are left out."""
        start = 0
        while start < len(values):
            # Up to the end of a stretch.
            key = (first + start) // self._width
            end = min((key + 1) * self._width - first, len(values))
            part = values[start:end]
            part = part[np.isfinite(part)]
            if len(part):
                self._put(key, float(part.min()), float(part.max()))
            start = end

    def add_one(self, step: int, value: float) -> None:
        """Add the value of a step."""
        if np.isfinite(value):
            self._put(step // self._width, value, value)

    def _put(self, key: int, low: float, high: float) -> None:
        if self._keys and key <= self._keys[-1]:
            self._low[-1] = min(self._low[-1], low)
            self._high[-1] = max(self._high[-1], high)
            return
        self._keys.append(key)
        self._low.append(low)
        self._high.append(high)
        while len(self._keys) > self._most:
            self._join()

    def _join(self) -> None:
        old = zip(self._keys, self._low, self._high, strict=True)
        self._width *= 2
        self._keys, self._low, self._high = [], [], []
        for key, low, high in old:
            if self._keys and self._keys[-1] == key // 2:
                self._low[-1] = min(self._low[-1], low)
                self._high[-1] = max(self._high[-1], high)
            else:
                self._keys.append(key // 2)
                self._low.append(low)
                self._high.append(high)

    def copy(self) -> Curve:
        """Return the curve as it is now."""
        new = Curve(self._most)
        new._width = self._width
        new._keys, new._low, new._high = self._keys[:], self._low[:], self._high[:]
        return new

    def as_json(self) -> list[list[float]]:
        """Return the first step, the lowest and the highest value of each stretch."""
        return [
            [key * self._width for key in self._keys],
            [_short(value) for value in self._low],
            [_short(value) for value in self._high],
        ]


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
