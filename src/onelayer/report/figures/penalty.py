"""The weight norm and the accuracy against the penalty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base, scales

LIMIT = "limit of strong penalties"

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

_Looks = Mapping[str, tuple[str, style.Colour, str | None, tuple[int, ...]]]


def norm_against_l2(
    norms: pl.DataFrame,
    *,
    reference: float | None = None,
    title: str = "Weight norm against the penalty",
    name: str = "norm-against-l2",
) -> Figure:
    """Draw weight norms over λ, both on logarithmic scales.

    Parameters
    ----------
    norms
        ``l2`` (positive) and any of ``weight_norm`` (of runs), ``minimum`` and ``limit`` (of strong
        penalties), null where there is none.
    reference
        The norm without a penalty, drawn as a dashed line.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``l2`` and those columns; the reference is the row with λ = 0.
    """
    points = norms.with_columns(pl.all().cast(pl.Float64)).sort("l2")
    if points.is_empty() or not bool((points["l2"] > 0).all()):
        raise ValueError("a logarithmic axis needs values of l2 above 0; give λ = 0 as reference")
    rows = _long(points, _NORMS)
    # The limit has no place where it is far above all norms, and it says nothing there.
    drawn = rows.filter(pl.col("series") != LIMIT)["value"].to_list()
    drawn += [] if reference is None else [reference]
    x = _l2_axis(points["l2"].to_list())
    y = scales.log_axis("weight norm (logarithmic scale)", drawn or rows["value"].to_list())
    layers = _series(rows, _NORMS, x, y)
    if reference is not None:
        layers += _reference_layers(reference, y, drawn)
    first = pl.DataFrame({"l2": [0.0], "weight_norm": [reference]})
    return Figure(
        name=name,
        title=title,
        alt=_described("weight norm on two logarithmic scales", rows, "{:.3g}".format)
        + ("." if reference is None else f"; {reference:.3g} without a penalty."),
        data=points if reference is None else pl.concat([first, points], how="diagonal"),
        chart=base.finish(layers, height=380),
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
        ``l2`` (positive) and any of ``train_end``, ``val_end``, ``train_minimum`` and
        ``val_minimum``, fractions, null where there is none.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``l2, series, value`` (percent).
    """
    points = accuracies.with_columns(pl.all().cast(pl.Float64)).sort("l2")
    if points.is_empty() or not bool((points["l2"] > 0).all()):
        raise ValueError("a logarithmic axis needs values of l2 above 0")
    rows = _long(points, _ACCURACIES).with_columns(pl.col("value") * 100)
    values = rows["value"].to_list()
    y = scales.accuracy_axis("accuracy (%)", values, values)
    layers = _series(rows, _ACCURACIES, _l2_axis(points["l2"].to_list()), y)
    return Figure(
        name=name,
        title=title,
        alt=_described("accuracy in percent", rows, "{:.1f}".format) + ".",
        data=rows,
        chart=base.finish(layers, height=380),
    )


def _long(points: pl.DataFrame, looks: _Looks) -> pl.DataFrame:
    """Return one row a point: ``l2, series, value``."""
    parts = [
        points.select("l2", pl.lit(looks[column][0]).alias("series"), pl.col(column).alias("value"))
        for column in looks
        if column in points.columns
    ]
    return pl.concat(parts).filter(pl.col("value").is_finite() & (pl.col("value") > 0))


def _series(rows: pl.DataFrame, looks: _Looks, x: alt.X, y: scales.YAxis) -> list[alt.Chart]:
    """Return a line for each series, told apart by colour and dash, and marks upon it."""
    there = {*rows["series"]}
    own = [look for look in looks.values() if look[0] in there]
    colour = base.series_colour({label: colour for label, colour, _, _ in own})
    dash = base.series_dash({label: dash for label, _, _, dash in own})
    lines = alt.Chart(base.inline_data(rows)).mark_line(strokeWidth=2.2, clip=True)
    layers = [lines.encode(x=x, y=y.channel("value"), color=colour, strokeDash=dash)]
    # The diamonds lie below and are larger, so that no circle hides one.
    for label, look, shape, _ in sorted(own, key=lambda look: look[2] == "circle"):
        if shape is not None:
            marks = alt.Chart(base.inline_data(rows.filter(pl.col("series") == label))).mark_point(
                filled=True, shape=shape, size=220 if shape == "diamond" else 60, opacity=1,
                clip=True, color=look.light, stroke=style.PAPER.light,
            )  # fmt: skip
            layers.append(marks.encode(x=x, y=y.channel("value")))
    return layers


def _l2_axis(values: list[float]) -> alt.X:
    # Room at both ends, so that no point lies on the edge.
    scale = alt.Scale(type="log", domain=[min(values) / 1.6, max(values) * 1.6], nice=False)
    ticks = values if len(values) <= 8 else scales.log_ticks(min(values), max(values))
    return alt.X(
        "l2:Q",
        title="penalty λ (logarithmic scale)",
        scale=scale,
        axis=alt.Axis(values=ticks, format="~g", labelOverlap=True),
    )


def _reference_layers(reference: float, y: scales.YAxis, norms: Sequence[float]) -> list[alt.Chart]:
    chart = alt.Chart(base.inline_data(pl.DataFrame({"weight_norm": [reference]})))
    rule = chart.mark_rule(strokeDash=[6, 4], strokeWidth=1.5, color=style.MUTED.light)
    # At the right end, where the points have come down and leave room.
    above = reference < max(norms)
    label = base.with_halo(
        chart,
        align="right",
        baseline="bottom" if above else "top",
        dy=-7 if above else 7,
        color=style.MUTED.light,
        text=f"end of the run without a penalty (λ = 0): {reference:,.3g}",
    )
    return [
        rule.encode(y=y.channel("weight_norm")),
        *(
            text.encode(x=base.x_at(style.WIDTH), y=y.channel("weight_norm"))
            for text in label
        ),
    ]  # fmt: skip


def _described(what: str, rows: pl.DataFrame, spell: Callable[[float], str]) -> str:
    parts = []
    for (label,), own in rows.group_by("series", maintain_order=True):
        pairs = own.select("l2", "value").iter_rows()
        values = ", ".join(f"{spell(value)} at λ = {l2:g}" for l2, value in pairs)
        parts.append(f"{label}: {values}")
    return f"Points joined by lines: {what} over λ; {'; '.join(parts)}"
