"""Which classes are taken for which."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base

_CELL, _LEAST_CELL, _WIDTH = 52, 34, 640
_STRONGEST = 0.7
# Everything is placed by hand, in pixels from the upper left corner.
_X = alt.X("x:Q", scale=None, axis=None)
_Y = alt.Y("y:Q", scale=None, axis=None)


def confusion(
    counts: NDArray[np.integer],
    classes: Sequence[str],
    *,
    title: str = "Labels and predictions",
    name: str = "confusion",
) -> Figure:
    """Draw how many examples of each class, in rows, are predicted to be of each, in columns.

    The more of a class are taken for another, the stronger is the cell; what is right is muted.

    Parameters
    ----------
    counts
        (n_classes, n_classes).
    classes
        Their names.

    Returns
    -------
    Figure
        Its data has ``label, predicted, count, share``, one row a cell; the share is of the class.
    """
    n = len(classes)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    wrong = ~np.eye(n, dtype=bool)
    strongest = float(share[wrong].max()) or 1.0
    shade = np.where(wrong, np.sqrt(share / strongest) * _STRONGEST, 0.0)
    data = pl.DataFrame(
        {
            "label": [name for name in classes for _ in range(n)],
            "predicted": [*classes] * n,
            "count": counts.ravel().tolist(),
            "share": share.ravel().tolist(),
        }
    )
    size = min(_CELL, max(_LEAST_CELL, _WIDTH // n))
    left, top = (size * axis.ravel() for axis in np.meshgrid(np.arange(n), np.arange(n)))
    cells = pl.DataFrame(
        {
            "x": left + 1,
            "x2": left + size - 1,
            "y": top + 1,
            "y2": top + size - 1,
            "shade": shade.ravel(),
            "middle": left + size / 2,
            "line": top + size / 2,
            "text": [f"{count:,}" if count else "" for count in counts.ravel().tolist()],
        }
    )
    rect = alt.Chart(base.inline_data(cells)).mark_rect(
        fill=style.ORANGE.light, stroke=style.GRID.light
    )
    layers = [
        rect.encode(
            x=_X, y=_Y, x2="x2:Q", y2="y2:Q", fillOpacity=alt.FillOpacity("shade:Q", scale=None)
        ),
        *(
            alt.Chart(base.inline_data(cells.filter(wrong.ravel() == is_wrong)))
            .mark_text(baseline="middle", fontSize=style.SMALL_SIZE, color=colour.light)
            .encode(
                x=alt.X("middle:Q", scale=None, axis=None),
                y=alt.Y("line:Q", scale=None, axis=None), text=alt.Text("text:N"),
            )
            for is_wrong, colour in ((False, style.MUTED), (True, style.INK))
        ),
        *_names(classes, size),
    ]  # fmt: skip
    wrong_ones = int(counts[wrong].sum())
    return Figure(
        name=name,
        title=title,
        alt=(
            f"A table of {n} classes by {n}: labels in rows, predictions in columns. "
            f"{wrong_ones:,} of {int(counts.sum()):,} examples lie off its diagonal."
        ),
        data=data,
        chart=base.finish(layers, width=size * n, height=size * n),
    )


def _names(classes: Sequence[str], size: int) -> list[alt.Chart]:
    """Return the names of the classes at both sides, and what the sides are."""
    middle = [size * (k + 0.5) for k in range(len(classes))]
    longest = max(map(len, classes)) * style.SMALL_SIZE * 0.6
    flat = longest <= size
    texts = [
        pl.DataFrame({"x": [-10.0] * len(middle), "y": middle, "text": [*classes]}),
        pl.DataFrame({"x": middle, "y": [-12.0] * len(middle), "text": [*classes]}),
        pl.DataFrame({"x": [0.0], "y": [-12.0 - (16 if flat else longest)], "text": ["predicted"]}),
        pl.DataFrame({"x": [-10.0], "y": [-12.0], "text": ["label"]}),
    ]
    looks = [
        {"align": "right", "baseline": "middle", "color": style.INK.light},
        {"align": "center", "baseline": "middle", "color": style.INK.light} if flat else
        {"align": "left", "baseline": "middle", "angle": 270, "color": style.INK.light},
        {"align": "left", "baseline": "bottom", "color": style.MUTED.light},
        {"align": "right", "baseline": "middle", "color": style.MUTED.light},
    ]  # fmt: skip
    return [
        alt.Chart(base.inline_data(frame))
        .mark_text(fontSize=style.SMALL_SIZE, limit=_WIDTH, **look)
        .encode(x=_X, y=_Y, text=alt.Text("text:N"))
        for frame, look in zip(texts, looks, strict=True)
    ]
