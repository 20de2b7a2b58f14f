"""Loss over the steps of one run."""

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure, file_stem
from onelayer.report.figures import base, frames, scales

_VALIDATION = "validation loss"

_FEW = 10
"""Steps that are marked by points as well: one alone is no line."""


def loss_curves(
    history: pl.DataFrame,
    run: str,
    *,
    best_step: int | None = None,
    title: str | None = None,
    name: str | None = None,
) -> Figure:
    """Draw training and validation loss of one run.

    The training loss is the mean over groups of 10 steps (more in very long runs, single steps in
    short ones; the legend says) inside a band from the lowest to the highest batch of the group.
    The scale is logarithmic where a few large losses would flatten the rest. Losses that are not
    finite are left out.

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
        Its data has ``step, series, value, lowest, highest``; the last two are null for the
        validation loss.
    """
    rows = frames.of_run(history, run)
    grouped, group_size = frames.training_loss(rows)
    training_label = (
        "training loss"
        if group_size == 1
        else f"training loss, mean of {group_size:,} steps (band: lowest to highest)"
    )
    training = grouped.select(
        "step", pl.lit(training_label).alias("series"), "value", "lowest", "highest"
    )
    validation = frames.evaluations(rows, {_VALIDATION: "val_loss"})
    data = pl.concat(
        [training, validation.with_columns(pl.col("step").cast(pl.Float64))], how="diagonal"
    )
    drawn = [*data["value"], *training["lowest"], *training["highest"]]

    x, y = base.step_axis(rows), scales.loss_axis(drawn)
    colours = {training_label: style.TRAINING}
    if not validation.is_empty():
        colours[_VALIDATION] = style.VALIDATION
    colour = base.series_colour(colours)
    band = alt.Chart(base.inline_data(training)).mark_area(
        color=style.TRAINING.light, opacity=0.2, clip=True
    )
    lines = alt.Chart(base.inline_data(data.select("step", "series", "value"))).mark_line(
        strokeWidth=2, clip=True, point=training.height < _FEW
    )
    layers = [
        band.encode(x=x, y=y.channel("lowest"), y2=alt.Y2("highest:Q")),
        lines.encode(x=x, y=y.channel("value"), color=colour),
    ]
    if best_step is not None:
        best = frames.value_at(validation, best_step)
        layers += base.best_step_layers(best_step, best, rows, y)
    return Figure(
        name=name or file_stem("loss", run),
        title=title or f"Loss, run {run}",
        alt=_description(run, training, validation, best_step),
        data=data,
        chart=base.finish(layers),
    )


def _description(
    run: str, training: pl.DataFrame, validation: pl.DataFrame, best_step: int | None
) -> str:
    parts = [
        f"{label} from {frame['value'][0]:.3g} to {frame['value'][-1]:.3g}"
        for label, frame in (("training loss", training), ("validation loss", validation))
        if not frame.is_empty()
    ]
    mark = "" if best_step is None else f"; the best evaluation at step {best_step:,} is marked"
    return f"Line chart over the steps of run {run}: {' and '.join(parts) or 'no losses'}{mark}."
