"""Examples as pictures, each with a line below it."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.report import png, style
from onelayer.report.figure import Figure
from onelayer.report.figures import base

_A_ROW, _A_NARROW_ROW = 6, 3
_PICTURE, _GAP = 116, 12
_LINE, _MORE = 22, 16
_MAGNIFIED = 224
_LETTERS = 18
# Everything is placed by hand, in pixels from the upper left corner.
_X = alt.X("x:Q", scale=None, axis=None)
_Y = alt.Y("y:Q", scale=None, axis=None)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture.

    Parameters
    ----------
    pixels
        (height, width) or (height, width, channels), of 1 or 3 channels, uint8; 255 is white.
    text
        What stands below it, plain text; may have several lines.
    """

    pixels: NDArray[np.uint8]
    text: str


def example_pictures(
    pictures: Sequence[Picture], *, title: str = "Examples", name: str = "examples"
) -> Figure:
    """Draw pictures side by side, six in a row, and three on a narrow page.

    Returns
    -------
    Figure
        Its data has ``text``, one row a picture.
    """
    texts = [picture.text.replace("\n", " ") for picture in pictures]
    return Figure(
        name=name,
        title=title,
        alt=f"{len(pictures)} examples as pictures: {'; '.join(texts)}.",
        data=pl.DataFrame({"text": texts}),
        chart=_side_by_side(pictures, _A_ROW),
        narrow=_side_by_side(pictures, _A_NARROW_ROW),
    )


def _side_by_side(pictures: Sequence[Picture], a_row: int) -> alt.LayerChart:
    below = _LINE + _MORE * max(picture.text.count("\n") for picture in pictures)
    images, lines_below = [], []
    for i, picture in enumerate(pictures):
        row, column = divmod(i, a_row)
        x, y = column * (_PICTURE + _GAP), row * (_PICTURE + below + _GAP)
        height, width = picture.pixels.shape[:2]
        pixels = picture.pixels.reshape(height, width, -1)
        colours = np.repeat(pixels, 3 // pixels.shape[2], axis=2)
        url = png.data_uri(colours, max(1, _MAGNIFIED // max(height, width)))
        images.append({"x": x, "y": y, "url": url})
        text = {"x": x + _PICTURE / 2, "y": y + _PICTURE + _LINE / 2 - 4, "text": picture.text}
        lines_below.append(text)
    rows = -(-len(pictures) // a_row)
    mark = alt.Chart(base.inline_data(images)).mark_image(
        width=_PICTURE, height=_PICTURE, align="left", baseline="top", aspect=False
    )
    lines = alt.Chart(base.inline_data(lines_below)).mark_text(
        baseline="top", fontSize=style.SMALL_SIZE, lineBreak="\n", limit=_PICTURE + _GAP - 4
    )
    layers = [
        mark.encode(x=_X, y=_Y, url=alt.Url("url:N")),
        lines.encode(x=_X, y=_Y, text=alt.Text("text:N")),
    ]
    return base.finish(
        layers,
        width=a_row * (_PICTURE + _GAP) - _GAP,
        height=rows * (_PICTURE + below + _GAP) - _GAP,
    )


def lines(head: str, *more: str) -> str:
    """Return what stands below a picture: one line where that is short, else a line for each."""
    one = f"{head}: {', '.join(more)}"
    return one if len(one) <= _LETTERS else "\n".join([f"{head}:", *more])
