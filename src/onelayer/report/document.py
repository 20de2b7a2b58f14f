"""The document model: what a report says, without how it looks.

A report is a value. :func:`onelayer.report.html.to_html` and :func:`onelayer.report.pdf.to_pdf`
both read it and nothing else, so the page and the paper cannot disagree.

Text comes in three kinds. *Titles* and facts' names are plain text. *Math* is Typst math notation
without dollar signs. Everything else is *inline text*: plain text in which a span between backticks
is code and a span between dollar signs is Typst math (:mod:`onelayer.report.inline` holds the
rules; :func:`~onelayer.report.inline.literal` protects text that comes from outside).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from onelayer.report.figure import Figure

Alignment: TypeAlias = Literal["left", "right", "center"]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of inline text."""

    text: str


@dataclass(frozen=True)
class Formula:
    """A displayed formula in Typst math notation."""

    math: str


@dataclass(frozen=True, eq=False)
class FigureBlock:
    """A figure with its caption (inline text); :mod:`onelayer.report.numbering` numbers it."""

    figure: Figure
    caption: str


@dataclass(frozen=True)
class Table:
    """A table of inline texts.

    Parameters
    ----------
    columns
        The column heads.
    rows
        As many cells a row as there are columns.
    caption
        Inline text, or None.
    align
        One alignment a column. None: columns that hold only numbers are set right, others left.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str | None = None
    align: tuple[Alignment, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a table whose rows or alignments do not fit its columns."""
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"table row {number} has {len(row)} cells for {len(self.columns)} columns"
                )
        if self.align is not None and len(self.align) != len(self.columns):
            raise ValueError(f"{len(self.align)} alignments for {len(self.columns)} columns")


@dataclass(frozen=True)
class Note:
    """A remark set apart from the text."""

    kind: Literal["info", "warning"]
    text: str


@dataclass(frozen=True)
class DerivationBlock:
    """A derivation: what is claimed, the signs used, the steps with their reasons, the result.

    Parameters
    ----------
    title
        Plain text.
    statement
        Inline text: what is derived.
    notation
        Pairs of math and its meaning (inline text).
    steps
        Math, the reason that allows the step, and how it was checked (inline texts). Steps are
        aligned at an ``&``, or at the first ``=`` outside brackets.
    result
        Math.
    verified
        Inline text: how the steps were checked.
    """

    title: str
    statement: str
    notation: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, str, str], ...]
    result: str
    verified: str


@dataclass(frozen=True, eq=False)
class Interactive:
    """Something for a reader's hand, and what stands in its place on paper and without scripts.

    Parameters
    ----------
    kind
        The name of its script in ``templates/scripts/interactives`` and of its style in
        ``templates/styles/interactives``.
    data
        What the script shows: values that JSON knows, and arrays as :mod:`onelayer.report.packed`
        writes them.
    still
        Blocks that say the same without scripts.
    anchor
        What links to it name; empty where none does.
    """

    kind: str
    data: Mapping[str, Any]
    still: tuple["Block", ...]
    anchor: str = ""


@dataclass(frozen=True, eq=False)
class Fold:
    """What is folded away until a reader asks for it, and in small print on paper.

    Parameters
    ----------
    title
        Plain text: what opens it.
    blocks
        What it holds.
    file
        The name of a file in the same folder that holds more, or None.
    """

    title: str
    blocks: tuple["Block", ...]
    file: str | None = None


@dataclass(frozen=True)
class Card:
    """An answer in a sentence, with a small drawing of what is behind it.

    Parameters
    ----------
    question
        Plain text.
    verdict
        Plain text, a word or two; may be empty.
    text
        Inline text, a sentence.
    picture
        An SVG drawing in the colours of :mod:`onelayer.report.style`, or None.
    to
        Numbers of the chapter and of the section in it that say more, from 1; or None.
    """

    question: str
    verdict: str
    text: str
    picture: str | None = None
    to: tuple[int, int] | None = None


@dataclass(frozen=True)
class Answers:
    """The answers of a study at a glance."""

    cards: tuple[Card, ...]


Block: TypeAlias = (
    Paragraph
    | Formula
    | FigureBlock
    | Table
    | Note
    | DerivationBlock
    | Interactive
    | Fold
    | Answers
)


@dataclass(frozen=True, eq=False)
class Section:
    """One question, what was measured, and the answer.

    Parameters
    ----------
    title
        Plain text.
    question
        Inline text, or None for a section that asks nothing.
    blocks
        What is shown.
    answer
        What follows from it; set apart. Empty: no answer box.
    """

    title: str
    question: str | None
    blocks: tuple[Block, ...]
    answer: tuple[Block, ...] = ()


@dataclass(frozen=True, eq=False)
class Chapter:
    """A titled group of sections."""

    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, eq=False)
class Document:
    """A whole report.

    Parameters
    ----------
    title, subtitle
        Plain text.
    lead
        What the reader should know after half a minute.
    chapters
        The body.
    facts
        Pairs of name (plain) and value (inline): how the run was made.
    footer
        Inline text.
    """

    title: str
    subtitle: str
    lead: tuple[Block, ...]
    chapters: tuple[Chapter, ...]
    facts: tuple[tuple[str, str], ...] = ()
    footer: str = ""

    def blocks(self) -> Iterator[Block]:
        """Yield every block in reading order, and after one that holds others those."""
        yield from unfolded(self.lead)
        for chapter in self.chapters:
            for section in chapter.sections:
                yield from unfolded(section.blocks)
                yield from unfolded(section.answer)

    def interactives(self) -> tuple[Interactive, ...]:
        """Return what a reader's hand can use, in reading order."""
        return tuple(block for block in self.blocks() if isinstance(block, Interactive))

    def pictures(self) -> tuple[str, ...]:
        """Return the small drawings of the answers, in reading order."""
        cards = [card for each in self.blocks() if isinstance(each, Answers) for card in each.cards]
        return tuple(card.picture for card in cards if card.picture is not None)

    def figures(self) -> tuple[Figure, ...]:
        """Return the figures in reading order; figure n of the page is number n - 1 here."""
        return tuple(block.figure for block in self.blocks() if isinstance(block, FigureBlock))


def unfolded(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks in reading order, and after one that holds others those."""
    for block in blocks:
        yield block
        if isinstance(block, Interactive):
            yield from unfolded(block.still)
        if isinstance(block, Fold):
            yield from unfolded(block.blocks)
