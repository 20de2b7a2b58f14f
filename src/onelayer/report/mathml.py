"""Typst formulas to MathML, all of a page's in one compilation."""

import re
from collections.abc import Iterable
from typing import Any, Final
from xml.etree import ElementTree as ET

from markupsafe import Markup

from onelayer.report import typesetting
from onelayer.report.latex import TALL, latex

_FORMULA: Final = re.compile(r'<div id="formula-(\d+)">(.*?)</div>', re.DOTALL)
# Typst writes accents as combining characters, which browsers misplace in fonts without a table of
# mathematics. The characters that stand alone are right in every font.
_ACCENT: Final = re.compile("<mo>([\u0302\u0303\u0304\u0305\u0307])</mo>(?=</mover>)")
_STANDALONE: Final = {
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "\u00af",
    "\u0305": "\u00af",
    "\u0307": "\u02d9",
}
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


_FENCES: Final = "()[]{}|‖"


def _with_small_brackets(formula: str) -> str:
    """Return a formula in which brackets stay small around what is no taller than they are.

    A browser gives brackets that may grow the width of the largest, whatever they grow to.
    """
    root = ET.fromstring(formula)
    for row in root.iter("mrow"):
        ends = [row[0], row[-1]] if len(row) > 1 else []
        fenced = all(end.tag == "mo" and (end.text or " ") in _FENCES for end in ends)
        if fenced and not any(part.tag in TALL for part in row.iter()):
            for end in ends:
                end.set("stretchy", "false")
    return ET.tostring(root, encoding="unicode")


class MathML:
    """The formulas of one page.

    Parameters
    ----------
    nodes
        Pieces of mathematics of a view (:mod:`onelayer.report.view`).

    Raises
    ------
    OnelayerError
        If Typst refuses one of them; the message names it.
    """

    def __init__(self, nodes: Iterable[dict[str, Any]]) -> None:
        keys = list(dict.fromkeys((node["math"], node["display"]) for node in nodes))
        formulas = [{"math": math, "display": display} for math, display in keys]
        page = typesetting.compile_mathematics(
            "formulas.typ", {"formulas": formulas}, "html", [math for math, _ in keys]
        ).decode()
        page = _ACCENT.sub(
            lambda accent: f'<mo stretchy="false">{_STANDALONE[accent[1]]}</mo>', page
        )
        found = {int(number): content for number, content in _FORMULA.findall(page)}
        self._formulas = {
            key: Markup(_with_small_brackets(found[place])) for place, key in enumerate(keys)
        }
        style = _STYLE.search(page)
        #: The style sheet that the formulas need, once a page.
        self.style = Markup(style[1] if style and keys else "")

    def __bool__(self) -> bool:
        """Whether there is any formula."""
        return bool(self._formulas)

    def latex(self, lines: Iterable[dict[str, Any]]) -> str:
        """Return lines of a view as LaTeX: one formula, or several that are aligned."""
        sides = [[self._latex(line[side]) for side in ("left", "right")] for line in lines]
        if len(sides) == 1:
            return " ".join(filter(None, sides[0]))
        rows = " \\\\\n".join(f"{left} & {right}".strip() for left, right in sides)
        return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"

    def _latex(self, node: dict[str, Any] | None) -> str:
        return "" if node is None else latex(self(node))

    def __call__(self, node: dict[str, Any]) -> Markup:
        """Return the ``<math>`` element of a piece of mathematics."""
        return self._formulas[node["math"], node["display"]]
