"""The document as plain dictionaries: numbered, inline text parsed, alignments decided.

The HTML template and the Typst template both walk this structure. It is made of dictionaries,
lists, strings, numbers and None only, so that it can be written as JSON. A piece of mathematics is
``{"kind": "math", "math": ..., "display": ...}`` wherever it occurs.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Final, TypeAlias

from onelayer.report import inline
from onelayer.report.alignment import lines_of
from onelayer.report.document import (
    Answers,
    Block,
    Card,
    Chapter,
    DerivationBlock,
    Document,
    FigureBlock,
    Fold,
    Formula,
    Interactive,
    Note,
    Paragraph,
    Section,
    Table,
)
from onelayer.report.numbering import figure_labels
from onelayer.report.printable import printable_values

Node: TypeAlias = dict[str, Any]

_NUMBER: Final = re.compile(
    r"[+\-−±≈<>≤≥]?\s*\d[\d,.\s]*(?:e[+\-−]?\d+|×\s10[⁻⁰¹²³⁴-⁹]+)?\s*(?:%|s|ms)?", re.IGNORECASE
)
_NOTHING: Final = ("", "-", "–", "—", "∞")
_SPACES: Final = "\t\n"

_TOGETHER: Final = re.compile(r"(?<=\S) (?:(=) (?=[−+]?\d)|([×−/]) (?=\S))")
"""Around the signs of short formulas in a text, as in "λ = 0.01" and "N × d"."""


class _Numbers:
    """What is numbered through the whole page: figures, and the pictures of answers."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.figures, self.pictures, self.labels = count(1), count(1), iter(labels)


def view(document: Document) -> Node:
    """Return the document as dictionaries; figures carry ``number``, from 1 in reading order.

    Their ``label`` is what they are called, on the page and on paper.

    Characters that cannot be printed are spelled out (:mod:`onelayer.report.printable`).
    """
    numbers = _Numbers(figure_labels(document))
    page: Node = {
        "title": document.title,
        "subtitle": document.subtitle,
        "lead": [_block(block, numbers) for block in document.lead],
        "chapters": [
            _chapter(chapter, number, numbers)
            for number, chapter in enumerate(document.chapters, start=1)
        ],
        "facts": [{"name": name, "value": _spans(value)} for name, value in document.facts],
        "footer": _spans(document.footer),
    }
    cleaned: Node = printable_values(page, keep=_SPACES)
    return cleaned


def math_nodes(node: object) -> Iterator[Node]:
    """Yield every piece of mathematics inside a view."""
    if isinstance(node, dict):
        if node.get("kind") == "math":
            yield node
        for value in node.values():
            yield from math_nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from math_nodes(value)


def _chapter(chapter: Chapter, number: int, numbers: _Numbers) -> Node:
    return {
        "number": f"{number}",
        "id": f"chapter-{number}",
        "title": chapter.title,
        "sections": [
            _section(section, f"{number}.{place}", f"section-{number}-{place}", numbers)
            for place, section in enumerate(chapter.sections, start=1)
        ],
    }


def _section(section: Section, number: str, anchor: str, numbers: _Numbers) -> Node:
    return {
        "number": number,
        "id": anchor,
        "title": section.title,
        "question": None if section.question is None else _spans(section.question),
        "blocks": [_block(block, numbers) for block in section.blocks],
        "answer": [_block(block, numbers) for block in section.answer],
    }


def _block(block: Block, numbers: _Numbers) -> Node:
    match block:
        case Paragraph(text):
            return {"kind": "paragraph", "spans": _spans(text)}
        case Formula(math):
            return {"kind": "formula", "formula": _math(math, display=True)}
        case FigureBlock(figure, caption):
            return {
                "kind": "figure",
                "number": next(numbers.figures),
                "label": next(numbers.labels),
                "title": figure.title,
                "alt": figure.alt,
                "caption": _spans(caption),
            }
        case Table():
            return _table(block)
        case Note(level, text):
            return {"kind": "note", "level": level, "spans": _spans(text)}
        case DerivationBlock():
            return _derivation(block)
        case Interactive(kind, _, still, anchor):
            return {
                "kind": "interactive",
                "interactive": kind,
                "anchor": anchor,
                "still": [_block(inner, numbers) for inner in still],
            }
        case Fold(title, blocks, file):
            return {
                "kind": "fold",
                "title": title,
                "blocks": [_block(inner, numbers) for inner in blocks],
                "file": file,
            }
        case Answers(cards):
            return {"kind": "answers", "cards": [_card(card, numbers) for card in cards]}


def _card(card: Card, numbers: _Numbers) -> Node:
    return {
        "question": card.question,
        "verdict": card.verdict,
        "spans": _spans(card.text),
        "picture": None if card.picture is None else next(numbers.pictures),
        "to": None if card.to is None else "section-{}-{}".format(*card.to),
        "number": None if card.to is None else "{}.{}".format(*card.to),
    }


def _table(table: Table) -> Node:
    align = table.align or tuple(
        "right" if _holds_numbers([row[place] for row in table.rows]) else "left"
        for place in range(len(table.columns))
    )
    return {
        "kind": "table",
        "align": list(align),
        "columns": [_spans(column) for column in table.columns],
        "rows": [[_spans(cell) for cell in row] for row in table.rows],
        "caption": None if table.caption is None else _spans(table.caption),
    }


def _derivation(block: DerivationBlock) -> Node:
    return {
        "kind": "derivation",
        "title": block.title,
        "statement": _spans(block.statement),
        "notation": [
            {"sign": _math(math, display=False), "meaning": _spans(meaning)}
            for math, meaning in block.notation
        ],
        "steps": [
            {
                "lines": [_line(*sides) for sides in lines_of(math)],
                "reason": _spans(reason),
                "check": _spans(check),
            }
            for math, reason, check in block.steps
        ],
        "result": _math(block.result, display=True),
        "verified": _spans(block.verified),
    }


def _line(left: str, right: str) -> Node:
    return {
        "left": _math(left, display=True) if left else None,
        "right": _math(right, display=True) if right else None,
    }


def _holds_numbers(cells: list[str]) -> bool:
    plain = [inline.plain(cell).strip() for cell in cells]
    numbers = [cell for cell in plain if _NUMBER.fullmatch(cell)]
    return bool(numbers) and all(cell in _NOTHING for cell in plain if cell not in numbers)


def _math(math: str, *, display: bool) -> Node:
    return {"kind": "math", "math": math, "display": display}


def _spans(text: str) -> list[Node]:
    return [
        _math(span.text, display=False)
        if span.kind == "math"
        else {"kind": span.kind, "text": _together(span.text) if span.kind == "text" else span.text}
        for span in inline.parse(text)
    ]


def _together(text: str) -> str:
    """Return a text in which no line ends within a short formula."""
    return _TOGETHER.sub(lambda found: f"\u00a0{found[1] or found[2]}\u00a0", text)
