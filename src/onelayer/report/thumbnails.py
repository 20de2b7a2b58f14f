"""Small drawings of what was found: a few strokes that can be read at 150 pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from onelayer.report.style import AXIS, BLUE, INK, MUTED, ORANGE, Colour

WIDTH, HEIGHT, EDGE = 152, 92, 6
_FLOOR: Final = HEIGHT - 18
_ROOF: Final = 8
_FONT: Final = 'font-family="Liberation Sans, Arial, sans-serif" font-size="11"'

LEAST_HEIGHT: Final = 0.03
"""Of the accuracies in the drawing of dips: what is less than this does not look like dips."""

Point = tuple[float, float]
Word = tuple[str, Colour]
NOTHING: Final[Word] = ("", MUTED)


@dataclass
class Sketch:
    """A drawing in the making; what is added later lies above.

    Parameters
    ----------
    x, y
        The least and the largest value along each axis.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    _parts: list[str] = field(default_factory=list)

    def line(self, points: Sequence[Point], colour: Colour, width: float = 1.8) -> Sketch:
        """Add a line."""
        path = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in points)
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour.light}" '
            f'stroke-width="{width}" stroke-linejoin="round" stroke-linecap="round"/>'
        )
        return self

    def dots(self, points: Sequence[Point], colour: Colour, radius: float = 3) -> Sketch:
        """Add points."""
        self._parts += [
            f'<circle cx="{self._x(x):.1f}" cy="{self._y(y):.1f}" r="{radius}" '
            f'fill="{colour.light}"/>'
            for x, y in points
        ]
        return self

    def upright(self, x: float, colour: Colour = MUTED) -> Sketch:
        """Add a dashed line at a place."""
        self._parts.append(
            f'<line x1="{self._x(x):.1f}" x2="{self._x(x):.1f}" y1="{_ROOF}" y2="{_FLOOR}" '
            f'stroke="{colour.light}" stroke-width="1" stroke-dasharray="3 3"/>'
        )
        return self

    def svg(self, left: Word = NOTHING, right: Word = NOTHING) -> str:
        """Return the drawing, with words of ours under the ends of its axis."""
        words = [
            f'<text x="{x}" y="{HEIGHT - 4}" {_FONT} fill="{colour.light}" '
            f'text-anchor="{anchor}">{text}</text>'
            for (text, colour), x, anchor in ((left, EDGE, "start"), (right, WIDTH - EDGE, "end"))
            if text
        ]
        axis = (
            f'<line x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{_FLOOR}" y2="{_FLOOR}" '
            f'stroke="{AXIS.light}" stroke-width="1"/>'
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}">{axis}{"".join(self._parts)}{"".join(words)}</svg>'
        )

    def _x(self, value: float) -> float:
        low, high = self.x
        return EDGE + (WIDTH - 2 * EDGE) * (value - low) / ((high - low) or 1)

    def _y(self, value: float) -> float:
        low, high = self.y
        share = (value - low) / ((high - low) or 1)
        return _FLOOR - 3 - (_FLOOR - _ROOF - 3) * min(max(share, 0), 1)


def dips(accuracies: Sequence[float], batches: int, batch: int, epochs: int = 4) -> str:
    """Draw the accuracy after every step of some late epochs; those after one batch are marked."""
    shown = list(accuracies)[-epochs * batches :]
    first = len(accuracies) - len(shown)
    points = [(float(i), value) for i, value in enumerate(shown)]
    marked = [points[i] for i in range(len(shown)) if (first + i) % batches == batch]
    low, high = _range(shown)
    sketch = Sketch((0, max(len(shown) - 1, 1)), (min(low, high - LEAST_HEIGHT), high))
    return sketch.line(points, BLUE, 1.4).dots(marked, ORANGE).svg(("after every step", MUTED))


def curves(
    lines: Sequence[tuple[Sequence[Point], Colour]],
    *,
    marks: Sequence[float] = (),
    dots: bool = False,
    cut: float = 1.0,
    left: Word = NOTHING,
    right: Word = NOTHING,
) -> str:
    """Draw lines over one axis, with marks at places along it.

    Parameters
    ----------
    cut
        Above this share of the values the top is left out: a curve's first fall hides the rest.
    """
    finite = [[p for p in line if math.isfinite(p[0]) and math.isfinite(p[1])] for line, _ in lines]
    everywhere = [point for line in finite for point in line]
    if not everywhere:
        return Sketch((0, 1), (0, 1)).svg(left, right)
    xs, ys = [x for x, _ in everywhere], sorted(y for _, y in everywhere)
    top = ys[min(int(cut * len(ys)), len(ys) - 1)]
    sketch = Sketch((min(xs), max(xs)), _range([y for y in ys if y <= top]))
    for mark in marks:
        sketch.upright(mark)
    for line, (_, colour) in zip(finite, lines, strict=True):
        sketch.line(_thinned(line), colour)
        if dots:
            sketch.dots(line, colour)
    return sketch.svg(left, right)


def bars(values: Sequence[float]) -> str:
    """Draw values side by side, the largest in ink."""
    count = len(values)
    sketch = Sketch((-0.7, count - 0.3), _range(values))
    low = sketch.y[0]
    for place, value in enumerate(values):
        colour = INK if value == max(values) else BLUE
        width = min(16.0, 100 / max(count, 1))
        sketch.line([(place, low), (place, value)], colour, width)
    return sketch.svg()


def _range(values: Sequence[float]) -> tuple[float, float]:
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _thinned(points: Sequence[Point], most: int = 150) -> Sequence[Point]:
    step = max(len(points) // most, 1)
    return [*points[::step], points[-1]] if points else points
