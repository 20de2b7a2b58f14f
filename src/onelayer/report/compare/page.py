"""The page that sets two studies side by side."""

from __future__ import annotations

from collections.abc import Sequence

from onelayer.diagnosis.pairs import Pair
from onelayer.diagnosis.words import count
from onelayer.report.compare.changes import Changed, changes
from onelayer.report.compare.curves import curves
from onelayer.report.compare.findings import findings_that_changed
from onelayer.report.compare.numbers import change_in_words, final_numbers, runs_of_one
from onelayer.report.compare.settings import settings_in_words, settings_section
from onelayer.report.compare.side import Side, Sides
from onelayer.report.document import Block, Chapter, Document, Note, Paragraph
from onelayer.report.inline import literal
from onelayer.words import listed


def compare(first: Side, second: Side, pairs: Sequence[Pair], notes: Sequence[str]) -> Document:
    """Return the page of two studies.

    Parameters
    ----------
    pairs : sequence of Pair
        The runs that both have.
    notes : sequence of str
        What the reader should know of how they could be compared.
    """
    sides = first, second
    changed = changes(first.findings, second.findings, {pair.name for pair in pairs})
    names = [pair.name for pair in pairs]
    settings = settings_section(sides, names)
    results = [final_numbers(sides, pairs, notes), *curves(sides, pairs)]
    if alone := runs_of_one(sides, pairs):
        results.append(alone)
    return Document(
        title=f"{first.name} and {second.name}",
        subtitle="Two studies side by side",
        lead=_lead(sides, pairs, changed, settings_in_words(sides, names)),
        chapters=(
            Chapter("What was asked", (settings,)),
            Chapter("What came of it", tuple(results)),
            Chapter("What was found", (findings_that_changed(sides, changed),)),
        ),
        facts=tuple(
            (side.name, literal(f"{side.outcome.study.title}: {_examples(side)}")) for side in sides
        ),
        footer="Every number on this page comes from the two folders.",
    )


def _examples(side: Side) -> str:
    data = side.outcome.data
    return (
        f"{data['source']}, {data['train']:,} training and {data['validation']:,} validation "
        f"examples, {count(len(side.outcome.runs), 'run')}"
    )


def _lead(
    sides: Sides, pairs: Sequence[Pair], changed: Changed, settings: str
) -> tuple[Block, ...]:
    names = tuple(side.name for side in sides)
    if not pairs:
        return (Note("warning", literal(f"{names[0]} and {names[1]} have no run in common.")),)
    alike = [pair for pair in pairs if pair.has_same_history]
    apart = [p for p in pairs if p.accuracy is not None and p.accuracy.is_told_apart]
    said = [
        f"{names[0]} and {names[1]} have {count(len(pairs), 'run')} in common"
        + (f"; {len(alike)} of them made the same steps, bit for bit. " if alike else ". ")
        + settings
    ]
    if apart:
        most = max(apart, key=lambda pair: abs(_difference(pair)))
        which = f" most that of “{most.label}”," if len(apart) > 1 else ""
        which_differ = listed([f"“{pair.label}”" for pair in apart], 10)
        said.append(
            f"The validation accuracy of {which_differ} differs by more than chance explains,"
            f"{which} {change_in_words(most)}."
        )
    else:
        said.append("No run's validation accuracy differs by more than chance explains.")
    said.append(f"Of the findings {changed.in_words}.")
    return tuple(Paragraph(literal(text)) for text in said)


def _difference(pair: Pair) -> float:
    assert pair.accuracy is not None
    return pair.accuracy.difference
