"""A document as one HTML file that needs nothing else."""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

import jinja2
from markupsafe import Markup

from onelayer.report import packed, style, svg
from onelayer.report.document import Document, FigureBlock, unfolded
from onelayer.report.mathml import MathML
from onelayer.report.typesetting import font, parts, template
from onelayer.report.view import math_nodes, view

_ENVIRONMENT: Final = jinja2.Environment(
    loader=jinja2.FunctionLoader(template),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

STYLES: Final = (
    "page", "contents", "controls", "derivations", "folds", "answers", "interactives",
)  # fmt: skip
SCRIPTS: Final = (
    "theme", "contents", "scrollers", "packed", "derivations", "elements", "interactives",
)  # fmt: skip


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
        [
            Markup(svg.inline(form, prefix=f"f{number}{'n' * place}-"))
            for place, form in enumerate(forms)
        ]
        for number, forms in enumerate(_forms(document), start=1)
    ]
    pictures = [
        Markup(svg.inline(picture, prefix=f"p{number}-"))
        for number, picture in enumerate(document.pictures(), start=1)
    ]
    interactives = document.interactives()
    kinds = sorted({each.kind for each in interactives})
    return _ENVIRONMENT.get_template("page.html.j2").render(
        page=page,
        math=math,
        math_font=font("mathematics.woff2") if math else "",
        pictures=pictures,
        drawings=drawings,
        # Each is taken once, in reading order.
        data=iter([packed.values(each.data) for each in interactives]),
        css=Markup(_templates("styles", STYLES, kinds, "css")),
        script=Markup(_templates("scripts", SCRIPTS, kinds, "js")),
        derivations=count(1),
        next=next,
        light=Markup(style.css_variables("light")),
        dark=Markup(style.css_variables("dark")),
    )


def _forms(document: Document) -> Iterator[list[str]]:
    """Yield the drawings of each figure: one, and another for a phone where it has a use.

    What stands behind an interactive is seen on paper and where scripts are off, and has none.
    """
    behind = {id(each) for own in document.interactives() for each in unfolded(own.still)}
    for block in document.blocks():
        if isinstance(block, FigureBlock):
            narrow = None if id(block) in behind else block.figure.narrow_svg()
            yield [block.figure.svg(), *([] if narrow is None else [narrow])]


def _templates(folder: str, always: Iterable[str], kinds: Iterable[str], suffix: str) -> str:
    """Return the page's own files, and those of the kinds of interactives that it has.

    The parts of a long one lie in a folder of its name, and come before it.
    """
    names = [*always]
    for kind in kinds:
        own = f"interactives/{kind}"
        names += [f"{own}/{part}" for part in parts(f"{folder}/{own}", suffix)] + [own]
    return "\n".join(template(f"{folder}/{name}.{suffix}") for name in names)
