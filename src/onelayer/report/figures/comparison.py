"""Validation accuracy over the steps of several runs."""

from collections.abc import Mapping, Sequence

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base, frames
from onelayer.report.figures.many import MOST_LINES, many_curves
from onelayer.report.figures.replicates import evaluated, thin_lines

_Y_TITLE = "validation accuracy (%)"


def accuracy_comparison(
    history: pl.DataFrame,
    runs: Mapping[str, str],
    *,
    dips: pl.DataFrame | None = None,
    title: str = "Validation accuracy",
    name: str = "accuracy-comparison",
) -> Figure:
    """Draw the validation accuracy of several runs so that a rough curve hides no smooth one.

    Parameters
    ----------
    history
        The history frame.
    runs
        Label in the legend to run name.
    dips
        ``run, step, val_accuracy`` of evaluations to be marked by small triangles, or None.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``step, series, value`` (percent) and ``dip``, whether the row is marked.
    """
    if len(runs) > MOST_LINES:
        return many_curves(history, runs, "accuracy", title=title, name=name)
    rows, data = _several(history, runs)
    data = _mark(data, runs, dips)
    marked = data.filter("dip").drop("dip")
    y, notes = base.accuracy_axis(_Y_TITLE, data, rows)
    x = base.step_axis(rows)
    colour = base.series_colour(dict(zip(runs, style.series(len(runs)), strict=True)))

    # The roughest curve lies at the back and is the thinnest, so that it covers no other.
    curves = {label: data.filter(pl.col("series") == label).drop("dip") for label in runs}
    order = sorted(curves, key=lambda label: -_roughness(curves[label]))
    layers = []
    for depth, label in enumerate(order):
        width = 1.3 if depth == 0 and len(order) > 1 else 2.4
        line = alt.Chart(base.inline_data(curves[label])).mark_line(strokeWidth=width, clip=True)
        layers.append(line.encode(x=x, y=y.channel("value"), color=colour))
    if not marked.is_empty():
        triangles = alt.Chart(base.inline_data(marked)).mark_point(
            shape="triangle-up", filled=True, size=40, opacity=1, yOffset=8, clip=True
        )
        layers.append(triangles.encode(x=x, y=y.channel("value"), color=colour))
    dip_text = f"; {marked.height:,} dips are marked" if marked.height else ""
    return Figure(
        name=name,
        title=title,
        alt=f"Line chart of validation accuracy over the steps: "
        f"{frames.last_values(data)}{dip_text}.",
        data=data,
        chart=base.finish([*layers, *notes]),
    )


def sweep_accuracy(
    history: pl.DataFrame,
    runs: Mapping[str, str | Sequence[str]],
    *,
    title: str = "Validation accuracy along the sweep",
    name: str = "sweep-accuracy",
) -> Figure:
    """Draw the validation accuracy of the runs of a sweep, told apart by colour and by dash.

    Parameters
    ----------
    history
        The history frame.
    runs
        Label in the legend (``"λ = 0.1"``) to run name, in legend order; or to the names of
        replicates, each of which is a thin line.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``step, series, value`` (percent), and with replicates ``run``.
    """
    several = {label: (own,) if isinstance(own, str) else (*own,) for label, own in runs.items()}
    alone = {label: own[0] for label, own in several.items() if len(own) == 1}
    if len(several) > MOST_LINES:
        each = {
            run if len(own) > 1 else label: run for label, own in several.items() for run in own
        }
        return many_curves(history, each, "accuracy", title=title, name=name)
    detail = {}
    if len(alone) == len(several):
        rows, data = _several(history, alone)
        lines = alt.Chart(base.inline_data(data)).mark_line(strokeWidth=2.2, clip=True)
    else:
        rows = pl.concat([frames.of_run(history, run) for own in several.values() for run in own])
        data = frames.percent(pl.concat(
            [evaluated(rows, own, {label: "val_accuracy"}) for label, own in several.items()]
        ))  # fmt: skip
        lines, detail = thin_lines(data), {"detail": alt.Detail("run:N")}
    y, notes = base.accuracy_axis(_Y_TITLE, data, rows)
    layer = lines.encode(
        x=base.step_axis(rows),
        y=y.channel("value"),
        color=base.series_colour(dict(zip(runs, style.series(len(runs)), strict=True))),
        strokeDash=base.series_dash(dict(zip(runs, style.dashes(len(runs)), strict=True))),
        **detail,
    )
    return Figure(
        name=name,
        title=title,
        alt=f"Line chart of validation accuracy over the steps: {frames.last_values(data)}.",
        data=data,
        chart=base.finish([layer, *notes]),
    )


def _several(history: pl.DataFrame, runs: Mapping[str, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of all the runs, and their validation accuracy in percent."""
    if not runs:
        raise ValueError("a figure shows at least one run")
    parts = {label: frames.of_run(history, run) for label, run in runs.items()}
    data = pl.concat(
        [frames.evaluations(rows, {label: "val_accuracy"}) for label, rows in parts.items()]
    )
    return pl.concat(list(parts.values())), frames.percent(data)


def _mark(data: pl.DataFrame, runs: Mapping[str, str], dips: pl.DataFrame | None) -> pl.DataFrame:
    """Add the column ``dip``: whether the row's run and step are among the dips."""
    if dips is None:
        return data.with_columns(dip=pl.lit(False))
    labels = {run: label for label, run in runs.items()}
    points = {(labels.get(run), step) for run, step in dips.select("run", "step").iter_rows()}
    rows = data.select("series", "step").iter_rows()
    return data.with_columns(pl.Series("dip", [row in points for row in rows], dtype=pl.Boolean))


def _roughness(curve: pl.DataFrame) -> float:
    """Return the mean change from one evaluation to the next."""
    change = curve["value"].diff().abs().mean()
    return float(change) if isinstance(change, float) else 0.0
