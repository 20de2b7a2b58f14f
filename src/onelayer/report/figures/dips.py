"""The validation accuracy after every step, and how far it falls after each batch."""

from collections.abc import Collection, Sequence

import altair as alt
import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base

SHOWN_EPOCHS = 12
"""Of the curve at every step: more are too narrow to be told apart."""


def accuracy_at_every_step(
    accuracies: Sequence[float],
    batches_per_epoch: int,
    marked_steps: Collection[int] | NDArray[np.int64],
    *,
    title: str = "Validation accuracy after every step",
    name: str = "dips",
) -> Figure:
    """Draw the accuracy after every step of the last epochs of a replay, some marked.

    Parameters
    ----------
    accuracies
        After each step from the first on, fractions.
    batches_per_epoch
    marked_steps
        Those on one batch.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``step, value`` (percent) and ``after_batch``, whether the step is marked.
    """
    first = max(len(accuracies) - SHOWN_EPOCHS * batches_per_epoch, batches_per_epoch)
    steps = range(first, len(accuracies))
    on_it = {int(step) for step in marked_steps}
    data = pl.DataFrame(
        {
            "step": list(steps),
            "value": [100 * accuracies[step] for step in steps],
            "after_batch": [step in on_it for step in steps],
        }
    )
    x, y = base.step_axis(data), _percent_axis("validation accuracy (%)")
    epochs = [step for step in steps if step % batches_per_epoch == 0]
    rules = alt.Chart(base.inline_data(pl.DataFrame({"step": epochs}))).mark_rule(
        color=style.GRID.light, strokeWidth=1
    )
    line = alt.Chart(base.inline_data(data)).mark_line(strokeWidth=1.6, color=style.BLUE.light)
    layers = [rules.encode(x=x), line.encode(x=x, y=y)]
    marked = data.filter("after_batch")
    if not marked.is_empty():
        points = alt.Chart(base.inline_data(marked)).mark_point(
            filled=True, size=60, opacity=1, color=style.ORANGE.light, stroke=style.PAPER.light
        )
        layers.append(points.encode(x=x, y=y))
    values = data["value"].to_list()
    alt_text = (
        f"Line chart of the validation accuracy after every step, between {min(values):.1f} and "
        f"{max(values):.1f} percent; {marked.height} steps on one batch are marked."
    )
    return Figure(name=name, title=title, alt=alt_text, data=data, chart=base.finish(layers))


def fall_by_batch(
    falls: Sequence[float],
    errors: Sequence[float],
    batch: int | None,
    *,
    title: str = "How far the accuracy falls after each batch",
    name: str = "fall-by-batch",
) -> Figure:
    """Draw the mean fall after each batch of the epoch, with twice its standard error.

    Parameters
    ----------
    falls, errors
        Of each batch, fractions.
    batch
        The one to be marked; None marks none.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``batch, fall, low, high`` in percentage points.
    """
    data = pl.DataFrame(
        {
            "batch": list(range(len(falls))),
            "fall": [100 * fall for fall in falls],
            "low": [100 * (f - 2 * e) for f, e in zip(falls, errors, strict=True)],
            "high": [100 * (f + 2 * e) for f, e in zip(falls, errors, strict=True)],
        }
    )
    x = alt.X(
        "batch:Q",
        title="batch of the epoch, counted from 0",
        axis=alt.Axis(format="d", tickMinStep=1),
        scale=alt.Scale(domain=[-0.5, len(falls) - 0.5], nice=False),
    )
    y = alt.Y("fall:Q", title="fall below the epoch's median (percentage points)")
    layers = []
    for some, colour in (
        (data.filter(pl.col("batch") != (-1 if batch is None else batch)), style.BLUE),
        (data.filter(pl.col("batch") == (-1 if batch is None else batch)), style.ORANGE),
    ):
        if some.is_empty():
            continue
        chart = alt.Chart(base.inline_data(some))
        error = chart.mark_rule(color=colour.light, strokeWidth=1.5)
        points = chart.mark_point(filled=True, size=70, opacity=1, color=colour.light)
        layers += [
            error.encode(x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q")),
            points.encode(x=x, y=y),
        ]
    most = max(range(len(falls)), key=falls.__getitem__)
    alt_text = (
        f"Chart of the mean fall after each of {len(falls)} batches; the largest is "
        f"{100 * falls[most]:.2f} percentage points after batch {most}."
    )
    return Figure(
        name=name, title=title, alt=alt_text, data=data, chart=base.finish(layers, height=260)
    )


def _percent_axis(title: str) -> alt.Y:
    return alt.Y("value:Q", title=title, scale=alt.Scale(zero=False, nice=True))
