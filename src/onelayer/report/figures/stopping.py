"""The validation loss of a run past its early stop."""

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base, scales


def continued_loss(
    curve: pl.DataFrame,
    *,
    stopped: int,
    kept: int,
    lowest: int | None,
    title: str,
    name: str,
) -> Figure:
    """Draw the validation loss of a run, and faintly what it would have been had it gone on.

    Parameters
    ----------
    curve
        ``step, value`` of the evaluations, to the end of the continued run.
    stopped, kept, lowest
        The steps of the last evaluation of the run, of the one whose weights it keeps, and of the
        lowest there is.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``step, series, value``.
    """
    rows = curve.filter(pl.col("value").is_finite())
    label, gone_on = "validation loss", "gone on without early stopping"
    own = rows.filter(pl.col("step") <= stopped).with_columns(series=pl.lit(label))
    beyond = rows.filter(pl.col("step") >= stopped).with_columns(series=pl.lit(gone_on))
    data = pl.concat([own, beyond]).select("step", "series", "value")
    x, y = base.step_axis(curve), scales.loss_axis(data["value"].to_list())
    colours = {label: style.VALIDATION, gone_on: style.AXIS}
    lines = alt.Chart(base.inline_data(data)).mark_line(strokeWidth=2, clip=True)
    layers = [lines.encode(x=x, y=y.channel("value"), color=base.series_colour(colours))]
    layers += base.step_rules([(kept, "kept"), (stopped, "stopped")], curve)
    points = rows.filter(pl.col("step").is_in([kept, lowest]))
    dots = alt.Chart(base.inline_data(points)).mark_point(
        filled=True, size=90, opacity=1, color=style.VALIDATION.light,
        stroke=style.PAPER.light, strokeWidth=2,
    )  # fmt: skip
    layers.append(dots.encode(x=x, y=y.channel("value")))
    last = int(rows["step"].max() or 0)  # type: ignore[arg-type]
    return Figure(
        name=name,
        title=title,
        alt=f"Line chart of the validation loss to step {last:,}: kept at step {kept:,}, stopped "
        f"at step {stopped:,}" + ("." if lowest is None else f", lowest at step {lowest:,}."),
        data=data,
        chart=base.finish(layers),
    )
