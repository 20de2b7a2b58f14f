"""From a drawing to an image such as those of a data set: cut out, scaled, centred.

``report/templates/scripts/interactives/draw/frame.js`` does the same in a page, and a test holds
the two together. A drawing is ink: 0 where there is none, 1 where all is covered. All resampling
is by areas: a pixel becomes the mean of what it covers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEAR, ALIKE = 0.1, 0.9
"""A corner is paper within so much of the range; so many corners must be, or there is none."""

ALL = 0.99
"""So many images fill a height or a width of their own where all are made to."""

FINE_SIDE, STEPS = 28, 255
"""Ink is placed on a grid of at least about so many cells a side, and has so many steps at most."""


@dataclass(frozen=True)
class Frame:
    """How images of a data set were made of what was written.

    Attributes
    ----------
    height, width : int
        Of an image, in pixels.
    paper, ink : float
        The raw values of a pixel without ink and of one full of it.
    steps : int
        How many a pixel has from paper to ink.
    cells : int
        Along the side of a pixel: the grid on which ink is scaled and placed.
    box_height, box_width : int
        What the ink is scaled to, in cells.
    fills : "longest", "height" or "width"
        Which side of the box it fills always. At "longest" it keeps its proportions; else its other
        side may be from `least_side` up to the box's.
    least_side : int
        In cells.
    centre : "mass" or "box"
        What comes to the middle of the image: the ink's centre of mass or that of its box.
    """

    height: int
    width: int
    paper: float
    ink: float
    steps: int
    cells: int
    box_height: int
    box_width: int
    fills: Literal["longest", "height", "width"]
    least_side: int
    centre: Literal["mass", "box"]

    @classmethod
    def of(cls, images: NDArray[Any]) -> Frame | None:
        """Return how images were made, by looking at them; None where they have no paper.

        Paper is what nearly all corners are. Of MNIST it finds what its authors say they did
        (LeCun et al., 1998): a box of 20 pixels, proportions kept, centre of mass in the middle. Of
        the small digits of scikit-learn (Alpaydin and Kaynak, 1998): all of the height filled, 16
        steps, which were counts of a finer bitmap's cells.

        Parameters
        ----------
        images : (n, height, width) array
            Raw values.
        """
        corners = images[:, [0, 0, -1, -1], [0, -1, 0, -1]].astype(np.float64)
        low, high = float(images.min()), float(images.max())
        paper = float(np.median(corners))
        if low == high or np.mean(np.abs(corners - paper) <= NEAR * (high - low)) < ALIKE:
            return None
        paper, ink = (low, high) if paper - low <= high - paper else (high, low)
        written = (images.astype(np.float64) - paper) / (ink - paper)
        written = written[(written > 0).any(axis=(1, 2))]
        height, width = images.shape[1:]
        (top, tall), (left, wide) = (_extents(written, axis) for axis in (2, 1))
        cells = max(1, -(-FINE_SIDE // max(height, width)))
        box = (int(np.median(np.maximum(tall, wide))),) * 2
        fills: Literal["longest", "height", "width"] = "longest"
        least = 0
        if np.mean(tall == np.median(tall)) >= ALL:
            fills, least, box = "height", int(wide.min()), (int(tall[0]), int(np.median(wide)))
        elif np.mean(wide == np.median(wide)) >= ALL:
            fills, least, box = "width", int(tall.min()), (int(np.median(tall)), int(wide[0]))
        of_box = [begin + size / 2 for begin, size in ((top, tall), (left, wide))]
        of_mass = [_centres_of_mass(written, axis) for axis in (2, 1)]
        spreads = [sum(float(centre.var()) for centre in both) for both in (of_mass, of_box)]
        whole = np.issubdtype(images.dtype, np.integer)
        return cls(
            height, width, paper, ink,
            int(min(STEPS, abs(ink - paper))) if whole else STEPS, cells,
            min(box[0], height) * cells, min(box[1], width) * cells, fills, least * cells,
            "mass" if spreads[0] < spreads[1] else "box",
        )  # fmt: skip


def _extents(written: Floats, axis: int) -> tuple[Floats, Floats]:
    """Return where the ink of each image begins, and how many lines or columns it takes."""
    there: NDArray[np.bool_] = np.any(written > 0, axis=axis)
    begin = there.argmax(axis=1)
    return begin, there.shape[1] - there[:, ::-1].argmax(axis=1) - begin


def _centres_of_mass(written: Floats, axis: int) -> Floats:
    profiles = written.sum(axis=axis)
    found: Floats = profiles @ (np.arange(profiles.shape[1]) + 0.5) / profiles.sum(axis=1)
    return found


def prepared(drawing: Floats, frame: Frame) -> Floats:
    """Return the image, (height, width) in raw values, of a drawing of any size.

    Without any ink it is paper.
    """
    bitmap = np.zeros((frame.height * frame.cells, frame.width * frame.cells))
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if len(rows):
        top, left = int(rows[0]), int(columns[0])
        cut = drawing[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
        height, width = _scaled_size(cut.shape[0], cut.shape[1], frame)
        scaled = resampled(
            cut, (0.0, cut.shape[0] / height, height), (0.0, cut.shape[1] / width, width)
        )
        mass = scaled.sum()
        row, column = (
            _place(scaled.sum(axis=1 - axis), mass, bitmap.shape[axis], frame.centre)
            for axis in (0, 1)
        )
        bitmap[row : row + height, column : column + width] = scaled
    blocks = bitmap.reshape(frame.height, frame.cells, frame.width, frame.cells)
    shares: Floats = blocks.mean(axis=(1, 3))
    shares = np.floor(shares * frame.steps + 0.5) / frame.steps
    return frame.paper + (frame.ink - frame.paper) * shares


def resampled(
    image: Floats, rows: tuple[float, float, int], columns: tuple[float, float, int]
) -> Floats:
    """Return an image on another grid of pixels, each the mean of what it covers.

    Parameters
    ----------
    image : (height, width) or (height, width, channels) array
        Beyond its edges it goes on as at them.
    rows, columns : (start, step, count)
        Where the new grid begins, and how far a pixel of it reaches, in pixels of the image; how
        many there are.
    """
    down = _shares_of(image.shape[0], *rows)
    across = _shares_of(image.shape[1], *columns)
    if image.ndim == 2:  # the same products, without turning what has no channels
        return np.asarray(down @ image @ across.T)
    found: Floats = np.moveaxis(np.tensordot(down, image, 1), 1, -1) @ across.T
    return np.moveaxis(found, -1, 1)


def _shares_of(size: int, start: float, step: float, count: int) -> Floats:
    """Return which share of each new pixel each old one is, (count, size)."""
    begin = start + step * np.arange(count)[:, None]
    edges = np.arange(size + 1, dtype=np.float64)
    edges[0], edges[-1] = -np.inf, np.inf
    found: Floats = np.minimum(begin + step, edges[1:])
    found -= np.maximum(begin, edges[:-1])
    np.maximum(found, 0.0, out=found)
    found /= step
    return found


def _scaled_size(height: int, width: int, frame: Frame) -> tuple[int, int]:
    """Return the size of the scaled ink, in cells."""
    tall, wide = frame.box_height / height, frame.box_width / width
    factor = {"longest": min(tall, wide), "height": tall, "width": wide}[frame.fills]
    scaled = [max(1, math.floor(side * factor + 0.5)) for side in (height, width)]
    if frame.fills == "height":
        scaled[1] = min(max(scaled[1], frame.least_side), frame.box_width)
    if frame.fills == "width":
        scaled[0] = min(max(scaled[0], frame.least_side), frame.box_height)
    return scaled[0], scaled[1]


def _place(profile: Floats, mass: float, size: int, centre: str) -> int:
    """Return where ink begins, so that its centre lies in the middle, or at most a pixel after."""
    middle = len(profile) / 2
    if centre == "mass" and mass > 0:
        middle = float(profile @ (np.arange(len(profile)) + 0.5)) / mass
    # MNIST's centres of mass lie from 14 to just below 15 of 28 pixels.
    return min(max(math.ceil(size / 2 - middle - 1e-9), 0), size - len(profile))
