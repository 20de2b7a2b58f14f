"""A number of runs against an option: means with intervals over replicates, a line a series."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base, scales

LONG = 20
"""An axis over a longer ratio is logarithmic."""


def against(
    points: pl.DataFrame,
    *,
    x: str,
    y: str,
    title: str,
    name: str,
    logarithmic: bool = False,
    order: Sequence[str] = (),
) -> Figure:
    """Draw a number against an option.

    Parameters
    ----------
    points
        ``series, x, value, low, high``; ``low`` and ``high`` null where there is no interval. ``x``
        is a number, or text.
    x, y
        The titles of the axes.
    title, name
        Of the figure.
    logarithmic
        Whether the axis of values may be.
    order
        Of the places on the x axis, where they are text.

    Returns
    -------
    Figure
        Its data is ``points``.
    """
    labels = list(dict.fromkeys(points["series"].to_list()))
    values = points["value"].to_list()
    drawn = [v for v in [*values, *points["low"].to_list(), *points["high"].to_list()]
             if v is not None]  # fmt: skip
    y_axis = _y_axis(y, values, drawn, logarithmic)
    x_channel = _x_channel(x, points, order)
    colours = base.series_colour(dict(zip(labels, style.series(len(labels)), strict=True)))
    dashes = base.series_dash(dict(zip(labels, style.dashes(len(labels)), strict=True)))
    if labels == [""]:  # one series needs no legend
        colours = alt.Color("series:N", legend=None, scale=alt.Scale(range=[style.BLUE.light]))
        dashes = alt.StrokeDash("series:N", legend=None)
    data = alt.Chart(base.inline_data(points))
    line = data.mark_line(strokeWidth=2.2, clip=True).encode(
        x=x_channel, y=y_axis.channel("value"), color=colours, strokeDash=dashes
    )
    is_text = points.schema["x"] == pl.String
    layers = [] if is_text else [line]
    if points["low"].is_not_null().any():
        whiskers = alt.Chart(base.inline_data(points.drop_nulls("low"))).mark_rule(
            strokeWidth=1.5, opacity=0.8, clip=True
        )
        layers.append(whiskers.encode(
            x=x_channel, y=y_axis.channel("low"), y2=alt.Y2("high:Q"), color=colours
        ))  # fmt: skip
    marks = data.mark_point(
        filled=True,
        shape="circle",
        size=110 if is_text else 60,
        opacity=1,
        clip=True,
        stroke=style.PAPER.light,
    )
    layers.append(marks.encode(x=x_channel, y=y_axis.channel("value"), color=colours))
    return Figure(
        name=name,
        title=title,
        alt=_described(y, x, points, labels),
        data=points,
        chart=base.finish(layers),
    )


def _y_axis(
    title: str, values: Sequence[float], drawn: Sequence[float], logarithmic: bool
) -> scales.YAxis:
    positive = min(drawn, default=0.0) > 0
    if logarithmic and positive and max(values) > LONG / 4 * min(values):
        return scales.log_axis(f"{title} (logarithmic scale)", drawn)
    low, high = min(drawn, default=0.0), max(drawn, default=1.0)
    room = max(scales.HEADROOM * (high - low), 1e-3 * max(abs(high), abs(low), 1e-9))
    scale = alt.Scale(domain=[low - room, high + room], nice=False, zero=False)
    return scales.YAxis(title, scale, alt.Axis(tickCount=6))


def _x_channel(title: str, points: pl.DataFrame, order: Sequence[str]) -> alt.X:
    if points.schema["x"] == pl.String:
        return alt.X("x:N", title=title, sort=list(order), axis=alt.Axis(labelAngle=0),
                     scale=alt.Scale(type="point", padding=0.5))  # fmt: skip
    at = sorted(set(points["x"].to_list()))
    if at[0] > 0 and at[-1] > LONG * at[0]:
        scale = alt.Scale(type="log", domain=[at[0] / 1.2, at[-1] * 1.2], nice=False)
        ticks = at if len(at) <= 8 else scales.log_ticks(at[0], at[-1])
        axis = alt.Axis(values=ticks, format="~g" if at[0] < 1 else ",~g", labelOverlap=True)
        return alt.X("x:Q", title=f"{title} (logarithmic scale)", scale=scale, axis=axis)
    room = 0.04 * (at[-1] - at[0]) or 1.0
    scale = alt.Scale(domain=[at[0] - room, at[-1] + room], nice=False, zero=False)
    axis = alt.Axis(values=at if len(at) <= 8 else [], format=",~g", labelOverlap=True)
    return alt.X("x:Q", title=title, scale=scale, axis=axis if len(at) <= 8 else alt.Axis())


def _described(y: str, x: str, points: pl.DataFrame, labels: Sequence[str]) -> str:
    parts = []
    for label in labels:
        pairs = points.filter(pl.col("series") == label).select("x", "value").iter_rows()
        said = ", ".join(f"{value:.4g} at {at if isinstance(at, str) else f'{at:g}'}"
                         for at, value in pairs)  # fmt: skip
        parts.append(f"{label}: {said}" if label else said)
    drawn = "Points" if points.schema["x"] == pl.String else "Points joined by lines"
    return f"{drawn}: {y} over {x}; {'; '.join(parts)}."
