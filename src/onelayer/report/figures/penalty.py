"""The weight norm and the accuracy against the penalty."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base, scales
from onelayer.report.figures.penalty_axis import PenaltyAxis

LIMIT = "limit of strong penalties"
_HEIGHT = 380
_LOW_HEIGHT = 260

_NORMS = {
    "weight_norm": ("end of the run", style.BLUE, "circle", (1, 0)),
    "minimum": ("minimum", style.ORANGE, "diamond", (9, 4)),
    "limit": (LIMIT, style.SLATE, None, (2, 2)),
}

_ACCURACIES = {
    "train_minimum": ("training, minimum", style.TRAINING, "diamond", (9, 4)),
    "val_minimum": ("validation, minimum", style.VALIDATION, "diamond", (9, 4)),
    "train_end": ("training, end of the run", style.TRAINING, "circle", (1, 0)),
    "val_end": ("validation, end of the run", style.VALIDATION, "circle", (1, 0)),
}

_DIFFERENCES = {
    "end": ("end of the run", style.BLUE, "circle", -1),
    "minimum": ("minimum", style.ORANGE, "diamond", 1),
}
"""With the side on which one stands beside the other."""

_TICKS = (0.0, *(sign * size for size in (0.2, 0.5, 1, 2, 5, 10, 20, 50) for sign in (1, -1)))

_Looks = Mapping[str, tuple[str, style.Colour, str | None, tuple[int, ...]]]


def norm_against_l2(
    norms: pl.DataFrame,
    *,
    title: str = "Weight norm against the penalty",
    name: str = "norm-against-l2",
) -> Figure:
    """Draw weight norms over λ, both on logarithmic scales, with a guide of slope −1.

    Parameters
    ----------
    norms
        ``l2`` and any of ``weight_norm`` (of runs), ``minimum`` and ``limit`` (of strong
        penalties), null where there is none. λ = 0 stands behind a break of the axis.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``l2`` and those columns.
    """
    points = norms.with_columns(pl.all().cast(pl.Float64)).sort("l2")
    axis = PenaltyAxis.over(points["l2"].to_list())
    rows = _long(points, _NORMS).filter(pl.col("value") > 0)
    # The limit has no place where it is far above all norms, and it says nothing there.
    drawn = rows.filter(pl.col("series") != LIMIT)["value"].to_list()
    y = scales.log_axis("weight norm (logarithmic scale)", drawn or rows["value"].to_list())
    layers = [*_guide(rows, axis, y), *_series(rows, _NORMS, axis, y), *axis.layers(_HEIGHT)]
    return Figure(
        name=name,
        title=title,
        alt=_described("weight norm on two logarithmic scales", rows, "{:.3g}".format) + ".",
        data=points,
        chart=base.finish(layers, height=_HEIGHT),
    )


def accuracy_against_l2(
    accuracies: pl.DataFrame,
    *,
    title: str = "Accuracy against the penalty",
    name: str = "accuracy-against-l2",
) -> Figure:
    """Draw accuracies over λ, on a logarithmic scale.

    Parameters
    ----------
    accuracies
        ``l2`` and any of ``train_end``, ``val_end``, ``train_minimum`` and ``val_minimum``,
        fractions, null where there is none. λ = 0 stands behind a break of the axis.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``l2, series, value`` (percent).
    """
    points = accuracies.with_columns(pl.all().cast(pl.Float64)).sort("l2")
    axis = PenaltyAxis.over(points["l2"].to_list())
    rows = _long(points, _ACCURACIES).with_columns(pl.col("value") * 100)
    values = rows["value"].to_list()
    y = scales.accuracy_axis("accuracy (%)", values, values)
    layers = [*_series(rows, _ACCURACIES, axis, y), *axis.layers(_HEIGHT)]
    return Figure(
        name=name,
        title=title,
        alt=_described("accuracy in percent", rows, "{:.1f}".format) + ".",
        data=rows,
        chart=base.finish(layers, height=_HEIGHT),
    )


def difference_against_l2(
    differences: pl.DataFrame,
    *,
    title: str = "What the penalty changes",
    name: str = "difference-against-l2",
) -> Figure:
    """Draw differences of accuracies over λ with their intervals.

    The scale is linear about 0 and logarithmic far from it: a strong penalty costs so much that
    nothing could be seen of the others.

    Parameters
    ----------
    differences
        ``l2``, ``least`` (the λ that it is compared with), ``where`` (``end`` or ``minimum``),
        ``difference``, ``low``, ``high``: fractions.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has the same columns, in points.
    """
    points = differences.with_columns(pl.col("difference", "low", "high") * 100).sort("l2")
    axis = PenaltyAxis.over([*points["l2"], *points["least"]])
    there = {*points["where"]}
    looks = {where: look for where, look in _DIFFERENCES.items() if where in there}
    y = _difference_axis([*points["low"], *points["high"], 0.0])
    colour = base.series_colour({label: colour for label, colour, _, _ in looks.values()})
    zero = alt.Chart(base.inline_data(pl.DataFrame({"value": [0.0]})))
    rule = zero.mark_rule(color=style.MUTED.light, strokeDash=[4, 4], strokeWidth=1.5)
    layers = [rule.encode(y=y.channel("value"))]
    for where, (label, look, shape, side) in looks.items():
        own = axis.placed(points.filter(pl.col("where") == where)).with_columns(
            pl.col("place") * (axis.aside(side) if len(looks) > 1 else 1.0),
            pl.lit(label).alias("series"),
        )
        chart = alt.Chart(base.inline_data(own))
        x = axis.channel()
        bars = chart.mark_rule(strokeWidth=2.5).encode(
            x=x, y=y.channel("low"), y2=alt.Y2("high:Q"), color=colour
        )
        marks = chart.mark_point(
            filled=True, shape=shape, size=150 if shape == "diamond" else 70, opacity=1,
            color=look.light, stroke=style.PAPER.light,
        ).encode(x=x, y=y.channel("difference"))  # fmt: skip
        layers += [bars, marks]
    return Figure(
        name=name,
        title=title,
        alt="Differences of validation accuracies over λ with 95% intervals, in points: "
        + "; ".join(
            f"{looks[where][0]} at λ = {l2:g} {value:.2f} ({low:.2f} to {high:.2f})"
            for l2, where, value, low, high in points.select(
                "l2", "where", "difference", "low", "high"
            ).iter_rows()
        )
        + ".",
        data=points,
        chart=base.finish([*layers, *axis.layers(_LOW_HEIGHT)], height=_LOW_HEIGHT),
    )


def _difference_axis(values: list[float]) -> scales.YAxis:
    low, high = min(values), max(values)
    domain = [low * 1.25 - 0.1, high * 1.25 + 0.1]
    ticks = [tick for tick in _TICKS if domain[0] <= tick <= domain[1]]
    scale = alt.Scale(type="symlog", constant=0.5, domain=domain, nice=False, zero=False)
    title = "validation accuracy, difference in points (logarithmic far from 0)"
    return scales.YAxis(title, scale, alt.Axis(values=sorted(ticks), format="~g"))


def _long(points: pl.DataFrame, looks: _Looks) -> pl.DataFrame:
    """Return one row a point: ``l2, series, value``."""
    parts = [
        points.select("l2", pl.lit(looks[column][0]).alias("series"), pl.col(column).alias("value"))
        for column in looks
        if column in points.columns
    ]
    return pl.concat(parts).filter(pl.col("value").is_finite())


def _series(
    rows: pl.DataFrame, looks: _Looks, axis: PenaltyAxis, y: scales.YAxis
) -> list[alt.Chart]:
    """Return a line for each series, told apart by colour and dash, and marks upon it.

    No line crosses the break of the axis.
    """
    there = {*rows["series"]}
    own = [look for look in looks.values() if look[0] in there]
    colour = base.series_colour({label: colour for label, colour, _, _ in own})
    dash = base.series_dash({label: dash for label, _, _, dash in own})
    x, placed = axis.channel(), axis.placed(rows)
    joined = alt.Chart(base.inline_data(placed.filter(pl.col("l2") > 0)))
    lines = joined.mark_line(strokeWidth=2.2, clip=True)
    layers = [lines.encode(x=x, y=y.channel("value"), color=colour, strokeDash=dash)]
    # The diamonds lie below and are larger, so that no circle hides one.
    for label, look, shape, _ in sorted(own, key=lambda look: look[2] == "circle"):
        if shape is not None:
            of_series = placed.filter(pl.col("series") == label)
            marks = alt.Chart(base.inline_data(of_series)).mark_point(
                filled=True, shape=shape, size=220 if shape == "diamond" else 60, opacity=1,
                clip=True, color=look.light, stroke=style.PAPER.light,
            )  # fmt: skip
            layers.append(marks.encode(x=x, y=y.channel("value")))
    return layers


def _guide(rows: pl.DataFrame, axis: PenaltyAxis, y: scales.YAxis) -> list[alt.Chart]:
    """Return a line of slope −1 through the strongest penalty of the runs, and its name."""
    ends = rows.filter((pl.col("series") == _NORMS["weight_norm"][0]) & (pl.col("l2") > 0))
    if ends.height < 2:
        return []
    l2, _, norm = ends.sort("l2").row(-1)
    bottom, top = y.scale.to_dict(validate=False)["domain"]
    first = max(l2 * norm / top, axis.values[0])
    last = min(l2 * norm / bottom, axis.values[-1])
    frame = pl.DataFrame({"place": [first, last], "value": [l2 * norm / p for p in (first, last)]})
    x, value = axis.channel(), y.channel("value")
    line = alt.Chart(base.inline_data(frame)).mark_line(
        color=style.MUTED.light, strokeWidth=1.2, clip=True
    )
    # On the side where no curve is: the norms fall slower than the guide.
    place = (first * last**3) ** 0.25
    at = pl.DataFrame({"place": [place], "value": [l2 * norm / place]})
    name = base.with_halo(
        alt.Chart(base.inline_data(at)), align="right", baseline="top", dx=-6, dy=2,
        color=style.MUTED.light, text="slope −1",
    )  # fmt: skip
    return [line.encode(x=x, y=value), *(text.encode(x=x, y=value) for text in name)]


def _described(what: str, rows: pl.DataFrame, spell: Callable[[float], str]) -> str:
    parts = []
    for (label,), own in rows.group_by("series", maintain_order=True):
        pairs = own.select("l2", "value").iter_rows()
        values = ", ".join(f"{spell(value)} at λ = {l2:g}" for l2, value in pairs)
        parts.append(f"{label}: {values}")
    return f"Points joined by lines: {what} over λ; {'; '.join(parts)}"
