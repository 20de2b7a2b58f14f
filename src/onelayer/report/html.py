"""A document as one HTML file that needs nothing else."""

from typing import Final

import jinja2
from markupsafe import Markup

from onelayer.report import style, svg
from onelayer.report.closer import library
from onelayer.report.document import Document
from onelayer.report.mathml import MathML
from onelayer.report.typesetting import template
from onelayer.report.view import math_nodes, view

_ENVIRONMENT: Final = jinja2.Environment(
    loader=jinja2.FunctionLoader(template),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def to_html(document: Document) -> str:
    """Return the document as one self-contained HTML page.

    The page has a light and a dark theme, makes no request of any kind, and is the same text for
    the same document.

    Raises
    ------
    OnelayerError
        If a formula of the document is no Typst math; the message names it.
    """
    page = view(document)
    math = MathML(math_nodes(page))
    drawings = [
        Markup(svg.inline(figure.svg(), prefix=f"f{number}-"))
        for number, figure in enumerate(document.figures(), start=1)
    ]
    closer = {
        number: figure.points
        for number, figure in enumerate(document.figures(), start=1)
        if figure.points is not None
    }
    return _ENVIRONMENT.get_template("report.html.j2").render(
        page=page,
        math=math,
        drawings=drawings,
        closer={
            number: {"csv": _in_script(points.csv()), "chart": _in_script(points.specification())}
            for number, points in closer.items()
        },
        library=Markup(library()) if closer else "",
        css=Markup(template("report.css")),
        script=Markup(template("report.js")),
        light=Markup(style.css_variables("light")),
        dark=Markup(style.css_variables("dark")),
    )


def _in_script(text: str) -> Markup:
    """Return text for the inside of a script element that no program runs."""
    return Markup(text.replace("</", r"<\/"))
