"""Curves of runs that differ in seed or draw alone: one colour and one entry for all of them."""

import math
from collections.abc import Mapping, Sequence

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base, frames, scales

_COLUMNS = {
    "loss": {"validation loss": "val_loss"},
    "accuracy": {"training accuracy": "train_accuracy", "validation accuracy": "val_accuracy"},
}
_COLOURS = {
    "validation loss": style.VALIDATION,
    "training accuracy": style.TRAINING,
    "validation accuracy": style.VALIDATION,
}


def replicate_curves(
    history: pl.DataFrame, runs: Sequence[str], kind: str, *, title: str, name: str
) -> Figure:
    """Draw the evaluations of replicates, a thin line for each run.

    Parameters
    ----------
    history
        The history frame.
    runs
        Names of the runs in it.
    kind
        "loss" or "accuracy".
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``step, series, value, run``; accuracies are in percent.
    """
    rows = pl.concat([frames.of_run(history, run) for run in runs])
    data = evaluated(rows, runs, _COLUMNS[kind])
    notes: list[alt.Chart] = []
    if kind == "loss":
        y = scales.loss_axis(data["value"].to_list())
    else:
        data = frames.percent(data)
        y, notes = base.accuracy_axis("accuracy (%)", data, rows)
    colours = {label: _COLOURS[label] for label in _COLUMNS[kind]}
    lines = thin_lines(data).encode(
        x=base.step_axis(rows), y=y.channel("value"), color=base.series_colour(colours),
        detail=alt.Detail("run:N"),
    )  # fmt: skip
    drawn = data["value"].to_list() or [math.nan]
    return Figure(
        name=name,
        title=title,
        alt=f"Line chart over the steps of {len(runs)} runs, a thin line for each: "
        f"{' and '.join(colours)}, from {min(drawn):.3g} to {max(drawn):.3g}.",
        data=data,
        chart=base.finish([lines, *notes]),
    )


def evaluated(rows: pl.DataFrame, runs: Sequence[str], columns: Mapping[str, str]) -> pl.DataFrame:
    """Return the evaluations of several runs in long form, with the name of each.

    Of many no more than a drawing shows, the extremes among them.
    """
    of = {run: frames.of_run(rows, run).drop_nulls("weight_norm") for run in runs}
    parts = [
        frames.thinned(
            frames.evaluations(of[run], {label: column}), len(runs) * len(columns)
        ).with_columns(pl.lit(run).alias("run"))
        for run in runs
        for label, column in columns.items()
    ]
    return pl.concat(parts)


def thin_lines(data: pl.DataFrame) -> alt.Chart:
    """Return lines of which many may lie over one another."""
    chart = alt.Chart(base.inline_data(data))
    lines: alt.Chart = chart.mark_line(strokeWidth=1.1, opacity=0.75, clip=True)
    return lines
