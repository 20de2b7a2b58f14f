"""The house style of the figures: colours of both themes, fonts, sizes, the Vega-Lite config.

A drawing uses the concrete light colours below and no others. Each of them has a name, and a page
shows the drawing in either theme by giving the named CSS variables their values
(:func:`css_variables`); :mod:`onelayer.report.svg` puts the variables in the colours' place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Colour:
    """One named colour: its CSS variable and its value on a light and on a dark page."""

    variable: str
    light: str
    dark: str


PAPER: Final = Colour("--fig-paper", "#ffffff", "#15181c")
INK: Final = Colour("--fig-ink", "#1c2026", "#e8eaed")
MUTED: Final = Colour("--fig-muted", "#565e69", "#a7afba")
AXIS: Final = Colour("--fig-axis", "#9aa1ab", "#69717c")
GRID: Final = Colour("--fig-grid", "#e6e8eb", "#2b3037")

# The lines. They keep their distance for the three kinds of colour blindness and have at least
# 3:1 contrast on their page (tests/report/test_style.py measures both).
BLUE: Final = Colour("--fig-blue", "#0b62b0", "#5b92ff")
ORANGE: Final = Colour("--fig-orange", "#d1560f", "#ff9f45")
GREEN: Final = Colour("--fig-green", "#1b9e8a", "#58e0cc")
PURPLE: Final = Colour("--fig-purple", "#7a2a72", "#cc5ba3")
OLIVE: Final = Colour("--fig-olive", "#6d8117", "#e3f08f")
SLATE: Final = Colour("--fig-slate", "#333c47", "#a4aabf")

SERIES: Final = (BLUE, ORANGE, GREEN, PURPLE, OLIVE, SLATE)
PALETTE: Final = (PAPER, INK, MUTED, AXIS, GRID, *SERIES)

#: Dash patterns that go with SERIES, so that lines can be told apart without colour.
DASHES: Final[tuple[tuple[int, ...], ...]] = (
    (1, 0),
    (9, 4),
    (4, 3),
    (12, 3, 2, 3),
    (2, 2),
    (16, 5),
)

# Training and validation have one colour each in every figure.
TRAINING: Final = BLUE
VALIDATION: Final = ORANGE

# Liberation Sans is built into the renderer, which thus measures text alike on every machine;
# Libertinus Serif is built into Typst and is what the PDF falls back to.
FONT: Final = "Liberation Sans, Arial, Helvetica, Libertinus Serif, sans-serif"
FONT_SIZE: Final = 14
SMALL_SIZE: Final = 13

WIDTH: Final = 760
HEIGHT: Final = 340

_LETTER, _ENTRY = 6.8, 62
"""Pixels of a letter of a legend, and of what stands beside the letters of an entry."""

#: The diverging colours of the weight pictures from -1 to 1 (ColorBrewer's RdBu turned round):
#: blue and red stay apart for every kind of colour vision, and their lightness is symmetric.
DIVERGING: Final = (
    "#053061",
    "#2166ac",
    "#4393c3",
    "#92c5de",
    "#d1e5f0",
    "#f7f7f7",
    "#fddbc7",
    "#f4a582",
    "#d6604d",
    "#b2182b",
    "#67001f",
)


def series(count: int) -> list[Colour]:
    """Return colours for so many series; beyond six they come again, with another dash."""
    return [SERIES[i % len(SERIES)] for i in range(count)]


def dashes(count: int) -> list[list[int]]:
    """Return dash patterns for so many series, so that 36 can be told apart by both."""
    turns = ((i + i // len(SERIES)) % len(DASHES) for i in range(count))
    return [list(DASHES[turn]) for turn in turns]


def legend_columns(labels: Sequence[str], width: float = WIDTH) -> int:
    """Return in how many columns the entries of a legend do not run out of so wide a drawing."""
    if sum(map(len, labels)) * _LETTER + _ENTRY * len(labels) <= width:
        return len(labels)
    return max(1, int(width // (max(map(len, labels)) * _LETTER + _ENTRY)))


def css_variables(theme: str) -> str:
    """Return the CSS declarations of the figure colours for ``"light"`` or ``"dark"``."""
    return " ".join(
        f"{colour.variable}: {colour.light if theme == 'light' else colour.dark};"
        for colour in PALETTE
    )


TITLE_Y, LEGEND_OFFSET = -12, 38
"""Pixels from the top of a plot to the title above it, and to the legend above that."""


def config() -> dict[str, Any]:
    """Return the Vega-Lite configuration that every chart is rendered with."""
    text = {"labelFont": FONT, "titleFont": FONT}
    return {
        "background": PAPER.light,
        "font": FONT,
        "padding": 6,
        "view": {"stroke": None},
        "axis": {
            **text,
            "labelFontSize": FONT_SIZE,
            "labelColor": MUTED.light,
            "labelPadding": 6,
            "titleFontSize": FONT_SIZE,
            "titleFontWeight": "normal",
            "titleColor": INK.light,
            "gridColor": GRID.light,
            "gridWidth": 1,
            "domainColor": AXIS.light,
            "tickColor": AXIS.light,
            "tickSize": 5,
        },
        "axisX": {"grid": False, "titlePadding": 10},
        # The y title lies flat above the axis, where it can be read without turning one's head.
        "axisY": {
            "domain": False,
            "ticks": False,
            "titleAngle": 0,
            "titleAlign": "left",
            "titleAnchor": "end",
            "titleBaseline": "bottom",
            "titleX": -46,
            "titleY": TITLE_Y,
        },
        "legend": {
            **text,
            "orient": "top",
            "direction": "horizontal",
            "title": None,
            "titleFontSize": FONT_SIZE,
            "titleFontWeight": "normal",
            "titleColor": MUTED.light,
            "labelFontSize": FONT_SIZE,
            "labelColor": INK.light,
            "labelLimit": 0,
            "symbolType": "stroke",
            "symbolSize": 900,
            "symbolStrokeWidth": 2.5,
            "columnPadding": 24,
            # Clear of the y title.
            "offset": LEGEND_OFFSET,
        },
        "text": {"font": FONT, "fontSize": FONT_SIZE, "color": INK.light},
    }
