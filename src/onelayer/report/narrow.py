"""A chart in the form that it has on a phone: as wide as one, its letters as large as before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from io import StringIO
from textwrap import wrap
from typing import Any, Final

import polars as pl

from onelayer.diagnosis.statistics import extremes
from onelayer.report import style

WIDTH: Final = 400
"""Pixels of the whole drawing."""

_TITLE, _ACROSS, _LABEL, _ENTRY = 50, 36, 20, 40
"""Letters of a line: of the title above and below a plot, of a row's name, of a legend's entry."""

_TICKS: Final = 4
_LINE: Final = 17
"""Pixels from one line of a row's name, or of the title above a plot, to the next."""

_LETTER: Final = 7.0
_MARGIN: Final = 50
"""Pixels of a letter, and beside a plot."""

_MOST_COLUMNS: Final = 9
"""Of cells with words in them."""

_POINTS: Final = 400
"""Of a line; two a column of pixels are enough."""

_Specification = dict[str, Any]


def narrowed(specification: _Specification) -> _Specification | None:
    """Return the specification of a chart for a narrow page.

    Parameters
    ----------
    specification : dict
        Of Vega-Lite. It is left as it is.

    Returns
    -------
    dict or None
        None where marks are placed by hand, in pixels, which is not for a chart to change, and
        where more cells stand side by side than the words in them have room for.
    """
    narrow = deepcopy(specification)
    channels = list(_channels(narrow))
    if any("scale" in channel and channel["scale"] is None for name, channel in channels
           if name in ("x", "y")):  # fmt: skip
        return None
    if any(name == "text" for name, _ in channels) and _columns(channels) > _MOST_COLUMNS:
        return None
    datasets = narrow.get("datasets", {})
    for layer in (narrow, *narrow.get("layer", ())):
        name = layer.get("data", narrow.get("data", {})).get("name")
        if _kind(layer) == "line" and isinstance(datasets.get(name), str):
            datasets[name] = _thinned(datasets[name])
    narrow["width"] = WIDTH
    narrow["autosize"] = {"type": "fit-x", "contains": "padding"}
    lines = 1
    above = max((len(wrap(c["title"], _TITLE)) for n, c in channels
                 if n == "y" and isinstance(c.get("title"), str)), default=1) - 1  # fmt: skip
    for name, channel in channels:
        if isinstance(title := channel.get("title"), str):
            channel["title"] = wrap(title, _ACROSS if name == "x" else _TITLE)
            if name == "y" and above and channel.get("axis", {}) is not None:
                channel["axis"] = {
                    **channel.get("axis", {}),
                    "titleY": style.TITLE_Y - _LINE * above,
                }
        if name in ("color", "strokeDash") and channel.get("legend") and "scale" in channel:
            _set_legend(channel)
            channel["legend"]["offset"] = style.LEGEND_OFFSET + _LINE * above
        axis = channel.get("axis")
        if isinstance(axis, dict):
            if name == "x" and "values" not in axis:
                axis["tickCount"] = min(axis.get("tickCount", _TICKS), _TICKS)
            if name == "x" and channel.get("sort"):
                _turn_labels(channel["sort"], axis)
            if name == "y" and channel.get("sort") and channel.get("title") is None:
                lines = max(lines, _wrap_labels(channel["sort"], axis))
    rows = max((len(c["sort"]) for n, c in channels if n == "y" and c.get("sort")), default=0)
    if lines > 1:
        narrow["height"] = max(narrow["height"], rows * lines * _LINE)
    return narrow


def _columns(channels: list[tuple[str, _Specification]]) -> int:
    return max((len(c["sort"]) for name, c in channels if name == "x" and c.get("sort")), default=0)


def _turn_labels(labels: list[str], axis: _Specification) -> None:
    """Let the names of columns stand askew where they have no room side by side."""
    if max(map(len, labels)) * _LETTER * len(labels) > WIDTH - _MARGIN:
        axis.update(labelAngle=-50, labelAlign="right", labelBaseline="middle")


def _kind(layer: _Specification) -> str | None:
    mark = layer.get("mark")
    return mark.get("type") if isinstance(mark, dict) else mark


def _thinned(rows: str) -> str:
    """Return the rows of lines without those that so few pixels cannot show; extremes stay."""
    frame = pl.read_json(StringIO(rows))
    if frame.height <= _POINTS or "value" not in frame.columns:
        return rows
    lines = [name for name, kind in frame.schema.items() if kind == pl.String]
    parts = frame.partition_by(lines, maintain_order=True) if lines else [frame]
    return pl.concat(
        [part[extremes(part["value"].to_numpy(), _POINTS)] for part in parts]
    ).write_json()


def _channels(specification: _Specification) -> Iterator[tuple[str, _Specification]]:
    for layer in (specification, *specification.get("layer", ())):
        for name, channel in layer.get("encoding", {}).items():
            if isinstance(channel, dict):
                yield name, channel


def _set_legend(channel: _Specification) -> None:
    labels = channel["scale"].get("domain", ())
    if labels and "columns" in channel["legend"]:
        channel["legend"]["columns"] = style.legend_columns(labels, WIDTH)
        if max(map(len, labels)) > _ENTRY:
            broken = {label: wrap(label, _ENTRY) for label in labels}
            channel["legend"]["labelExpr"] = _looked_up(broken)


def _wrap_labels(labels: list[str], axis: _Specification) -> int:
    """Break the names of rows into lines; return how many the longest takes."""
    broken = {label: wrap(label, _LABEL) or [""] for label in map(str, labels)}
    axis["labelExpr"] = _looked_up(broken)
    return max(map(len, broken.values()))


def _looked_up(broken: dict[str, list[str]]) -> str:
    """Return the expression of Vega that shows a label in its lines."""
    return f"{json.dumps(broken)}[datum.label] || datum.label"
