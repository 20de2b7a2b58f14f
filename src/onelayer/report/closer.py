"""A closer look at curves: every point, to be zoomed, panned, hovered and switched.

The page holds the points of a figure as CSV and a Vega-Lite specification without data; its script
puts them together when a reader asks for it. Until then, and where scripts are off, there is the
drawing. Nothing is thinned: a dip of one step is there.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import vl_convert

from onelayer.report import style

_OVERVIEW_HEIGHT: Final = 56
_DIGITS: Final = 5

_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
_VARIABLES: Final = {colour.light: colour.variable for colour in style.PALETTE}


@dataclass(frozen=True, eq=False)
class Points:
    """What a closer look shows.

    Parameters
    ----------
    data
        ``step, epoch, series, value``, the last finite; on a logarithmic scale also positive.
    colours
        The series in their order, with their colours.
    title
        Of the y axis.
    logarithmic
        Whether the y axis is.
    """

    data: pl.DataFrame
    colours: Mapping[str, style.Colour]
    title: str
    logarithmic: bool = False

    def csv(self) -> str:
        """Return the points as CSV, values with five digits."""
        value = pl.col("value").round_sig_figs(_DIGITS)
        return self.data.select("step", "epoch", "series", value).write_csv()

    def specification(self) -> str:
        """Return the chart as JSON, for a page that gives it the data and the colours."""
        text = json.dumps(_specification(self), ensure_ascii=False, separators=(",", ":"))
        # In the page colours are the variables of its theme.
        return _COLOUR.sub(_variable, text)


def _variable(colour: re.Match[str]) -> str:
    variable = _VARIABLES.get(colour[0])
    return f"var({variable})" if variable else colour[0]


def library() -> str:
    """Return the program that draws such charts."""
    bundle: str = vl_convert.javascript_bundle(None)  # type: ignore[arg-type] # it may be None
    return bundle


def _specification(points: Points) -> dict[str, Any]:
    labels, colours = list(points.colours), [c.light for c in points.colours.values()]
    scale = {"type": "log"} if points.logarithmic else {"zero": False}
    y: dict[str, Any] = {"field": "value", "type": "quantitative", "title": points.title,
                         "scale": {**scale, "nice": False}}  # fmt: skip
    x: dict[str, Any] = {"field": "step", "type": "quantitative", "title": "step",
                         "axis": {"format": ",d", "tickMinStep": 1}}  # fmt: skip
    colour: dict[str, Any] = {
        "field": "series", "type": "nominal", "scale": {"domain": labels, "range": colours},
    }  # fmt: skip
    shown = {"condition": {"param": "shown", "value": 1}, "value": 0.06}
    near = {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0}
    part = {**x, "scale": {"domain": {"param": "part"}, "nice": False}}
    detail = {
        "width": style.WIDTH - 40,
        "height": style.HEIGHT - 60,
        "transform": [{"filter": {"param": "part"}}],
        "layer": [
            {
                "params": [{"name": "shown", "bind": "legend",
                            "select": {"type": "point", "fields": ["series"]}}],
                "mark": {"type": "line", "clip": True, "strokeWidth": 1.5},
                "encoding": {"x": part, "y": y, "color": colour, "opacity": shown},
            },
            {
                "params": [{"name": "near", "select": {
                    "type": "point", "nearest": True, "on": "pointerover", "clear": "pointerout"}}],
                "mark": {"type": "point", "filled": True, "size": 70, "clip": True,
                         "tooltip": {"content": "data"}},
                "encoding": {"x": part, "y": y, "color": colour, "opacity": near},
            },
        ],
    }  # fmt: skip
    overview = {
        "width": style.WIDTH - 40,
        "height": _OVERVIEW_HEIGHT,
        "params": [{"name": "part", "select": {"type": "interval", "encodings": ["x"]}}],
        "mark": {"type": "line", "strokeWidth": 1},
        "encoding": {
            "x": {**x, "scale": {"nice": False}, "title": "drag here to see a part"},
            "y": {**y, "title": None, "axis": None},
            "color": {**colour, "legend": None},
        },
    }
    return {
        "config": {**style.config(), "background": None},
        "vconcat": [detail, overview],
        "resolve": {"scale": {"color": "independent"}},
    }
