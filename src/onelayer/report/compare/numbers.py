"""The numbers of the weights that are kept, in both studies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onelayer.diagnosis.pairs import Change, Pair
from onelayer.diagnosis.words import count, percent, signed, span
from onelayer.report.compare.side import Sides
from onelayer.report.document import Block, Note, Paragraph, Section, Table
from onelayer.report.inline import literal
from onelayer.study import RunOutcome
from onelayer.words import fixed

_NONE = "–"


def final_numbers(sides: Sides, pairs: Sequence[Pair], notes: Sequence[str]) -> Section:
    """Set the numbers of the models beside each other, and say which can be told apart."""
    one, other = (literal(side.name) for side in sides)
    paired = all(pair.paired for pair in pairs)
    head = ("run", one, other, "difference", "paired interval" if paired else "interval")
    together = (
        f"Intervals cover 95% for all {len(pairs)} runs together"
        if len(pairs) > 1
        else "Intervals cover 95%"
    )
    blocks: list[Block] = [
        Table(
            head, tuple(_accuracies(pair) for pair in pairs),
            "Validation accuracy of the weights that are kept, differences in percentage points.",
            ("left", *("right",) * 4),
        ),
        Table(
            head, tuple(_losses(pair) for pair in pairs),
            "Validation loss of the weights that are kept.", ("left", *("right",) * 4),
        ),
        Paragraph(literal(
            f"{together}; differences are {sides[1].name} less {sides[0].name}. They speak of "
            "other examples of the same kind, not of other seeds."
        )),
        *(Paragraph(literal(note)) for note in notes),
        Table(
            ("run", f"{one}: ended by", "steps", f"{other}: ended by", "steps"),
            tuple(_ends(pair) for pair in pairs),
            "How the runs ended.", ("left", "left", "right", "left", "right"),
        ),
    ]  # fmt: skip
    question = "Do the models of the same run differ?"
    if not pairs:
        none = Note("info", "The two have no run of the same name.")
        return Section("Final numbers", question, (none,))
    return Section("Final numbers", question, tuple(blocks), _apart(pairs))


def _apart(pairs: Sequence[Pair]) -> tuple[Block, ...]:
    """Say which models can be told apart by their accuracy."""
    apart = [p for p in pairs if p.accuracy is not None and p.accuracy.is_told_apart]
    said = [f"{pair.label}: {change_in_words(pair)}." for pair in apart]
    if rest := len(pairs) - len(apart):
        which = f"the other {count(rest, 'run')}" if apart else count(rest, "run")
        said.append(f"In {which} the two accuracies cannot be told apart.")
    return tuple(Paragraph(literal(text)) for text in said)


def _accuracies(pair: Pair) -> tuple[str, ...]:
    return _row(pair, "val_accuracy", pair.accuracy, percent, signed)


def _losses(pair: Pair) -> tuple[str, ...]:
    return _row(pair, "val_loss", pair.loss, fixed, lambda loss: _minus(fixed(loss)))


def _row(
    pair: Pair,
    number: str,
    change: Change | None,
    spell: Callable[[float], str],
    spell_change: Callable[[float], str],
) -> tuple[str, ...]:
    """Return a final number of both models, how much it changes, and the interval of that."""
    numbers = (getattr(run.record.final, number) for run in (pair.first, pair.second))
    shown = tuple(_NONE if value is None else spell(value) for value in numbers)
    if change is None:
        return literal(pair.label), *shown, _NONE, _NONE
    within = _NONE if change.interval is None else " to ".join(map(spell_change, change.interval))
    return literal(pair.label), *shown, spell_change(change.difference), within


def _ends(pair: Pair) -> tuple[str, ...]:
    cells: list[str] = [literal(pair.label)]
    for run in (pair.first, pair.second):
        cells += [str(run.record.stop_reason), f"{run.record.steps:,}"]
    return tuple(cells)


def _minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text


def change_in_words(pair: Pair) -> str:
    """Return a change of the accuracy in words."""
    change = pair.accuracy
    before, after = (run.record.final.val_accuracy for run in (pair.first, pair.second))
    assert change is not None
    assert change.interval is not None
    assert before is not None
    assert after is not None
    return (
        f"from {percent(before)} to {percent(after)}, by {signed(change.difference)} points "
        f"({span(change.interval)})"
    )


def runs_of_one(sides: Sides, pairs: Sequence[Pair]) -> Section | None:
    """List the runs that only one study has."""
    both = {pair.name for pair in pairs}
    rows = tuple(
        (literal(run.label), literal(side.name), str(run.record.stop_reason), *_kept(run))
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
