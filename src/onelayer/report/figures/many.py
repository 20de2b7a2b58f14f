"""The curves of many runs: not a line for each, but what they have in common."""

from collections.abc import Mapping
from typing import Final

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base, frames, scales

MOST_LINES: Final = 12
"""More than so many lines are no longer told apart."""

_GROUPS: Final = 200
_COLUMNS: Final = {"loss": "val_loss", "accuracy": "val_accuracy"}


def many_curves(
    history: pl.DataFrame, runs: Mapping[str, str], kind: str, *, title: str, name: str
) -> Figure:
    """Draw the median of many runs in a band from the lowest to the highest, and the two ends.

    Parameters
    ----------
    history
        The history frame.
    runs
        Label in the legend to run name.
    kind
        "loss" or "accuracy", on validation examples.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``step, series, value, lowest, highest``, the last two null but for the median;
        accuracies are in percent. Steps are the first of a group where there are many.
    """
    column = _COLUMNS[kind]
    rows = history.filter(pl.col("run").is_in([*runs.values()]))
    scale = 1 if kind == "loss" else 100
    points = rows.filter(pl.col(column).is_finite()).select(
        "run", "step", (pl.col(column) * scale).alias("value")
    )
    width = max(1, (frames.step_range(rows)[1] + 1) // _GROUPS)
    value = pl.col("value")
    middle = f"median of {len(runs):,} runs (band: lowest to highest)"
    band = (
        points.group_by(pl.col("step") // width * width)
        .agg(value.median(), value.min().alias("lowest"), value.max().alias("highest"))
        .sort("step")
        .select("step", pl.lit(middle).alias("series"), "value", "lowest", "highest")
    )
    ends = points.sort("step").group_by("run", maintain_order=True).agg(value.last()).sort("value")
    names = {run: label for label, run in runs.items()}
    low, high = ends["run"][0], ends["run"][-1]
    of_end = {f"lowest at the end: {names[low]}": low, f"highest at the end: {names[high]}": high}
    lines = [
        frames.thinned(points.filter(pl.col("run") == run).sort("step"), 2).select(
            "step", pl.lit(label).alias("series"), "value"
        )
        for label, run in of_end.items()
    ]
    data = pl.concat([band, *lines], how="diagonal")
    notes: list[alt.Chart] = []
    if kind == "loss":
        y = scales.loss_axis([*band["lowest"], *band["highest"]])
    else:
        y, notes = base.accuracy_axis("validation accuracy (%)", data, rows)
    x = base.step_axis(rows)
    colours = dict(zip((middle, *of_end), (style.SLATE, style.BLUE, style.ORANGE), strict=True))
    area = alt.Chart(base.inline_data(band)).mark_area(
        color=style.SLATE.light, opacity=0.18, clip=True
    )
    chart = alt.Chart(base.inline_data(data.select("step", "series", "value")))
    layers = [
        area.encode(x=x, y=y.channel("lowest"), y2=alt.Y2("highest:Q")),
        chart.mark_line(strokeWidth=1.8, clip=True).encode(
            x=x, y=y.channel("value"), color=base.series_colour(colours)
        ),
    ]
    return Figure(
        name=name,
        title=title,
        alt=f"Line chart of the validation {kind} over the steps: the median of {len(runs):,} "
        f"runs, a band from the lowest to the highest; {'; '.join(of_end)}.",
        data=data,
        chart=base.finish([*layers, *notes]),
    )
