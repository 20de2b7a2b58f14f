"""A loss of several runs over their steps, on a logarithmic axis, told apart by colour and dash."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base, frames, scales

MOST_POINTS = 400
"""Of a curve: more show no more."""

_FAR = 10
"""Times as many steps: a line so long on a logarithmic axis would be made up."""


def losses_together(
    history: pl.DataFrame,
    runs: Mapping[str, Sequence[str]],
    column: str,
    *,
    title: str,
    y: str,
    name: str,
) -> Figure:
    """Draw a loss of several runs.

    Parameters
    ----------
    history
        The history frame.
    runs
        Label in the legend to the names of runs, each of which is a line.
    column
        ``train_loss`` or ``val_loss``.
    title, y, name
        Of the figure, and of its axis.

    Returns
    -------
    Figure
        Its data has ``step, series, value, run``, of each stretch of the steps the lowest and the
        highest.
    """
    parts = [
        _thinned(_begun(frames.evaluations(frames.of_run(history, run), {label: column})))
        .with_columns(pl.lit(run).alias("run"))
        for label, own in runs.items()
        for run in own
    ]  # fmt: skip
    data = pl.concat(parts).with_columns(pl.col("step") + 1)
    values = [v for v in data["value"].to_list() if v > 0] or [1.0]
    low, high = min(values), max(values)
    # What diverges goes to infinity; a plot of all of it shows nothing else.
    top = min(high, 1000 * low)
    axis = scales.log_axis(f"{y} (logarithmic scale)", [low, top])
    first = max(min(data["step"].to_list(), default=1), 1)
    last = max(max(data["step"].to_list(), default=1), first + 1)
    x = alt.X(
        "step:Q", title="steps made (logarithmic scale)",
        scale=alt.Scale(type="log", domain=[first, last], nice=False),
        axis=alt.Axis(values=scales.log_ticks(first, last), format=",~g", labelOverlap=True),
    )  # fmt: skip
    lines = alt.Chart(base.inline_data(data)).mark_line(strokeWidth=1.8, clip=True)
    layer = lines.encode(
        x=x, y=axis.channel("value"),
        color=base.series_colour(dict(zip(runs, style.series(len(runs)), strict=True))),
        strokeDash=base.series_dash(dict(zip(runs, style.dashes(len(runs)), strict=True))),
        detail=alt.Detail("run:N"),
    )  # fmt: skip
    ends = data.group_by("series", maintain_order=True).agg(pl.col("value").last())
    said = ", ".join(
        f"{label} ends at {value:.4g}" for label, value in ends.iter_rows() if math.isfinite(value)
    )
    return Figure(
        name=name, title=title, alt=f"Line chart of the {y} over the steps: {said}.", data=data,
        chart=base.finish([layer]),
    )  # fmt: skip


def _begun(curve: pl.DataFrame) -> pl.DataFrame:
    """Return a curve without its first point where the next is far: no line is known between."""
    steps = curve["step"].to_list()
    return curve[1:] if len(steps) > 2 and steps[1] + 1 > _FAR * (steps[0] + 1) else curve


def _thinned(curve: pl.DataFrame) -> pl.DataFrame:
    """Return the lowest and the highest of each stretch; stretches grow as a logarithmic axis."""
    if curve.height <= MOST_POINTS:
        return curve
    last = math.log1p(float(curve["step"].max()))  # type: ignore[arg-type]  # there are steps
    stretch = (pl.col("step").log1p() / last * (MOST_POINTS / 2)).floor()
    extremes = curve.with_columns(stretch.alias("stretch")).filter(
        (pl.col("value") == pl.col("value").min().over("stretch"))
        | (pl.col("value") == pl.col("value").max().over("stretch"))
    )
    return extremes.drop("stretch")
