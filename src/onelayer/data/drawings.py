"""From a drawing to an image such as those of a data set: cut out, scaled, centred.

``report/templates/scripts/interactives/draw.js`` does the same in a page, and a test holds the two
together. A drawing is ink: 0 where there is none, 1 where all is covered. All resampling is by
areas: a pixel becomes the mean of what it covers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MNIST_BOX, MNIST_SIDE = 20, 28
DIGITS_CELLS = 4
"""Along the side of a pixel of the small digits."""


@dataclass(frozen=True)
class Frame:
    """How images of a data set were made of what was written.

    Attributes
    ----------
    height, width : int
        Of an image, in pixels.
    paper, ink : float
        The raw values of a pixel without ink and of one full of it.
    cells : int
        Along the side of a pixel: the grid on which ink is scaled and placed. Above 1, a pixel
        counts its cells of ink, one in part by its share.
    box_height, box_width : int
        What the ink is scaled to, in cells.
    least_width : int
        In cells. Above 0 the ink always fills the box's height and is at least so wide; at 0 it
        keeps its proportions.
    centre : "mass" or "box"
        What comes to the middle of the image: the ink's centre of mass or that of its box.
    """

    height: int
    width: int
    paper: float
    ink: float
    cells: int
    box_height: int
    box_width: int
    least_width: int
    centre: Literal["mass", "box"]

    @classmethod
    def of(cls, height: int, width: int, paper: float, ink: float) -> Frame:
        """Return the frame of images of one size.

        Those of 8 by 8 pixels from 0 to 16 are scikit-learn's digits (Alpaydin and Kaynak, 1998):
        bitmaps of 32 by 32, in which a digit fills the 32 rows and most fill 24 columns, counted
        in blocks of 4 by 4. All others are taken for such as MNIST's (LeCun et al., 1998): a box
        of 20/28 of the side, centre of mass in the middle.
        """
        if (height, width, paper, ink) == (8, 8, 0, 16):
            return cls(height, width, paper, ink, DIGITS_CELLS, 32, 24, 10, "box")
        box = [max(1, math.floor(side * MNIST_BOX / MNIST_SIDE + 0.5)) for side in (height, width)]
        return cls(height, width, paper, ink, 1, *box, 0, "mass")


def prepared(drawing: Floats, frame: Frame) -> Floats:
    """Return the image, (height, width) in raw values, of a drawing of any size.

    Without any ink it is paper. Values are rounded to 256 steps from paper to ink, or to the count
    of cells.
    """
    bitmap = np.zeros((frame.height * frame.cells, frame.width * frame.cells))
    rows, columns = np.flatnonzero(drawing.any(axis=1)), np.flatnonzero(drawing.any(axis=0))
    if len(rows):
        top, left = int(rows[0]), int(columns[0])
        cut = drawing[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
        height, width = _scaled_size(*cut.shape, frame)
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
    steps = frame.cells**2 if frame.cells > 1 else 255
    shares = np.floor(shares * steps + 0.5) / steps
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
    found: Floats = np.moveaxis(np.tensordot(down, image, 1), 1, -1) @ across.T
    return np.moveaxis(found, -1, 1)


def _shares_of(size: int, start: float, step: float, count: int) -> Floats:
    """Return which share of each new pixel each old one is, (count, size)."""
    begin = start + step * np.arange(count)[:, None]
    old = np.arange(size, dtype=np.float64)
    low, high = old.copy(), old + 1
    low[0], high[-1] = -np.inf, np.inf
    overlap = np.minimum(begin + step, high) - np.maximum(begin, low)
    found: Floats = np.maximum(overlap, 0.0) / step
    return found


def _scaled_size(height: int, width: int, frame: Frame) -> tuple[int, int]:
    if frame.least_width:
        scaled = math.floor(width * frame.box_height / height + 0.5)
        return frame.box_height, min(max(scaled, frame.least_width), frame.box_width)
    factor = min(frame.box_height / height, frame.box_width / width)
    return tuple(max(1, math.floor(side * factor + 0.5)) for side in (height, width))  # type: ignore[return-value]


def _place(profile: Floats, mass: float, size: int, centre: str) -> int:
    """Return where ink begins, so that its centre lies in the middle, or at most a pixel after."""
    middle = len(profile) / 2
    if centre == "mass" and mass > 0:
        middle = float(profile @ (np.arange(len(profile)) + 0.5)) / mass
    # MNIST's centres of mass lie from 14 to just below 15 of 28 pixels.
    return min(max(math.ceil(size / 2 - middle - 1e-9), 0), size - len(profile))
