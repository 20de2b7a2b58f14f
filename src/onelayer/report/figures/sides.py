"""The curves of one run in two studies, over one another."""

from typing import Final

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base, frames, scales

# Blue and orange are training and validation in every figure.
COLOURS: Final = (style.GREEN, style.PURPLE)
_DASHES: Final = ((1, 0), (7, 3))
_COLUMNS: Final = {"validation loss": "val_loss", "validation accuracy": "val_accuracy"}


def both_curves(
    first: pl.DataFrame, second: pl.DataFrame, labels: tuple[str, str], what: str, *,
    title: str, name: str,
) -> Figure:  # fmt: skip
    """Draw a number of one run in two studies, at each evaluation.

    Parameters
    ----------
    first, second
        The history of the run in either study.
    labels
        What the legend calls the studies; they differ.
    what
        "validation loss" or "validation accuracy".
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``step, series, value``; accuracies are in percent.
    """
    column, rows = _COLUMNS[what], pl.concat([first, second])
    points = pl.concat(
        [frames.evaluations(part, {label: column})
         for part, label in zip((first, second), labels, strict=True)]
    )  # fmt: skip
    notes: list[alt.Chart] = []
    if column == "val_loss":
        y = scales.loss_axis(points["value"].to_list())
    else:
        points = frames.percent(points)
        y, notes = base.accuracy_axis(f"{what} (%)", points, rows)
    data = points
    colours = dict(zip(labels, COLOURS, strict=True))
    # One under the other where they agree: the lower is wide, the upper has gaps.
    lines = [
        alt.Chart(base.inline_data(data.filter(pl.col("series") == label)))
        .mark_line(strokeWidth=width, clip=True)
        .encode(
            x=base.step_axis(rows), y=y.channel("value"), color=base.series_colour(colours),
            strokeDash=base.series_dash(dict(zip(labels, _DASHES, strict=True))),
        )
        for label, width in zip(labels, (3.2, 2.0), strict=True)
    ]  # fmt: skip
    return Figure(
        name=name,
        title=title,
        alt=f"Line chart of the {what} over the steps in two studies: {_ends(data)}.",
        data=data,
        chart=base.finish([*lines, *notes]),
    )


def _ends(data: pl.DataFrame) -> str:
    ends = data.group_by("series", maintain_order=True).agg(pl.col("value").last())
    return ", ".join(f"{label} ends at {value:.4g}" for label, value in ends.iter_rows())
