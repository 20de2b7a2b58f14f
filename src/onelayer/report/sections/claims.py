"""What studies of this kind have claimed, each claim with its verdict on the data at hand.

A judge takes the material and returns whether a claim holds and what shows it, one sentence; None
where the study does not ask.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from onelayer.diagnosis import Answer, Finding, Measurement
from onelayer.diagnosis.checks.early_stopping import EarlyStop
from onelayer.diagnosis.checks.shuffling_speed import ShufflingSpeed
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.diagnosis.measures.l2_accuracies import SweepAccuracies
from onelayer.diagnosis.measures.l2_norms import SweepNorms
from onelayer.diagnosis.measures.overfitting import Overfitting
from onelayer.diagnosis.measures.pictures import WeightNoise
from onelayer.diagnosis.words import number, percent, points, span
from onelayer.report.document import Section, Table
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material, measured
from onelayer.study import SectionChoice

M = TypeVar("M", bound=Measurement)
Judged = tuple[str, str] | None

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be told"


def _first(material: Material, kind: type[M]) -> tuple[Finding, M] | None:
    """Return the first finding of a kind that measured something, those that found it first."""
    have = measured((f for f in material.findings if f.kind is kind), kind)
    return min(have, key=lambda pair: pair[0].answer is not Answer.FOUND, default=None)


def _batch(material: Material) -> Judged:
    if (have := _first(material, AccuracyDips)) is None:
        return None
    finding, dips = have
    if dips.culprit is None:
        return FAILS, f"No batch of {finding.runs[0]} is followed by dips."
    after = f"After batch {dips.batch} of {finding.runs[0]} the accuracy falls by"
    after += f" {points(dips.culprit.fall)}"
    if dips.verdict == "order":
        return FAILS, f"{after}; but it is the order: in another sequence the dip is gone."
    if dips.verdict == "examples":
        return FAILS, f"{after}; but it is single examples, in whatever batch they are."
    return HOLDS, f"{after}, wherever it stands in the sequence, and not at all without it."


def _shuffling(material: Material) -> Judged:
    have = _first(material, AccuracyDips)
    if have is None or have[1].culprit is None:
        return None
    own, anew = (have[1].interventions[i] for i in (0, 3))
    said = f"Shuffled in each epoch the fall is {points(anew.fall)} instead of {points(own.fall)}."
    return (HOLDS if anew.fall <= own.fall / 2 else FAILS), said


def _speed(material: Material) -> Judged:
    if (have := _first(material, ShufflingSpeed)) is None:
        return None
    finding, found = have
    early, end = found.at_steps[0], found.at_steps[-1]
    said = (
        f"The validation loss of {finding.runs[0]} when shuffled, against its own order: "
        f"{number(early.shuffled_loss)} against {number(early.own_loss)} after {early.step:,} "
        f"steps, {number(end.shuffled_loss)} against {number(end.own_loss)} after {end.step:,}."
    )
    return {Answer.FOUND: HOLDS, Answer.CLEAR: FAILS}.get(finding.answer, OPEN), said


def _early_stopping(material: Material) -> Judged:
    have = measured((f for f in material.findings if f.kind is EarlyStop), EarlyStop)
    stopped = [(f, stop) for f, stop in have if stop.loss_given_up is not None]
    if not stopped:
        return None
    said = "; ".join(
        f"{f.runs[0]} saved {percent(stop.saved, 0)} of its steps and gave up "
        f"{percent(stop.loss_given_up or 0.0, 1)} of the loss"
        for f, stop in stopped
    )
    costly = any(f.answer is Answer.FOUND for f, _ in stopped)
    return (FAILS if costly else HOLDS), f"{said}."


def _ahead(material: Material) -> Judged:
    have = measured((f for f in material.findings if f.kind is Overfitting), Overfitting)
    if not have:
        return None
    # The run with the smallest penalty of the largest model has the most to remember with.
    finding, found = max(have, key=lambda pair: pair[1].gap.memory_interval[0])
    low, high = found.gap.memory_interval
    said = (
        f"{finding.runs[0]} is {points(found.gap.memory)} ({span((low, high))}) better on examples "
        "that trained than on examples of the same kind that did not."
    )
    return (HOLDS if low > 0 else FAILS if high < 0.01 else OPEN), said


def _smooth(material: Material) -> Judged:
    have = _first(material, WeightNoise)
    if have is None or len(have[1].pictures) < 2:
        return None
    most, least = have[1].pictures[0], have[1].pictures[-1]
    said = (
        f"With λ = {most.l2:g} neighbouring pixels differ by {most.noise:.2f} of what unrelated "
        f"ones do, with λ = {least.l2:g} by {least.noise:.2f}."
    )
    return (HOLDS if most.noise < 0.9 * least.noise else FAILS), said


def _underfits(material: Material) -> Judged:
    have = _first(material, SweepAccuracies)
    if have is None or not have[1].from_largest:
        return None
    fall = max(have[1].from_largest, key=lambda step: step.at_minimum)
    said = (
        f"From λ = {fall.smaller:g} to {fall.l2:g} the accuracy of the minimum falls by "
        f"{points(fall.at_minimum)} on the validation examples and by "
        f"{points(fall.train_at_minimum)} on those that trained."
    )
    if fall.at_minimum_interval[0] <= 0:
        return FAILS, said
    return (HOLDS if fall.train_at_minimum_interval[0] > 0 else FAILS), said


def _norm(material: Material, power: int) -> Judged:
    have = _first(material, SweepNorms)
    if have is None:
        return None
    known = [slope for slope in have[1].slopes if slope.slope is not None]
    if not known:
        return None
    steep = [power * (slope.slope or 0.0) for slope in known]
    what = "‖W‖" if power == 1 else "‖W‖²"
    said = (
        f"Between neighbouring λ of the sweep the slope of {what} on two logarithmic axes lies "
        f"between {number(min(steep))} and {number(max(steep))}; inverse proportion is −1."
    )
    return (HOLDS if all(abs(s + 1) < 0.1 for s in steep) else FAILS), said


CLAIMS: tuple[tuple[str, Callable[[Material], Judged]], ...] = (
    ("A problematic batch causes the dips.", _batch),
    ("Shuffling removes them.", _shuffling),
    ("Shuffling speeds convergence.", _speed),
    ("Early stopping saves epochs at no cost.", _early_stopping),
    ("Training pulls ahead of validation.", _ahead),
    ("L2 smooths the weights.", _smooth),
    ("Accuracy falls with λ because the model underfits.", _underfits),
    ("The norm falls in inverse proportion to λ.", lambda material: _norm(material, 1)),
    ("Its square falls in inverse proportion to λ.", lambda material: _norm(material, 2)),
)


def claims(material: Material, choice: SectionChoice) -> Section:
    """Judge each claim by what was found."""
    rows = []
    for claim, judge in CLAIMS:
        judged = judge(material) or ("is not asked", "No run of this study can show it.")
        rows.append((claim, judged[0], literal(judged[1])))
    table = Table(("claim", "here it", "evidence"), tuple(rows), None, ("left", "left", "left"))
    question = "What is often said of such runs, and is it true of these?"
    return Section(choice.title or "Claims, tested", question, (table,), ())


ANSWERS = {HOLDS: "Yes", FAILS: "No", OPEN: "It cannot be told"}

QUESTIONS = (
    ("Does a batch cause the dips?", _batch),
    ("Does shuffling speed convergence?", _speed),
    ("Was early stopping free?", _early_stopping),
    ("Does training pull ahead of validation?", _ahead),
    ("Does accuracy fall with λ because the model underfits?", _underfits),
)


def abstract(material: Material) -> list[str]:
    """Return the answers of a study, one sentence each after its question."""
    judged = [(question, judge(material)) for question, judge in QUESTIONS]
    return [
        f"{question} {ANSWERS[own[0]]}: {_going_on(own[1])}"
        for question, own in judged
        if own is not None
    ]


def _going_on(said: str) -> str:
    """Return a sentence as it stands after a colon: names of runs stay as they are."""
    first = said.split(" ", 1)[0]
    ours = first in ("After", "The", "From", "No")
    return said[0].lower() + said[1:] if ours else said
