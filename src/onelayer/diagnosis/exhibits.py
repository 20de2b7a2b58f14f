"""What shows a measurement: plain numbers in one of a few shapes, which the report draws.

A check gives its figures by `Measurement.exhibits`, made of its own numbers, and knows nothing of
drawing; a check of another package gets its figures so, too.
"""

from __future__ import annotations

import base64
import math
import zlib
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Span:
    """A value with its interval; bounds that are NaN are not drawn."""

    label: str
    value: float
    low: float = math.nan
    high: float = math.nan

    @classmethod
    def of(cls, label: str, fraction: float, interval: tuple[float, float] | None = None) -> Self:
        """Return fractions as hundredths."""
        low, high = (math.nan, math.nan) if interval is None else interval
        return cls(label, 100 * fraction, 100 * low, 100 * high)


MOST_ROWS = 12
"""Of a figure with a row for each of many things."""


@dataclass(frozen=True)
class Exhibit:
    """What every shape has.

    Attributes
    ----------
    title : str
        Plain text, as are the next two.
    caption : str
        What is seen, one sentence or two.
    """

    title: str
    caption: str


@dataclass(frozen=True)
class Spans(Exhibit):
    """Values below one another, each with its interval.

    Attributes
    ----------
    axis : str
        What they are, with the unit.
    rows : tuple of Span
    reference : float or None
        Where a line stands, such as 0 for differences.
    """

    axis: str
    rows: tuple[Span, ...]
    reference: float | None = None


@dataclass(frozen=True)
class Bars(Exhibit):
    """Numbers from 0 on, below one another; of several series, side by side.

    Attributes
    ----------
    axis : str
    rows : tuple of (str, str, float)
        Label, series, value.
    """

    axis: str
    rows: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class Curve:
    """Values over steps or another quantity that rises; not finite ones are left out."""

    at: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Lines(Exhibit):
    """Curves in the same axes.

    Attributes
    ----------
    x, y : str
        Titles of the axes.
    lines : tuple of (str, Curve)
        With their names.
    marks : tuple of (str, float)
        Places on the x axis, each with what is there.
    dots : bool
        Whether the single points of the last one are to be seen.
    """

    x: str
    y: str
    lines: tuple[tuple[str, Curve], ...]
    marks: tuple[tuple[str, float], ...] = ()
    dots: bool = False


@dataclass(frozen=True)
class Grid(Exhibit):
    """Counts in rows and columns, as shades.

    Attributes
    ----------
    x, y : str
        What columns and rows are.
    labels : tuple of str
        Of the rows.
    counts : tuple of tuple of int
        One tuple a row.
    """

    x: str
    y: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Pictures(Exhibit):
    """Images, each with a line below it.

    Attributes
    ----------
    pixels : str
        As `packed` returns them.
    shape : (int, int, int)
        Height, width, channels.
    texts : tuple of str
    """

    pixels: str
    shape: tuple[int, int, int]
    texts: tuple[str, ...]


def thinned(at: NDArray[np.number], values: NDArray[np.floating], most: int = 240) -> Curve:
    """Return a curve of at most so many points; of neighbours the lowest and the highest stay."""
    finite = np.isfinite(values)
    at, values = at[finite], values[finite]
    chosen = np.arange(len(values))
    if len(values) > most:
        parts = np.array_split(chosen, most // 2)
        extremes = [part[[values[part].argmin(), values[part].argmax()]] for part in parts]
        chosen = np.unique(np.concatenate([*extremes, chosen[[0, -1]]]))
    rounded = (float(f"{value:.5g}") for value in values[chosen])
    return Curve(tuple(at[chosen].tolist()), tuple(rounded))


def packed(images: NDArray[np.uint8]) -> str:
    """Return bytes, deflated and in base64 (RFC 1950, RFC 4648)."""
    return base64.b64encode(zlib.compress(images.tobytes(), 9)).decode()


def unpacked(pixels: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return images, (images, *shape), of what `packed` made."""
    values = np.frombuffer(zlib.decompress(base64.b64decode(pixels)), np.uint8)
    return values.reshape(-1, *shape)


def as_bytes(batches: list[NDArray[np.number]]) -> list[NDArray[np.uint8]]:
    """Return values as bytes, 0 for the lowest of all and 255 for the highest.

    Bytes stay, or are stretched from 0 on where all are dark, as those of 16 levels are.
    """
    high = max(float(values.max()) for values in batches)
    if all(values.dtype == np.uint8 for values in batches):
        if high > 255 / 2:
            return [values.astype(np.uint8) for values in batches]
        low = 0.0
    else:
        low = min(float(values.min()) for values in batches)
    scale = 255 / max(high - low, 1e-300)
    return [
        np.round((values.astype(np.float64) - low) * scale).astype(np.uint8) for values in batches
    ]
