"""The page that sets two studies side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onelayer.diagnosis import Finding
from onelayer.diagnosis.pairs import Pair
from onelayer.diagnosis.words import count, percent, signed, span
from onelayer.report.changes import Changed, changes
from onelayer.report.document import (
    Block,
    Chapter,
    Document,
    FigureBlock,
    Note,
    Paragraph,
    Section,
    Table,
)
from onelayer.report.figure import file_stem
from onelayer.report.figures import both_curves
from onelayer.report.inline import code, literal
from onelayer.report.settings import settings_section
from onelayer.study import Outcome, RunOutcome
from onelayer.words import first_few, fixed

MOST_DRAWN = 12
"""Curves of so many runs are laid over one another, those whose losses differ most."""

_NONE = "–"


@dataclass(frozen=True, eq=False)
class Side:
    """One of two studies.

    Attributes
    ----------
    name : str
        What the page calls it: the two differ.
    outcome : Outcome
    findings : tuple of Finding
    """

    name: str
    outcome: Outcome
    findings: tuple[Finding, ...]


Sides = tuple[Side, Side]


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
    settings = settings_section(sides, [pair.name for pair in pairs])
    results = [_finals(sides, pairs, notes), *_curves(sides, pairs)]
    if alone := _alone(sides, pairs):
        results.append(alone)
    return Document(
        title=f"{first.name} and {second.name}",
        subtitle="Two studies side by side",
        lead=_lead(sides, pairs, changed),
        chapters=(
            Chapter("What was asked", (settings,)),
            Chapter("What came of it", tuple(results)),
            Chapter("What was found", (_findings(sides, changed),)),
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


def _lead(sides: Sides, pairs: Sequence[Pair], changed: Changed) -> tuple[Block, ...]:
    names = tuple(side.name for side in sides)
    if not pairs:
        return (Note("warning", literal(f"{names[0]} and {names[1]} have no run in common.")),)
    alike = [pair for pair in pairs if pair.has_same_history]
    apart = [p for p in pairs if p.accuracy is not None and p.accuracy.is_told_apart]
    said = [
        f"{names[0]} and {names[1]} have {count(len(pairs), 'run')} in common"
        + (f"; {len(alike)} of them made the same steps, bit for bit." if alike else ".")
    ]
    if apart:
        most = max(apart, key=lambda pair: abs(_difference(pair)))
        said.append(
            f"The validation accuracy of {first_few([p.name for p in apart], str)} differs by more "
            f"than chance explains; most that of {most.name}, by {signed(_difference(most))} points "
            f"from {percent(_accuracy(most.first))} to {percent(_accuracy(most.second))}."
        )
    else:
        said.append("No run's validation accuracy differs by more than chance explains.")
    said.append(f"Of the findings {changed.in_words}.")
    return tuple(Paragraph(literal(text)) for text in said)


def _difference(pair: Pair) -> float:
    assert pair.accuracy is not None
    return pair.accuracy.difference


def _accuracy(run: RunOutcome) -> float:
    accuracy = run.record.final.val_accuracy
    assert accuracy is not None
    return accuracy


def _finals(sides: Sides, pairs: Sequence[Pair], notes: Sequence[str]) -> Section:
    one, other = (literal(side.name) for side in sides)
    head = ("run", one, other, "difference", "interval")
    accuracies = Table(
        head, tuple(_accuracies(pair) for pair in pairs),
        "Validation accuracy of the weights that are kept, differences in percentage points.",
        ("left", *("right",) * 4),
    )  # fmt: skip
    losses = Table(
        head, tuple(_losses(pair) for pair in pairs),
        "Validation loss of the weights that are kept.", ("left", *("right",) * 4),
    )  # fmt: skip
    ends = Table(
        ("run", f"{one}: ended by", "steps", f"{other}: ended by", "steps"),
        tuple(_ends(pair) for pair in pairs),
        "How the runs ended.", ("left", "left", "right", "left", "right"),
    )  # fmt: skip
    together = f"Intervals cover 95% for all {len(pairs)} runs together" if len(pairs) > 1 else (
        "Intervals cover 95%"
    )  # fmt: skip
    how = [
        Paragraph(literal(
            f"{together}; differences are {sides[1].name} less {sides[0].name}. They speak of "
            "other examples of the same kind, not of other seeds."
        ))
    ]  # fmt: skip
    blocks: list[Block] = [accuracies, losses, ends] if pairs else []
    answer = tuple(Note("info", literal(note)) for note in notes)
    question = "Do the models of the same run differ?"
    return Section("Final numbers", question, tuple([*blocks, *how] if pairs else blocks), answer)


def _accuracies(pair: Pair) -> tuple[str, ...]:
    numbers = (pair.first.record.final.val_accuracy, pair.second.record.final.val_accuracy)
    shown = tuple(_NONE if value is None else percent(value) for value in numbers)
    change = pair.accuracy
    if change is None:
        return code(pair.name), *shown, _NONE, _NONE
    within = _NONE if change.interval is None else span(change.interval)
    return code(pair.name), *shown, signed(change.difference), within


def _losses(pair: Pair) -> tuple[str, ...]:
    numbers = (pair.first.record.final.val_loss, pair.second.record.final.val_loss)
    shown = tuple(_NONE if value is None else fixed(value) for value in numbers)
    change = pair.loss
    if change is None:
        return code(pair.name), *shown, _NONE, _NONE
    within = _NONE
    if change.interval is not None:
        within = " to ".join(_minus(fixed(end)) for end in change.interval)
    return code(pair.name), *shown, _minus(fixed(change.difference)), within


def _ends(pair: Pair) -> tuple[str, ...]:
    cells: list[str] = [code(pair.name)]
    for run in (pair.first, pair.second):
        cells += [str(run.record.stop_reason), f"{run.record.steps:,}"]
    return tuple(cells)


def _minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text


def _curves(sides: Sides, pairs: Sequence[Pair]) -> list[Section]:
    """Lay the curves of each run over one another, where they differ."""
    labels = sides[0].name, sides[1].name
    evaluated = [p for p in pairs if p.first.record.best and p.second.record.best]
    alike = [pair.name for pair in evaluated if pair.has_same_history]
    differ = [pair for pair in evaluated if not pair.has_same_history]
    by_size = sorted(differ, key=lambda p: -abs(p.loss.difference) if p.loss else 0.0)
    drawn = {pair.name for pair in by_size[:MOST_DRAWN]}
    blocks: list[Block] = []
    for pair in differ:
        if pair.name not in drawn:
            continue
        for what in ("validation loss", "validation accuracy"):
            figure = both_curves(
                pair.first.history, pair.second.history, labels, what,
                title=f"{what.capitalize()} of {pair.name}",
                name=file_stem(what.replace(" ", "-"), pair.name),
            )  # fmt: skip
            blocks.append(FigureBlock(figure, f"{code(pair.name)} in both studies."))
    if left := [pair.name for pair in differ if pair.name not in drawn]:
        blocks.append(Note("info", literal(
            f"Not drawn, since their final losses differ least: {first_few(left, str)}."
        )))  # fmt: skip
    if alike:
        blocks.append(Paragraph(literal(
            f"The same curves in both studies, bit for bit: {first_few(alike, str)}."
        )))  # fmt: skip
    if not blocks:
        return []
    return [Section("Curves", "Where do the runs part?", tuple(blocks))]


def _alone(sides: Sides, pairs: Sequence[Pair]) -> Section | None:
    """List the runs that only one study has."""
    both = {pair.name for pair in pairs}
    rows = tuple(
        (code(run.name), literal(side.name), str(run.record.stop_reason), *_kept(run))
        for side in sides for run in side.outcome.runs if run.name not in both
    )  # fmt: skip
    if not rows:
        return None
    table = Table(
        ("run", "study", "ended by", "validation loss", "validation accuracy"), rows,
        "By the weights that are kept.", ("left", "left", "left", "right", "right"),
    )  # fmt: skip
    return Section("Runs of one study alone", None, (table,))


def _kept(run: RunOutcome) -> tuple[str, str]:
    final = run.record.final
    return (
        _NONE if final.val_loss is None else fixed(final.val_loss),
        _NONE if final.val_accuracy is None else percent(final.val_accuracy),
    )


def _findings(sides: Sides, changed: Changed) -> Section:
    blocks: list[Block] = []
    for title, pairs in changed.kinds(sides[0].name, sides[1].name):
        if not pairs:
            continue
        rows: list[tuple[Any, ...]] = []
        for finding in pairs:
            of = f" ({first_few(finding.runs, str)})" if finding.runs else ""
            rows.append((
                literal(f"{finding.code} {finding.title}{of}"),
                *(literal(said) for said in finding.said),
            ))  # fmt: skip
        table = Table(
            ("looked for", *(literal(side.name) for side in sides)), tuple(rows), literal(title),
            ("left",) * 3,
        )  # fmt: skip
        blocks.append(table)
    answer = Paragraph(literal(f"Of the findings {changed.in_words}."))
    return Section(
        "Findings that changed", "What was found in one study and not in the other?",
        tuple(blocks), (answer,),
    )  # fmt: skip
