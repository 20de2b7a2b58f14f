"""The weights of a run as pictures: the numbers of OL104, and pictures small enough to keep."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.exhibits import Bars, Exhibit
from onelayer.diagnosis.measurement import Measurement, Number

FINE, COARSE = 127, 31
"""Levels on either side of 0: of weights whose values are read, and of those that pass by."""

MOST_SHOWN = 12
"""Runs of a sweep whose pictures are kept to be looked at."""

T = TypeVar("T")


def evenly(items: Sequence[T], most: int) -> list[T]:
    """Return at most so many items, the first and the last among them, evenly chosen."""
    places = np.rint(np.linspace(0, len(items) - 1, min(most, len(items)))).astype(int)
    return [items[place] for place in places]


@dataclass(frozen=True)
class RoundedWeights:
    """Weights of a model at one time or at several, rounded: a byte each, and deflated.

    Attributes
    ----------
    levels : int
        On either side of 0, at most 127.
    largest : tuple of float
        The largest magnitude of each time, which has the last level.
    packed : str
        The levels as signed bytes of shape (times, outputs, n_features), each but the first less
        that of the time before, modulo 256; deflated, in base64.
    """

    levels: int
    largest: tuple[float, ...]
    packed: str

    @classmethod
    def of(cls, weights: NDArray[np.floating], levels: int) -> Self:
        """Round finite weights of shape (times, n_features, outputs)."""
        wide = np.moveaxis(np.asarray(weights, np.float64), 1, 2)
        largest = np.abs(wide).max(axis=(1, 2))
        units = np.where(largest > 0, largest, 1.0)[:, None, None]
        rounded = np.rint(wide / units * levels).astype(np.int8)
        changes = np.diff(rounded, axis=0, prepend=np.zeros_like(rounded[:1]))
        packed = base64.b64encode(zlib.compress(changes.tobytes(), 6)).decode()
        return cls(levels, tuple(largest.tolist()), packed)

    def values(self, outputs: int) -> NDArray[np.float64]:
        """Return the rounded weights, of shape (times, n_features, outputs)."""
        raw = np.frombuffer(zlib.decompress(base64.b64decode(self.packed)), np.int8)
        changes = raw.reshape(len(self.largest), outputs, -1)
        rounded = np.cumsum(changes, axis=0, dtype=np.int8)
        scale = np.array(self.largest)[:, None, None] / self.levels
        return np.moveaxis(rounded * scale, 2, 1)


@dataclass(frozen=True)
class Film:
    """The weights of a run on their way.

    Attributes
    ----------
    steps : tuple of int
        How many steps had been made, from 1 to those that led to the weights that the run keeps.
    noises : tuple of float
        Of the pictures at each time.
    weights : RoundedWeights
    """

    steps: tuple[int, ...]
    noises: tuple[Number, ...]
    weights: RoundedWeights


@dataclass(frozen=True)
class Pictures:
    """The weights of one run as pictures.

    Attributes
    ----------
    run : str
    l2 : float
    noise : float
        The root mean square difference of neighbouring pixels, over that of pixels that know
        nothing of each other with the same spread: 1 for pure noise, near 0 for a smooth picture.
        The root of Geary's C, of the mean over the pictures.
    geary_c : float
        Its square.
    likeness : float
        To the limit of a strong penalty, −∇C(0), in which each class has nearly its mean picture
        less that of all: the mean over the pictures of the cosine.
    minimum_noise, minimum_likeness : float or None
        The same at the minimum of the objective; None where none is certified.
    minimum : RoundedWeights or None
        The weights there; None also where no section of the study shows the run's.
    film : Film or None
        None where no section shows it, or the steps could not be made again to the bit.
    """

    run: str
    l2: float
    noise: float
    geary_c: float
    likeness: Number
    minimum_noise: float | None
    minimum_likeness: Number | None
    minimum: RoundedWeights | None = None
    film: Film | None = None


@dataclass(frozen=True)
class WeightNoise(Measurement):
    """How noisy the weights of some runs look as pictures.

    Attributes
    ----------
    pictures : tuple of Pictures
        In falling order of λ.
    limit_noise : float
        Of −∇C(0), the limit that a strong penalty drives the weights to.
    limit : RoundedWeights or None
        Its pictures; None where no section of the study shows the runs'.
    """

    code: ClassVar[str] = "OL104"
    check: ClassVar[str] = "weights"
    title: ClassVar[str] = "Noise in the pictures of the weights"

    pictures: tuple[Pictures, ...]
    limit_noise: Number
    limit: RoundedWeights | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the noise of each run's pictures, at the end and at the minimum."""
        rows: list[tuple[str, str, float]] = []
        for each in evenly(self.pictures, MOST_SHOWN):
            rows.append((each.run, "at the end", each.noise))
            if each.minimum_noise is not None:
                rows.append((each.run, "at the minimum", each.minimum_noise))
        caption = (
            "How much neighbouring pixels of the weights differ, of what unrelated pixels would: "
            f"1 is pure noise. A penalty without end would leave {self.limit_noise:.2f}."
        )
        return (Bars("Noise in the pictures", caption, "noise", tuple(rows)),)
