"""Typst formulas to MathML, all of a page's in one compilation."""

import re
from collections.abc import Iterable
from typing import Any, Final

from markupsafe import Markup

from onelayer.report import typesetting
from onelayer.report.latex import latex

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
        self._formulas = {key: Markup(found[place]) for place, key in enumerate(keys)}
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
