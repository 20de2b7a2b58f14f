"""A formula's MathML as LaTeX, so that it can be copied: both come from the same Typst source.

It knows the elements and signs that Typst writes for the mathematics of this project, and refuses
others.
"""

import unicodedata
from html import unescape
from typing import Final
from xml.etree import ElementTree as ET

Element = ET.Element

_COMMANDS: Final = {
    "−": "-", "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∇": r"\nabla", "∂": r"\partial",
    "𝜕": r"\partial", "⋅": r"\cdot", "×": r"\times", "±": r"\pm", "∘": r"\circ", "≠": r"\ne",
    "≤": r"\le", "≥": r"\ge", "≪": r"\ll", "≫": r"\gg", "≈": r"\approx", "∝": r"\propto",
    "∈": r"\in", "∉": r"\notin", "∞": r"\infty", "→": r"\to", "←": r"\leftarrow",
    "⇒": r"\Rightarrow", "⇔": r"\Leftrightarrow", "⟺": r"\iff", "⟹": r"\implies",
    "⊤": r"\top", "⊥": r"\perp", "‖": r"\|", "∥": r"\|", "|": "|", "′": "'", "…": r"\dots",
    "⋯": r"\cdots", "ℓ": r"\ell", "ℎ": "h", "ℝ": r"\mathbb{R}", "{": r"\{", "}": r"\}",
    "%": r"\%", "&": r"\&", "#": r"\#", "_": r"\_", "\u2061": "", "\u2062": "",
}  # fmt: skip
_GREEK: Final = {
    letter: "\\" + unicodedata.name(letter).rpartition(" ")[2].lower().replace("lamda", "lambda")
    for letter in "αβγδεζηθικμνξπρστυφχψω"
} | {"λ": r"\lambda", "ϵ": r"\epsilon", "ϕ": r"\phi", "ε": r"\varepsilon", "φ": r"\varphi"}
_CAPITALS: Final = {
    c: "\\" + unicodedata.name(c).rpartition(" ")[2].capitalize() for c in "ΓΔΘΞΠΣΦΨΩ"
}
_FUNCTIONS: Final = ("ln", "log", "exp", "max", "min", "lim", "sup", "inf", "arg", "det")
_ACCENTS: Final = {"^": r"\hat", "~": r"\tilde", "\u00af": r"\bar", "\u02d9": r"\dot"}
TALL: Final = frozenset({"mfrac", "munderover", "munder", "mtable"})
"""Elements that brackets grow around."""

_FENCES: Final = {"(": ")", "[": "]", "{": "}", "|": "|", "‖": "‖"}


def latex(mathml: str) -> str:
    """Return a ``<math>`` element as LaTeX, without dollar signs.

    Raises
    ------
    ValueError
        If it holds an element or a sign that has no translation here.
    """
    return _tidy(_children(ET.fromstring(mathml)))


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _of(element: Element) -> str:
    parts = list(element)
    match element.tag:
        case "mi" | "mn" | "mo":
            return _signs(unescape(element.text or ""))
        case "mtext":
            return rf"\text{{{element.text or ''}}}"
        case "mspace":
            return r"\quad " if element.get("width") == "1em" else r"\;"
        case "mrow":
            return _row(element)
        case "mfrac":
            return rf"\frac{{{_inner(parts[0])}}}{{{_inner(parts[1])}}}"
        case "msqrt":
            return rf"\sqrt{{{_children(element)}}}"
        case "msub" | "munder":
            return f"{_base(parts[0])}_{_group(parts[1])}"
        case "msup" if parts[1].text == "′":
            return f"{_base(parts[0])}'"
        case "msup":
            return f"{_base(parts[0])}^{_group(parts[1])}"
        case "msubsup" | "munderover":
            return f"{_base(parts[0])}_{_group(parts[1])}^{_group(parts[2])}"
        case "mover":
            accent = _ACCENTS.get(parts[1].text or "")
            if accent is None:
                return rf"\overset{{{_inner(parts[1])}}}{{{_inner(parts[0])}}}"
            return f"{accent}{_group(parts[0])}"
        case "mtable":
            rows = (" & ".join(map(_children, row)) for row in parts)
            return r" \\ ".join(rows)
        case "mtr" | "mtd" | "math" | "semantics":
            return _children(element)
    raise ValueError(f"<{element.tag}> has no LaTeX here")


def _row(row: Element) -> str:
    """Return a row; brackets around what is tall grow with it."""
    parts = list(row)
    if parts and parts[0].tag == "mo" and parts[0].text == "{" and parts[-1].tag == "mtable":
        return rf"\begin{{cases}} {_of(parts[-1])} \end{{cases}}"
    fenced = (
        len(parts) > 2 and parts[0].tag == parts[-1].tag == "mo"
        and _FENCES.get(parts[0].text or "") == parts[-1].text
    )  # fmt: skip
    if fenced and any(each.tag in TALL for each in row.iter()):
        opened, closed = _of(parts[0]), _of(parts[-1])
        inside = " ".join(map(_of, parts[1:-1]))
        return rf"\left{opened} {inside} \right{closed}"
    return _children(row)


def _children(element: Element) -> str:
    return " ".join(map(_of, element))


def _inner(element: Element) -> str:
    return _tidy(_of(element))


def _base(element: Element) -> str:
    text = _inner(element)
    return text if len(element) == 0 or element.tag == "mover" else f"{{{text}}}"


def _group(element: Element) -> str:
    return f"{{{_inner(element)}}}"


def _signs(text: str) -> str:
    if text in _FUNCTIONS:
        return "\\" + text
    return " ".join(_sign(character) for character in text) if len(text) == 1 else _word(text)


def _word(text: str) -> str:
    if text.replace(".", "").replace(",", "").isdigit():
        return text.replace(",", "{,}")
    if text.isascii() and text.isalpha():
        return rf"\operatorname{{{text}}}"
    return " ".join(map(_sign, text))


def _sign(sign: str) -> str:
    if sign in _COMMANDS:
        return _COMMANDS[sign]
    plain = unicodedata.normalize("NFKC", sign)
    for names in (_COMMANDS, _GREEK, _CAPITALS):
        if plain in names:
            return names[plain]
    if len(plain) == 1 and plain.isascii() and plain.isprintable():
        return plain
    raise ValueError(f"{sign!r} (U+{ord(sign):04X}) has no LaTeX here")
