"""OL302: which of several runs may be the best, on as many validation examples as there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Exhibit, Span, Spans
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.statistics import PairedAccuracies, set_of_best
from onelayer.diagnosis.subjects.choices import candidates, most_accurate, val_accuracy
from onelayer.diagnosis.words import count, percent, points
from onelayer.study import RunOutcome
from onelayer.words import listed

LEAST_EXAMPLES = 40

SHOWN = 12
"""Runs in the figure, the closest to the best."""

MOST_NAMED = 8


@dataclass(frozen=True)
class Behind:
    """A run beside the one that looks best.

    Attributes
    ----------
    run : str
    val_accuracy : float
    difference : float
        How far it is behind.
    interval : (float, float)
        Of 95% of this comparison alone; it covers the difference over all examples of which the
        validation examples are a random sample.
    may_be_best : bool
    """

    run: str
    val_accuracy: float
    difference: float
    interval: tuple[float, float]
    may_be_best: bool


@dataclass(frozen=True)
class BestOfSeveral(Measurement):
    """The run that looks best, and those that may be as good.

    Attributes
    ----------
    examples : int
    picked : str
        The run with the highest validation accuracy.
    val_accuracy : float
        Its own.
    may_be_best : tuple of str
        With 95% confidence the truly most accurate run is among these.
    simplest : str
        Of these the one with the largest λ.
    others : tuple of Behind
    """

    code: ClassVar[str] = "OL302"
    check: ClassVar[str] = "best-of-several"
    title: ClassVar[str] = "A best run that cannot be told from others"

    examples: int
    picked: str
    val_accuracy: float
    may_be_best: tuple[str, ...]
    simplest: str
    others: tuple[Behind, ...]

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return how far the others are behind."""
        rows = tuple(
            Span(each.run, 100 * each.difference, 100 * each.interval[0], 100 * each.interval[1])
            for each in sorted(self.others, key=lambda each: each.difference)[:SHOWN]
        )
        caption = (
            "Intervals of 95%, each of its own comparison on the same "
            f"{count(self.examples, 'validation example')}; one that holds 0 cannot be told from "
            "the best."
        )
        axis = "validation accuracy behind the best (percentage points)"
        title = "How far the others are behind the best"
        return (Spans(title, caption, axis, rows, 0.0),)


def look(context: Context) -> list[Finding]:
    """Report on each group of runs on the same validation examples."""
    return [_finding(context, runs) for runs in candidates(context.outcome) if len(runs) > 1]


def _finding(context: Context, runs: list[RunOutcome]) -> Finding:
    names = tuple(run.name for run in runs)
    correct = {run.name: context.correct(run) for run in runs}
    n = len(correct[names[0]])
    if n < LEAST_EXAMPLES:
        return CHECK.cant_tell(
            names,
            f"{count(n, 'validation example')} are too few to compare "
            f"{len(runs)} runs; at least {LEAST_EXAMPLES} are needed.",
        )
    picked = most_accurate(runs)
    members = [runs[i] for i in set_of_best(list(correct.values()))]
    simplest = max(members, key=lambda run: run.record.config.l2)
    others = []
    for run in runs:
        if run is not picked:
            pair = PairedAccuracies.of(correct[picked.name], correct[run.name])
            others.append(
                Behind(run.name, val_accuracy(run), pair.difference, pair.interval(),
                       run in members)
            )  # fmt: skip
    measurement = BestOfSeveral(
        n, picked.name, val_accuracy(picked), tuple(run.name for run in members), simplest.name,
        tuple(others),
    )  # fmt: skip
    start = (
        f"Of {count(len(runs), 'run')} {picked.called} was picked as the best: its accuracy on the "
        f"{n:,} validation examples is the highest, {percent(val_accuracy(picked))}."
    )
    if len(members) == 1:
        nearest = min(others, key=lambda other: other.difference)
        following = next(run.called for run in runs if run.name == nearest.run)
        return CHECK.clear(
            names,
            f"{start} It is ahead of every other beyond chance, with 95% confidence; the next is "
            f"{following}, {points(nearest.difference)} behind.",
            measurement,
        )
    tied = [run.called for run in members if run is not picked]
    said = (
        listed(tied) if len(tied) <= MOST_NAMED
        else f"{listed(tied[:MOST_NAMED])} and {len(tied) - MOST_NAMED} more"
    )  # fmt: skip
    farthest = points(max(o.difference for o in others if o.may_be_best))
    behind = f"is {farthest}" if len(tied) == 1 else f"are at most {farthest}"
    return CHECK.found(
        names,
        f"{start} But {said} {behind} behind, and chance can do that: with 95% confidence the "
        f"truly most accurate run is one of these {len(members)}.",
        measurement,
        severity=Severity.INFO,
        advice=_advice(members, simplest),
    )


def _advice(members: list[RunOutcome], simplest: RunOutcome) -> str:
    if len({run.record.config.l2 for run in members}) == 1:
        return "Choose among them by something else than this accuracy, or validate on more."
    return (
        f"Of those that may be the best, {simplest.called} is the simplest, with λ = "
        f"{simplest.record.config.l2:g}; or validate on more examples."
    )


CHECK = Check(
    BestOfSeveral,
    look,
    "McNemar's mid-p test of every two runs on the same examples, one-sided, with Bonferroni's "
    "correction for being picked (after Hsu, 1984).",
    ("the validation examples are a random sample",),
    covers="95%, of each comparison alone, for the difference of accuracies over all examples of "
    "which the validation examples are a random sample; the set of those that may be the "
    "best holds the best with 95% confidence",
)
