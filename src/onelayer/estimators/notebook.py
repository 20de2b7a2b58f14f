"""The loss curve beside an estimator in a notebook: a small drawing, no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onelayer.training import History

Points = list[tuple[float, float]]

# Both have a contrast of at least 3:1 on white and on the dark pages of notebooks. Text and axes
# take the colour of the text around.
TRAINING = "#3b82d6"
VALIDATION = "#d9730d"

WIDTH, HEIGHT = 320, 180
LEFT, RIGHT, TOP, BOTTOM = 50, 12, 30, 34
MOST_POINTS = 200
LOG_RATIO = 10
"""A curve that begins at more than so many times its middle value gets a logarithmic axis."""


def beside_loss_curve(html: str, estimator: Any) -> str:
    """Return an estimator's HTML with its loss curve to the right, where it has one."""
    drawing = ""
    if hasattr(estimator, "loss_curve_"):
        drawing = loss_curve_svg(estimator.loss_curve_, estimator.history_)
    if not drawing:
        return html
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:1.5em;align-items:flex-start">'
        f"<div>{html}</div>{drawing}</div>"
    )


def loss_curve_svg(loss_curve: Sequence[float], history: History) -> str:
    """Return an SVG of the training loss of each epoch, and of the validation losses.

    Parameters
    ----------
    loss_curve : sequence of float
        Losses that are not finite are left out; with no finite one there is no drawing.
    history : History
        Its evaluations belong to the last epochs of the curve.
    """
    training = [(i + 0.5, loss) for i, loss in enumerate(loss_curve)]
    per_epoch = history.batches_per_epoch
    before = len(loss_curve) - math.ceil(history.steps / per_epoch)
    validation = [(before + (e.step + 1) / per_epoch, e.val_loss) for e in history.evaluations]
    curves = {
        name: [(x, y) for x, y in points if math.isfinite(y)]
        for name, points in (("training", training), ("validation", validation))
    }
    losses = [y for points in curves.values() for _, y in points]
    if not losses:
        return ""
    axes = _Axes.over(len(loss_curve), losses)
    colours = {"training": TRAINING, "validation": VALIDATION}
    drawn = {name: points for name, points in curves.items() if points}
    ends = ", ".join(f"{name} loss ends at {p[-1][1]:.3g}" for name, p in drawn.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="Loss over the epochs: {ends}" '
        'font-family="sans-serif" font-size="11" fill="currentColor">'
        + axes.svg()
        + "".join(_curve(points, colours[name], axes) for name, points in drawn.items())
        + _legend({name: colours[name] for name in drawn})
        + "</svg>"
    )


@dataclass(frozen=True)
class _Axes:
    """Where a value lies in the drawing."""

    epochs: int
    low: float
    high: float
    logarithmic: bool

    @classmethod
    def over(cls, epochs: int, losses: list[float]) -> _Axes:
        ordered = sorted(losses)
        low, high = ordered[0], ordered[-1]
        logarithmic = low > 0 and high > LOG_RATIO * ordered[len(ordered) // 2]
        return cls(epochs, low, high if high > low else low + 1, logarithmic)

    def x(self, epoch: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * epoch / self.epochs

    def y(self, loss: float) -> float:
        if self.logarithmic:
            share = math.log(loss / self.low) / math.log(self.high / self.low)
        else:
            share = (loss - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    def svg(self) -> str:
        middle = (self.low + self.high) / 2
        if self.logarithmic:
            middle = math.sqrt(self.low * self.high)
        ticks = "".join(
            f'<text x="{LEFT - 6}" y="{self.y(loss) + 4:.1f}" text-anchor="end">{loss:.2g}</text>'
            for loss in (self.low, middle, self.high)
        )
        floor = HEIGHT - BOTTOM
        epochs = "".join(
            f'<text x="{self.x(epoch):.1f}" y="{floor + 14}" text-anchor="middle">{epoch}</text>'
            for epoch in (0, self.epochs)
        )
        loss_label = "loss (log scale)" if self.logarithmic else "loss"
        return (
            f'<path d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}" fill="none" stroke="currentColor" '
            f'opacity="0.4"/>{ticks}{epochs}<text x="4" y="12">{loss_label}</text>'
            f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" '
            'text-anchor="middle">epoch</text>'
        )


def _curve(points: Points, colour: str, axes: _Axes) -> str:
    every = math.ceil(len(points) / MOST_POINTS)
    kept = points[::every]
    if kept[-1] != points[-1]:
        kept.append(points[-1])
    if len(kept) == 1:
        x, y = kept[0]
        return f'<circle cx="{axes.x(x):.1f}" cy="{axes.y(y):.1f}" r="2.5" fill="{colour}"/>'
    path = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in kept)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>'


def _legend(colours: dict[str, str]) -> str:
    return "".join(
        f'<rect x="{150 + 82 * i}" y="6" width="14" height="3" fill="{colour}"/>'
        f'<text x="{168 + 82 * i}" y="12">{name}</text>'
        for i, (name, colour) in enumerate(colours.items())
    )
