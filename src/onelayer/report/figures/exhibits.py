"""Figures of what checks measured: one drawing for each shape of exhibit."""

from __future__ import annotations

import math
from functools import singledispatch
from typing import Any

import altair as alt
import polars as pl

from onelayer.diagnosis.exhibits import Bars, Exhibit, Grid, Lines, Pictures, Spans, unpacked
from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base, scales
from onelayer.report.figures.examples import Picture, example_pictures

_ROW, _MARGIN = 34, 20
_LONGEST_LABEL = 300
_CURVE_HEIGHT = 260
_SHADES = "#eaf1f8", "#08306b"
"""Of counts, from none to the most; they are alike in both themes."""

_LARGEST_RATIO = 5
"""Of the highest and the lowest value on a linear axis."""


@singledispatch
def exhibit_figure(exhibit: Exhibit, name: str) -> Figure:
    """Draw an exhibit under a file name.

    Raises
    ------
    TypeError
        If it has none of the known shapes.
    """
    raise TypeError(f"{name}: {type(exhibit).__name__} is no shape that can be drawn")


@exhibit_figure.register
def _(exhibit: Spans, name: str) -> Figure:
    rows = [
        {"label": row.label, "value": row.value, "low": _finite(row.low), "high": _finite(row.high)}
        for row in exhibit.rows if math.isfinite(row.value)
    ]  # fmt: skip
    schema = {"label": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64}
    data = pl.DataFrame(rows, schema)
    y = _labels(data)
    x = alt.X("value:Q", title=exhibit.axis, scale=alt.Scale(zero=False), axis=_across())
    chart = alt.Chart(base.inline_data(data))
    layers = []
    if exhibit.reference is not None:
        at = alt.Chart(base.inline_data(pl.DataFrame({"value": [exhibit.reference]})))
        layers.append(at.mark_rule(color=style.MUTED.light, strokeDash=[4, 4]).encode(x=x))
    bounds = chart.mark_rule(color=style.BLUE.light, strokeWidth=2)
    points = chart.mark_point(filled=True, size=80, opacity=1, color=style.BLUE.light)
    layers += [
        bounds.encode(y=y, x=alt.X("low:Q", title=exhibit.axis), x2=alt.X2("high:Q")),
        points.encode(y=y, x=x),
    ]
    said = "; ".join(f"{row['label']}: {row['value']:.3g}" for row in rows)
    return _figure(exhibit, name, data, layers, said, _ROW * data.height + _MARGIN)


@exhibit_figure.register
def _(exhibit: Bars, name: str) -> Figure:
    rows = [row for row in exhibit.rows if math.isfinite(row[2])]
    data = pl.DataFrame(
        rows, {"label": pl.String, "series": pl.String, "value": pl.Float64}, orient="row"
    )
    series = data["series"].unique(maintain_order=True).to_list()
    x = alt.X("value:Q", title=exhibit.axis, scale=alt.Scale(zero=True), axis=_across())
    channels: dict[str, Any] = {"x": x, "y": _labels(data)}
    if len(series) > 1:
        colours = dict(zip(series, style.series(len(series)), strict=True))
        scale = alt.Scale(domain=series, range=[colour.light for colour in colours.values()])
        legend = alt.Legend(symbolType="square", symbolSize=150)
        channels["color"] = alt.Color("series:N", scale=scale, legend=legend)
        channels["yOffset"] = alt.YOffset("series:N", sort=series)
    bars = alt.Chart(base.inline_data(data)).mark_bar(color=style.BLUE.light).encode(**channels)
    said = "; ".join(f"{' '.join((label, of)).strip()}: {value:.3g}" for label, of, value in rows)
    height = _ROW * data["label"].n_unique() * max(1.0, 0.7 * len(series)) + _MARGIN
    return _figure(exhibit, name, data, [bars], said, height)


@exhibit_figure.register
def _(exhibit: Lines, name: str) -> Figure:
    data = pl.concat(
        pl.DataFrame({"series": [label] * len(curve.at), "at": curve.at, "value": curve.values},
                     {"series": pl.String, "at": pl.Float64, "value": pl.Float64})
        for label, curve in exhibit.lines
    )  # fmt: skip
    labels = [label for label, _ in exhibit.lines]
    colour = base.series_colour(dict(zip(labels, style.series(len(labels)), strict=True)))
    values = data["value"]
    low, high = float(values.min() or 0), float(values.max() or 0)  # type: ignore[arg-type]
    is_wide = low > 0 and high > _LARGEST_RATIO * low
    x = alt.X("at:Q", title=exhibit.x, scale=alt.Scale(zero=False), axis=_across())
    y = alt.Y("value:Q", title=exhibit.y, scale=alt.Scale(zero=False))
    if is_wide:
        y = scales.log_axis(f"{exhibit.y} (logarithmic scale)", values).channel("value")
    chart = alt.Chart(base.inline_data(data))
    layers = [chart.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour)]
    if exhibit.dots:
        last = alt.Chart(base.inline_data(data.filter(pl.col("series") == labels[-1])))
        layers.append(
            last.mark_point(filled=True, size=60, opacity=1).encode(x=x, y=y, color=colour)
        )
    first, last_at = (float(f(data["at"].to_list(), default=0.0)) for f in (min, max))
    for place, (label, at) in enumerate(sorted(exhibit.marks, key=lambda mark: mark[1])):
        mark = alt.Chart(base.inline_data(pl.DataFrame({"at": [float(at)]})))
        rule = mark.mark_rule(color=style.MUTED.light, strokeDash=[4, 4])
        across = style.WIDTH * (at - first) / ((last_at - first) or 1.0)
        first_of_several = place == 0 < len(exhibit.marks) - 1
        right = base.is_labelled_right(across, first_of_several=first_of_several)
        # Marks that lie close to each other have their names below one another.
        text = base.with_halo(
            mark, text=label, align="left" if right else "right", dx=6 if right else -6,
            baseline="top",
        )  # fmt: skip
        layers += [rule.encode(x=x)]
        layers += [t.encode(x=x, y=base.y_at(3 + 18 * place)) for t in text]
    ends = data.group_by("series", maintain_order=True).agg(pl.col("value").last())
    said = "; ".join(f"{label} ends at {value:.4g}" for label, value in ends.iter_rows())
    return _figure(exhibit, name, data, layers, said, _CURVE_HEIGHT)


@exhibit_figure.register
def _(exhibit: Grid, name: str) -> Figure:
    cells = [
        {"label": label, "at": at, "count": count}
        for label, counts in zip(exhibit.labels, exhibit.counts, strict=True)
        for at, count in enumerate(counts)
    ]
    data = pl.DataFrame(cells, {"label": pl.String, "at": pl.Int64, "count": pl.Int64})
    scale = alt.Scale(range=list(_SHADES), type="linear", interpolate="rgb")
    legend = alt.Legend(title="examples", type="gradient", orient="right", direction="vertical")
    axis = alt.Axis(labelAngle=0, labelOverlap=True)
    rect = alt.Chart(base.inline_data(data)).mark_rect(stroke=style.GRID.light).encode(
        x=alt.X("at:O", title=exhibit.x, axis=axis),
        y=alt.Y("label:N", sort=list(exhibit.labels), title=exhibit.y,
                axis=alt.Axis(labelLimit=_LONGEST_LABEL, titleX=-20)),
        color=alt.Color("count:Q", scale=scale, legend=legend),
    )  # fmt: skip
    counts = data["count"].to_list()
    said = f"counts from {min(counts)} to {max(counts)}"
    return _figure(exhibit, name, data, [rect], said, 22 * len(exhibit.labels) + _MARGIN)


@exhibit_figure.register
def _(exhibit: Pictures, name: str) -> Figure:
    images = unpacked(exhibit.pixels, exhibit.shape)
    pictures = [Picture(*each) for each in zip(images, exhibit.texts, strict=False)]
    return example_pictures(pictures, title=exhibit.title, name=name)


def _figure(
    exhibit: Exhibit,
    name: str,
    data: pl.DataFrame,
    layers: list[alt.Chart],
    said: str,
    height: float,
) -> Figure:
    alternative = f"{exhibit.title}: {said}."
    chart = base.finish(layers, height=height)
    return Figure(name=name, title=exhibit.title, alt=alternative, data=data, chart=chart)


def _labels(data: pl.DataFrame) -> alt.Y:
    order = data["label"].unique(maintain_order=True).to_list()
    axis = alt.Axis(labelLimit=_LONGEST_LABEL, domain=False, ticks=False)
    return alt.Y("label:N", sort=order, title=None, axis=axis)


def _across() -> alt.Axis:
    return alt.Axis(grid=True, tickCount=6)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
