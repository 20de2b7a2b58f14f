"""Parts that the figures share: inline data, axes, legends, marks.

Channels are given to Altair as objects of their classes, also where it would take a string or
`alt.value`: to find the class of those takes it longer than all else.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figures import frames, scales
from onelayer.report.figures.scales import YAxis

_ROOM = 140
"""Pixels that the label of a step takes."""


def inline_data(rows: pl.DataFrame | list[dict[str, Any]]) -> alt.InlineData:
    """Return the rows as data inside the chart: no row limit, no name made of a hash.

    They are one JSON text, because Altair would check each value of a list against its schema,
    which takes longer than drawing.
    """
    text = rows.write_json() if isinstance(rows, pl.DataFrame) else json.dumps(rows)
    return alt.InlineData(values=text, format=alt.JsonDataFormat(type="json"))


def x_at(pixels: float) -> alt.XValue:
    """Return the x channel of a mark that is so far from the left edge of the plot."""
    return alt.XValue(pixels)  # type: ignore[no-untyped-call]


def y_at(pixels: float) -> alt.YValue:
    """Return the y channel of a mark that is so far from the upper edge of the plot."""
    return alt.YValue(pixels)  # type: ignore[no-untyped-call]


def step_axis(history: pl.DataFrame) -> alt.X:
    """Return the x channel of curves over the steps of ``history``, from the first to the last."""
    first, last = frames.step_range(history)
    return alt.X(
        "step:Q",
        title="step",
        scale=alt.Scale(domain=[first, last], nice=False, zero=False),
        axis=alt.Axis(format=",d", tickCount=max(1, min(8, last - first)), tickMinStep=1),
    )


def series_colour(colours: Mapping[str, style.Colour]) -> alt.Color:
    """Return the colour channel over ``series``, with a legend in the order given."""
    scale = alt.Scale(domain=list(colours), range=[colour.light for colour in colours.values()])
    return alt.Color(
        "series:N", scale=scale, legend=alt.Legend(columns=style.legend_columns([*colours]))
    )


def series_dash(dashes: Mapping[str, Sequence[int]]) -> alt.StrokeDash:
    """Return the dash channel over ``series``; its legend merges with the colours'."""
    scale = alt.Scale(domain=list(dashes), range=[list(dash) for dash in dashes.values()])
    legend = alt.Legend(columns=style.legend_columns([*dashes]))
    return alt.StrokeDash("series:N", scale=scale, legend=legend)


def best_step_layers(
    step: int, value: float | None, history: pl.DataFrame, y: YAxis
) -> list[alt.Chart]:
    """Return a rule at the best step, its label, and a point where the curve has a value."""
    layers = step_rules([(step, "best")], history)
    if value is not None:
        chart = alt.Chart(inline_data(pl.DataFrame({"step": [step], "value": [value]})))
        point = chart.mark_point(
            filled=True,
            size=110,
            opacity=1,
            color=style.VALIDATION.light,
            stroke=style.PAPER.light,
            strokeWidth=2,
        )
        layers.append(point.encode(x=step_axis(history), y=y.channel("value")))
    return layers


def is_labelled_right(at: float, *, first_of_several: bool) -> bool:
    """Tell on which side a rule has its name, so many pixels from the left.

    The first of several is named on its left and the others on their right, where there is room:
    those that lie close do not cross the names of each other.
    """
    return at < _ROOM or (not first_of_several and at < style.WIDTH - _ROOM)


def step_rules(marks: Sequence[tuple[int, str]], history: pl.DataFrame) -> list[alt.Chart]:
    """Return a rule at each of some steps, with what it is; labels stand under one another."""
    x = step_axis(history)
    first, last = frames.step_range(history)
    layers = []
    for place, (step, what) in enumerate(sorted(marks)):
        chart = alt.Chart(inline_data(pl.DataFrame({"step": [step]})))
        rule = chart.mark_rule(color=style.MUTED.light, strokeDash=[4, 4], strokeWidth=1.5)
        at = style.WIDTH * (step - first) / (last - first)
        right = is_labelled_right(at, first_of_several=place == 0 < len(marks) - 1)
        label = with_halo(
            chart,
            align="left" if right else "right",
            baseline="top",
            dx=8 if right else -8,
            text=f"{what}: step {step:,}",
        )
        layers.append(rule.encode(x=x))
        layers += [text.encode(x=x, y=y_at(3 + 20 * place)) for text in label]
    return layers


def accuracy_axis(
    title: str, data: pl.DataFrame, history: pl.DataFrame
) -> tuple[YAxis, list[alt.Chart]]:
    """Return an axis in percent and, where it leaves first steps out, the note that says so."""
    values = data["value"].to_list()
    settled = frames.settled(data, history, scales.SETTLED)["value"].to_list()
    axis = scales.accuracy_axis(title, values, settled)
    if not scales.cuts_first_steps(values, settled):
        return axis, []
    return axis, _notes(f"not shown: lower values in the first steps, from {min(values):.1f}%")


def with_halo(chart: alt.Chart, **mark: Any) -> list[alt.Chart]:
    """Return a text mark behind which a rim in the paper's colour keeps lines away."""
    rim = chart.mark_text(stroke=style.PAPER.light, strokeWidth=5, strokeJoin="round", **mark)
    return [rim, chart.mark_text(**mark)]


def _notes(text: str) -> list[alt.Chart]:
    """Return a remark in the lower right corner of the plot."""
    chart = alt.Chart(inline_data(pl.DataFrame({"text": [text]})))
    marks = with_halo(
        chart,
        align="right",
        baseline="bottom",
        dx=-4,
        fontSize=style.SMALL_SIZE,
        color=style.MUTED.light,
        text=text,
    )
    right = alt.XValue("width")  # type: ignore[no-untyped-call]
    return [mark.encode(x=right, y=y_at(style.HEIGHT - 7)) for mark in marks]


def finish(
    layers: Sequence[alt.Chart], *, width: float = style.WIDTH, height: float = style.HEIGHT
) -> alt.LayerChart:
    """Lay the layers over one another."""
    return alt.LayerChart(layer=list(layers), width=width, height=height)
