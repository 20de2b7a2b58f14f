"""The weight norm against the penalty."""

from dataclasses import dataclass

import altair as alt
import numpy as np
import polars as pl

from onelayer.report import style
from onelayer.report.figure import Figure
from onelayer.report.figures import base, scales


@dataclass(frozen=True)
class PowerLaw:
    """A line on two logarithmic scales: log10(norm) = intercept + slope · log10(λ)."""

    slope: float
    intercept: float

    def norm(self, l2: float) -> float:
        """Return the norm that the law gives for a penalty."""
        return float(10.0 ** (self.intercept + self.slope * np.log10(l2)))


def norm_against_l2(
    norms: pl.DataFrame,
    *,
    reference: float | None = None,
    power_law: PowerLaw | None = None,
    title: str = "Weight norm against the penalty",
    name: str = "norm-against-l2",
) -> Figure:
    """Draw the weight norm over λ, both on logarithmic scales.

    Parameters
    ----------
    norms
        ``l2`` (positive) and ``weight_norm``, one row a run.
    reference
        The norm without a penalty, drawn as a dashed line.
    power_law
        A fitted line to be drawn thin beside the points.
    title, name
        Of the figure.

    Returns
    -------
    Figure
        Its data has ``l2, weight_norm`` and, with a power law, ``fitted``; the reference is the
        row with λ = 0.
    """
    points = norms.select(
        pl.col("l2").cast(pl.Float64), pl.col("weight_norm").cast(pl.Float64)
    ).sort("l2")
    if points.is_empty() or not bool((points["l2"] > 0).all()):
        raise ValueError("a logarithmic axis needs values of l2 above 0; give λ = 0 as reference")
    if power_law is not None:
        fitted = [power_law.norm(l2) for l2 in points["l2"]]
        points = points.with_columns(pl.Series("fitted", fitted))

    x = _l2_axis(points["l2"].to_list())
    drawn = [value for column in points.columns[1:] for value in points[column]]
    drawn += [] if reference is None else [reference]
    y = scales.log_axis("weight norm ‖W‖ (logarithmic scale)", drawn)
    chart = alt.Chart(base.inline_data(points))
    layers = []
    if reference is not None:
        layers += _reference_layers(reference, y, points["weight_norm"].to_list())
    if power_law is not None:
        thin = chart.mark_line(strokeWidth=1.2, color=style.ORANGE.light)
        layers.append(thin.encode(x=x, y=y.channel("fitted")))
        layers += _law_label(power_law, points, x, y)
    line = chart.mark_line(strokeWidth=2, color=style.BLUE.light)
    marks = chart.mark_point(
        filled=True, size=90, opacity=1, color=style.BLUE.light, stroke=style.PAPER.light
    )
    layers += [mark.encode(x=x, y=y.channel("weight_norm")) for mark in (line, marks)]
    return Figure(
        name=name,
        title=title,
        alt=_description(points, reference),
        data=points
        if reference is None
        else pl.concat(
            [pl.DataFrame({"l2": [0.0], "weight_norm": [reference]}), points], how="diagonal"
        ),
        chart=base.finish(layers, height=320),
    )


def _l2_axis(values: list[float]) -> alt.X:
    # Room at both ends, so that no point lies on the edge.
    scale = alt.Scale(type="log", domain=[min(values) / 1.6, max(values) * 1.6], nice=False)
    ticks = values if len(values) <= 8 else scales.log_ticks(min(values), max(values))
    return alt.X(
        "l2:Q",
        title="penalty λ (logarithmic scale)",
        scale=scale,
        axis=alt.Axis(values=ticks, format="~g", labelOverlap=True),
    )


def _reference_layers(reference: float, y: scales.YAxis, norms: list[float]) -> list[alt.Chart]:
    chart = alt.Chart(base.inline_data(pl.DataFrame({"weight_norm": [reference]})))
    rule = chart.mark_rule(strokeDash=[6, 4], strokeWidth=1.5, color=style.MUTED.light)
    # At the right end, where the points have come down and leave room.
    label = chart.mark_text(
        align="right",
        baseline="top" if reference >= max(norms) else "bottom",
        dy=7 if reference >= max(norms) else -7,
        color=style.MUTED.light,
        text=f"without a penalty (λ = 0): {reference:,.3g}",
    )
    return [
        rule.encode(y=y.channel("weight_norm")),
        label.encode(x=base.x_at(style.WIDTH), y=y.channel("weight_norm")),
    ]


def _law_label(law: PowerLaw, points: pl.DataFrame, x: alt.X, y: scales.YAxis) -> list[alt.Chart]:
    """Name the law in the middle of its line, on the side that a falling line leaves free."""
    l2 = float(np.sqrt(points["l2"][0] * points["l2"][-1]))
    middle = pl.DataFrame({"l2": [l2], "fitted": [law.norm(l2)]})
    marks = base.with_halo(
        alt.Chart(base.inline_data(middle)),
        align="right",
        baseline="top",
        dx=-10,
        dy=6,
        color=style.ORANGE.light,
        text=f"fitted power law, slope {law.slope:.2f}".replace("-", "−"),
    )
    return [mark.encode(x=x, y=y.channel("fitted")) for mark in marks]


def _description(points: pl.DataFrame, reference: float | None) -> str:
    values = ", ".join(
        f"{norm:.3g} at λ = {l2:g}" for l2, norm in points.select("l2", "weight_norm").iter_rows()
    )
    end = "" if reference is None else f"; {reference:.3g} without a penalty"
    return f"Points joined by a line on two logarithmic scales: weight norm {values}{end}."
