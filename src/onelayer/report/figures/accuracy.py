"""Accuracy over the steps of one run."""

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure, file_stem
from onelayer.report.figures import base, frames

_TRAINING = "training accuracy"
_VALIDATION = "validation accuracy"
SERIES = {_TRAINING: "train_accuracy", _VALIDATION: "val_accuracy"}


def accuracy_curves(
    history: pl.DataFrame,
    run: str,
    *,
    best_step: int | None = None,
    title: str | None = None,
    name: str | None = None,
) -> Figure:
    """Draw training and validation accuracy of one run, in percent.

    Parameters
    ----------
    history
        The history frame.
    run
        The run's name in it.
    best_step
        The step of the best evaluation, to be marked.
    title, name
        Instead of the default ones.

    Returns
    -------
    Figure
        Its data has ``step, series, value`` (percent).
    """
    rows = frames.of_run(history, run)
    data = frames.percent(frames.evaluations(rows, SERIES))
    y, notes = base.accuracy_axis("accuracy (%)", data, rows)
    colour = base.series_colour({_TRAINING: style.TRAINING, _VALIDATION: style.VALIDATION})
    lines = alt.Chart(base.inline_data(data)).mark_line(strokeWidth=2, clip=True)
    layers = [lines.encode(x=base.step_axis(rows), y=y.channel("value"), color=colour)]
    if best_step is not None:
        validation = data.filter(pl.col("series") == _VALIDATION)
        best = frames.value_at(validation, best_step)
        layers += base.best_step_layers(best_step, best, rows, y)
    mark = "" if best_step is None else f"; the best evaluation at step {best_step:,} is marked"
    return Figure(
        name=name or file_stem("accuracy", run),
        title=title or f"Accuracy, run {run}",
        alt=f"Line chart over the steps of run {run}: {frames.last_values(data)}{mark}.",
        data=data,
        chart=base.finish([*layers, *notes]),
    )
