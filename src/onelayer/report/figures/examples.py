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

_A_ROW, _PICTURE, _GAP, _LINE = 6, 116, 12, 22
_MAGNIFIED = 224
# Everything is placed by hand, in pixels from the upper left corner.
_X = alt.X("x:Q", scale=None, axis=None)
_Y = alt.Y("y:Q", scale=None, axis=None)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture.

    Parameters
    ----------
    pixels
        (height, width, channels), uint8; one channel is grey, 255 is white.
    text
        The line below it, plain text.
    """

    pixels: NDArray[np.uint8]
    text: str


def example_pictures(
    pictures: Sequence[Picture], *, title: str = "Examples", name: str = "examples"
) -> Figure:
    """Draw pictures side by side, six in a row.

    Returns
    -------
    Figure
        Its data has ``text``, one row a picture.
    """
    images, texts = [], []
    for i, picture in enumerate(pictures):
        row, column = divmod(i, _A_ROW)
        x, y = column * (_PICTURE + _GAP), row * (_PICTURE + _LINE + _GAP)
        height, width, channels = picture.pixels.shape
        colours = np.repeat(picture.pixels, 3 // channels, axis=2)
        url = png.data_uri(colours, max(1, _MAGNIFIED // max(height, width)))
        images.append({"x": x, "y": y, "url": url})
        text = {"x": x + _PICTURE / 2, "y": y + _PICTURE + _LINE / 2 + 2, "text": picture.text}
        texts.append(text)
    rows = -(-len(pictures) // _A_ROW)
    mark = alt.Chart(base.inline_data(images)).mark_image(
        width=_PICTURE, height=_PICTURE, align="left", baseline="top", aspect=False
    )
    lines = alt.Chart(base.inline_data(texts)).mark_text(
        baseline="middle", fontSize=style.SMALL_SIZE
    )
    layers = [
        mark.encode(x=_X, y=_Y, url=alt.Url("url:N")),
        lines.encode(x=_X, y=_Y, text=alt.Text("text:N")),
    ]
    return Figure(
        name=name,
        title=title,
        alt=f"{len(pictures)} examples as pictures: {'; '.join(p.text for p in pictures)}.",
        data=pl.DataFrame({"text": [picture.text for picture in pictures]}),
        chart=base.finish(
            layers,
            width=_A_ROW * (_PICTURE + _GAP) - _GAP,
            height=rows * (_PICTURE + _LINE + _GAP) - _GAP,
        ),
    )
