"""Drawings that stand alone: of estimators in a notebook, and on the page of a sweep."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from onelayer.diagnosis.checks.weights import noise
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.report import figures, style
from onelayer.report.figures import WeightRow, base, grid, scales
from onelayer.report.printable import printable
from onelayer.report.svg import Drawing
from onelayer.words import in_powers

_LINE = 22
"""Height of a line of names, in pixels."""

_LETTER = 7.5
"""Width of a letter, in pixels: more than most letters have."""


def loss_curves(history: pl.DataFrame, best_step: int | None) -> Drawing:
    """Draw training and validation loss over the steps."""
    return _styled(figures.loss_curves(history, history["run"][0], best_step=best_step).chart)


def weight_pictures(frame: pl.DataFrame, shape: ImageShape, label: str) -> Drawing:
    """Draw the weights of each output as a picture."""
    frame = _printable(frame)
    names = frame["class"].unique(maintain_order=True).to_list()
    weights = frame["weight"].to_numpy().reshape(len(names), -1).T
    row = WeightRow(label, weights, noise(weights, shape))
    return _styled(figures.weight_pictures([row], shape, names, noise_label="noise").chart)


def largest_weights(frame: pl.DataFrame, top: int) -> Drawing:
    """Draw the features with the largest weights: bars for one output, else a heat map."""
    frame = _printable(frame)
    largest = frame.group_by("feature", maintain_order=True).agg(pl.col("weight").abs().max())
    order = largest.sort("weight", descending=True)["feature"].head(top).to_list()
    rows = frame.filter(pl.col("feature").is_in(order)).select("class", "feature", "weight")
    chart = alt.Chart(base.inline_data(rows))
    axis = alt.Axis(title=None, domain=False, ticks=False, labelLimit=260)
    names = alt.Y("feature:N", sort=order, axis=axis)
    if rows["class"].n_unique() == 1:
        sign = alt.condition(
            alt.datum.weight >= 0, alt.value(style.ORANGE.light), alt.value(style.BLUE.light)
        )
        title = f"weight (above 0: for {rows['class'][0]})"
        layer = chart.mark_bar().encode(x=alt.X("weight:Q", title=title), y=names, color=sign)
        width = style.WIDTH
    else:
        limit = float(rows["weight"].abs().max() or 0.0) or 1.0  # type: ignore[arg-type]
        scale = alt.Scale(domain=[-limit, limit], range=list(style.DIVERGING), interpolate="rgb")
        colour = alt.Color("weight:Q", scale=scale, legend=alt.Legend(title="weight"))
        count = rows["class"].n_unique()
        longest = int(rows["class"].str.len_chars().max() or 0)  # type: ignore[arg-type]
        width = min(style.WIDTH, max(60, round(_LETTER * longest) + 12) * count)
        # Names that still do not fit beside one another are cut off.
        below = alt.Axis(labelAngle=0, labelLimit=width // count - 6)
        classes = alt.X("class:N", sort=None, title="class", axis=below)
        layer = chart.mark_rect().encode(x=classes, y=names, color=colour)
    return _styled(base.finish([layer], width=width, height=_LINE * len(order)))


def sweep(results: pl.DataFrame, score: str, *, negated: bool) -> Drawing:
    """Draw mean scores: of a grid of penalties and rates as a map, of others as lines.

    The lines go over the longer axis, one for each value of the other and for each range of
    features, where there are some.
    """
    if grid.is_map(results):
        return _styled(grid.score_map(results, score, negated=negated))
    across, series = "l2", "learning_rate"
    if results["learning_rate"].n_unique() > results["l2"].n_unique():
        across, series = series, across
    sign, error = -1 if negated else 1, pl.col("standard_error").fill_null(0)
    mean = sign * pl.col("mean_score")
    line = (
        pl.col(series).map_elements(lambda value: in_powers(f"{value:g}"), pl.String).fill_null("")
    )
    titles = {"l2": "penalty λ", "learning_rate": "learning rate"}
    title = titles[series]
    if "features" in results.columns:
        several = results[series].n_unique() > 1
        line = pl.col("features") + (pl.lit(", ") + line if several else pl.lit(""))
        title = f"features, {title}" if several else "features"
    names = grid.short_names(results[across])
    rows = results.filter(pl.col("mean_score").is_finite()).select(
        pl.col(across).map_elements(names.__getitem__, pl.String).alias("x"),
        line.alias("series"),
        mean.alias("score"), (mean - error).alias("low"), (mean + error).alias("high"), "rank",
    )  # fmt: skip
    order = [names[value] for value in sorted(names)]
    x = alt.X("x:O", sort=order, title=titles[across], axis=alt.Axis(labelAngle=0))
    y: dict[str, Any] = {"title": score, "scale": alt.Scale(zero=False)}
    shown = [value for value in rows["low"] if value > 0]
    if shown and len(shown) == rows.height and max(rows["high"]) > scales.LOG_RATIO * min(shown):
        # One that is far off would press all others together.
        axis = scales.log_axis(f"{score} (logarithmic scale)", [*shown, *rows["high"]])
        y = {"title": axis.title, "scale": axis.scale, "axis": axis.axis}
    chart = alt.Chart(base.inline_data(rows))
    colour: Any = alt.value(style.BLUE.light)
    if rows["series"].n_unique() > 1:
        colour = _series(rows["series"].unique(maintain_order=True).to_list(), title)
    best = alt.Chart(base.inline_data(rows.filter(pl.col("rank") == 1))).mark_point(
        size=220, strokeWidth=2, color=style.INK.light
    )
    layers = [
        chart.mark_line(strokeWidth=2).encode(x=x, y=alt.Y("score:Q", **y), color=colour),
        chart.mark_rule(strokeWidth=1.5).encode(
            x=x, y=alt.Y("low:Q", **y), y2="high:Q", color=colour
        ),
        chart.mark_point(filled=True, size=70, opacity=1).encode(
            x=x, y=alt.Y("score:Q", **y), color=colour
        ),
        best.encode(x=x, y=alt.Y("score:Q", **y)),
    ]
    return _styled(base.finish(layers))


def fold_differences(results: pl.DataFrame, score: str, *, negated: bool) -> Drawing:
    """Draw the leading candidates against the best one, fold by fold."""
    return _styled(grid.fold_differences(results, score, negated=negated))


def _printable(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose text can be drawn: what people do with a chart is not seen here."""
    return frame.with_columns(
        column.replace_strict(names := column.unique(), [*map(printable, names)])
        for column in frame.select(pl.col(pl.String))
    )


def _series(names: list[str], title: str) -> alt.Color:
    few = len(names) <= len(style.SERIES)
    scale = (
        alt.Scale(domain=names, range=[colour.light for colour in style.SERIES[: len(names)]])
        if few
        else alt.Scale(domain=names, scheme="viridis")
    )
    return alt.Color("series:N", scale=scale, legend=alt.Legend(title=title))


def _styled(chart: Drawing) -> Drawing:
    """Return the chart with the house style, which a report otherwise adds when it draws."""
    styled = chart.copy(deep=False)
    styled.config = alt.Config.from_dict(style.config())
    return styled
