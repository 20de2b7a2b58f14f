"""Charts to SVG, and SVG to a form that follows a page's theme.

The renderer numbers its clip paths through the life of the process and writes coordinates with
sixteen digits; both are put right here, so that the same chart gives the same bytes.
"""

import re
from html import escape
from typing import Any, Final, TypeAlias

import altair as alt
import vl_convert

from onelayer.report import style
from onelayer.report.narrow import narrowed
from onelayer.report.printable import printable, printable_json, printable_values

Drawing: TypeAlias = alt.Chart | alt.LayerChart

_TAG: Final = re.compile(r'<(?:[^>"]|"[^"]*")*>')
_LONG_NUMBER: Final = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
# One label speaks for the whole drawing; a screen reader would read each of these as well.
_INNER_LABELS: Final = re.compile(r' (?:aria-[a-z]+|role)="[^"]*"')
_CLASSES: Final = re.compile(r' (?:class="[^"]*"|pointer-events="none")')
_ROOT: Final = re.compile(r"<svg\b[^>]*>")
_ID: Final = re.compile(r'\bid="([^"]+)"')

_COLOUR: Final = re.compile(r'\b(fill|stroke|stop-color)="(#[0-9a-f]{6})"')
_VARIABLES: Final = {colour.light: colour.variable for colour in style.PALETTE}


def render(chart: Drawing, *, title: str, description: str) -> str:
    """Draw a chart in the light theme.

    Parameters
    ----------
    chart
        An Altair chart; the house style is applied here.
    title, description
        Plain text; become the drawing's ``<title>`` and ``<desc>``.

    Returns
    -------
    str
        A standalone SVG file.
    """
    return _drawn(_specification(chart), title, description)


def render_narrow(chart: Drawing, *, title: str, description: str) -> str | None:
    """Draw a chart as :func:`render` does, for a phone; None where its marks have fixed places."""
    narrow = narrowed(_specification(chart))
    return None if narrow is None else _drawn(narrow, title, description)


def _specification(chart: Drawing) -> dict[str, Any]:
    # The parts were validated when they were made; doing it again takes as long as drawing.
    return _printable(chart.to_dict(validate=False))


def _drawn(specification: dict[str, Any], title: str, description: str) -> str:
    raw = vl_convert.vegalite_to_svg(specification, config=style.config())
    drawing = _rename_ids(_TAG.sub(_tidy_tag, raw), "")
    head = (
        f'<title id="title">{escape(printable(title), quote=False)}</title>'
        f'<desc id="desc">{escape(printable(description), quote=False)}</desc>'
    )
    labelled = _ROOT.sub(
        lambda root: f'{root[0][:-1]} role="img" aria-labelledby="title desc">{head}',
        drawing,
        count=1,
    )
    return labelled + "\n"


def inline(svg: str, prefix: str) -> str:
    """Turn a drawing of :func:`render` into markup for the inside of an HTML page.

    Colours become the CSS variables of :mod:`onelayer.report.style`, ids start with ``prefix``,
    the width follows the page, and the label is left to the element around it.
    """
    root = _ROOT.search(svg)
    if root is None:
        raise ValueError("not an SVG drawing")
    width = re.search(r'\bwidth="([^"]+)"', root[0])
    view_box = re.search(r'\bviewBox="[^"]+"', root[0])
    if width is None or view_box is None:
        raise ValueError("the SVG drawing has no width or no viewBox")
    body = re.sub(r"<(title|desc)\b.*?</\1>", "", svg[root.end() :], flags=re.DOTALL)
    body = _rename_ids(body, prefix)
    body = _COLOUR.sub(_variable, body)
    # Decorative for assistive technology: the figure around it carries the description.
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{view_box[0]} width="100%" style="max-width:{float(width[1]) / 16:g}rem" '
        f'aria-hidden="true" focusable="false">{body.strip()}'
    )


def _printable(specification: dict[str, Any]) -> dict[str, Any]:
    """Return a chart's specification with every name in it printable.

    Here and nowhere else: all that is drawn comes by.
    """
    # Rows that are one JSON text, see `figures.base.inline_data`.
    rows = {
        name: printable_json(values) if isinstance(values, str) else printable_values(values)
        for name, values in specification.pop("datasets", {}).items()
    }
    return {**printable_values(specification), "datasets": rows}


def _tidy_tag(tag: re.Match[str]) -> str:
    text = tag[0]
    if text.startswith("<image"):
        return _INNER_LABELS.sub("", text)
    text = _CLASSES.sub("", _INNER_LABELS.sub("", text))
    return _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), text)


def _rename_ids(drawing: str, prefix: str) -> str:
    """Give the ids numbers in order of appearance, behind ``prefix``."""
    names = dict.fromkeys(_ID.findall(drawing))
    for number, name in enumerate(names, start=1):
        new = f"{prefix}c{number}"
        drawing = drawing.replace(f'id="{name}"', f'id="{new}"').replace(
            f"url(#{name})", f"url(#{new})"
        )
    return drawing


def _variable(attribute: re.Match[str]) -> str:
    variable = _VARIABLES.get(attribute[2])
    return f'{attribute[1]}="var({variable})"' if variable else attribute[0]
