"""Weights as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.diagnosis.image_shape import ImageShape
from onelayer.report import png, style
from onelayer.report.figure import Figure
from onelayer.report.figures import base

_WIDTH = 820
_LEAST_WIDTH = 480
_GAP = 6
_CLASS_LINE = 26
_ROW_LINE = 40
_ROW_GAP = 22
_LARGEST_PICTURE = 200
_MOST_IN_LINE, _MOST_IN_LINE_OF_MANY, _MANY = 5, 10, 10
_BAR = (150, 14)
# The kinds of text in the figure.
_KINDS: dict[str, dict[str, Any]] = {
    "head": {"align": "left", "fontWeight": "bold"},
    "center": {"align": "center"},
    "left": {"align": "left", "color": style.MUTED.light},
    "right": {"align": "right", "color": style.MUTED.light},
    "end": {"align": "right"},
}
# Magnified this far, a picture stays sharp in viewers that smooth what they scale.
_PICTURE_PIXELS = 224
# Everything is placed by hand, in pixels from the upper left corner.
_X = alt.X("x:Q", scale=None, axis=None)
_Y = alt.Y("y:Q", scale=None, axis=None)


@dataclass(frozen=True, eq=False)
class WeightRow:
    """One row of pictures.

    Parameters
    ----------
    label
        Plain text at the row's left, for example ``"λ = 0"``.
    weights
        (n_features, n_outputs), without the bias.
    noise
        A measure of how rough the pictures are, printed at the row's end.
    """

    label: str
    weights: NDArray[np.floating]
    noise: float


def weight_pictures(
    rows: Sequence[WeightRow],
    shape: ImageShape,
    class_names: Sequence[str],
    *,
    noise_label: str = "noise",
    title: str = "Weights as pictures",
    name: str = "weight-pictures",
) -> Figure:
    """Draw each output's weights as a picture, model after model, at most five or ten in a line.

    Each model has its own colour scale, symmetric about 0, with its legend above: diverging for
    pixels of one number, for pixels of three the colour itself, where 0 is grey.

    Parameters
    ----------
    rows
        The models, from top to bottom.
    shape
        Of a picture, of one channel or three.
    class_names
        One name an output.
    noise_label
        What the noise is called.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``label, class, row, column, weight, noise``, one row a pixel; and ``channel``
        where there are three.
    """
    for row in rows:
        expected = (shape.n_features, len(class_names))
        if row.weights.shape != expected:
            raise ValueError(
                f"weights of {row.label!r} have shape {row.weights.shape}, "
                f"not {expected} for pictures of {shape} and {len(class_names)} classes"
            )
    count = len(class_names)
    labels = ", ".join(f"{row.label} ({noise_label} {row.noise:.3g})" for row in rows)
    return Figure(
        name=name,
        title=title,
        alt=f"Weights as pictures, {count:,} a model (one an output); the models are: {labels}.",
        data=pl.concat([_table(row, shape, class_names) for row in rows]),
        chart=_drawing(rows, shape, class_names, noise_label, _WIDTH),
        narrow=_drawing(rows, shape, class_names, noise_label, _LEAST_WIDTH),
    )


def _drawing(
    rows: Sequence[WeightRow],
    shape: ImageShape,
    class_names: Sequence[str],
    noise_label: str,
    widest: float,
) -> alt.LayerChart:
    count = len(class_names)
    columns = min(count, _MOST_IN_LINE if count <= _MANY else _MOST_IN_LINE_OF_MANY)
    width = min(_LARGEST_PICTURE, (widest + _GAP) / columns - _GAP)
    total = max(_LEAST_WIDTH, columns * (width + _GAP) - _GAP)
    height = width * shape.height / shape.width
    coloured = png.diverging if shape.channels == 1 else png.colours
    pictures, bars, texts = [], [], []
    bar = png.data_uri(_bar(shape))
    magnify = max(1, _PICTURE_PIXELS // max(shape.height, shape.width))
    top = 0.0
    for row in rows:
        limit = float(np.abs(row.weights).max()) or 1.0
        images = (row.weights / limit).T.reshape(count, shape.height, shape.width, -1)
        images = images[..., 0] if shape.channels == 1 else images
        texts += _row_line(row, total, top + 16, limit, noise_label)
        bars.append({"x": (total - _BAR[0]) / 2, "y": top + 16 - _BAR[1] / 2, "url": bar})
        top += _ROW_LINE
        for k, class_name in enumerate(class_names):
            if k and k % columns == 0:
                top += _CLASS_LINE + height + _GAP
            left = k % columns * (width + _GAP)
            texts.append(_text(left + width / 2, top + 10, class_name, "center"))
            url = png.data_uri(coloured(images[k]), magnify)
            pictures.append({"x": left, "y": top + _CLASS_LINE, "url": url})
        top += _CLASS_LINE + height + _ROW_GAP
    layers = [
        _images(pictures, width, height),
        _images(bars, *_BAR),
        *(_texts([text for text in texts if text["kind"] == kind], kind) for kind in _KINDS),
    ]
    return base.finish(layers, width=total, height=top - _ROW_GAP)


def _text(x: float, y: float, text: str, kind: str) -> dict[str, Any]:
    return {"x": x, "y": y, "text": text, "kind": kind}


def _row_line(
    row: WeightRow, total: float, y: float, limit: float, noise_label: str
) -> list[dict[str, Any]]:
    """Return the texts above a row: its label, the ends of its scale, its noise."""
    left, right = (total - _BAR[0]) / 2, (total + _BAR[0]) / 2
    return [
        _text(0, y, row.label, "head"),
        _text(left - 8, y, f"weight −{limit:.2g}", "right"),
        _text(right + 8, y, f"+{limit:.2g}", "left"),
        _text(total, y, f"{noise_label} {row.noise:.3g}", "end"),
    ]


def _images(values: list[dict[str, Any]], width: float, height: float) -> alt.Chart:
    mark = alt.Chart(base.inline_data(values)).mark_image(
        width=width, height=height, align="left", baseline="top", aspect=False
    )
    chart: alt.Chart = mark.encode(x=_X, y=_Y, url=alt.Url("url:N"))
    return chart


def _texts(values: list[dict[str, Any]], kind: str) -> alt.Chart:
    mark = alt.Chart(base.inline_data(values)).mark_text(baseline="middle", **_KINDS[kind])
    chart: alt.Chart = mark.encode(x=_X, y=_Y, text=alt.Text("text:N"))
    return chart


def _bar(shape: ImageShape) -> NDArray[np.uint8]:
    """Return the picture of a colour scale from -1 to 1."""
    scale = np.linspace(-1.0, 1.0, 2 * _BAR[0])[np.newaxis, :]
    if shape.channels == 1:
        return png.diverging(scale)
    return png.colours(scale[..., np.newaxis].repeat(3, axis=2))


def _table(row: WeightRow, shape: ImageShape, class_names: Sequence[str]) -> pl.DataFrame:
    """Return the weights of one row of pictures, one table row a pixel and channel."""
    numbers, count = shape.n_features, len(class_names)
    pixel, channel = np.divmod(np.tile(np.arange(numbers), count), shape.channels)
    line, column = np.divmod(pixel, shape.width)
    table = pl.DataFrame(
        {
            "label": [row.label] * (numbers * count),
            "class": np.repeat(np.array(class_names, dtype=object), numbers).tolist(),
            "row": line,
            "column": column,
            "channel": channel,
            "weight": row.weights.T.reshape(-1).astype(np.float64),
            "noise": np.full(numbers * count, row.noise),
        }
    )
    return table if shape.channels > 1 else table.drop("channel")
