"""What studies of this kind have claimed, each claim with its verdict on the data at hand.

A judge takes the evidence and returns whether a claim holds and what shows it, one sentence; None
where the study does not ask.
"""

from __future__ import annotations

from collections.abc import Callable

from onelayer.diagnosis.checks.early_stopping import LEAST_GAIN, EarlyStop
from onelayer.diagnosis.checks.shuffling_speed import ShufflingSpeed
from onelayer.diagnosis.evidence import Evidence, M, measured
from onelayer.diagnosis.finding import Answer, Finding
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.diagnosis.measures.l2_accuracies import SweepAccuracies
from onelayer.diagnosis.measures.l2_norms import SweepNorms
from onelayer.diagnosis.measures.overfitting import Overfitting
from onelayer.diagnosis.measures.pictures import WeightNoise
from onelayer.diagnosis.words import decimals, number, percent, points, span

Judged = tuple[str, str] | None

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be told"


def first(evidence: Evidence, kind: type[M]) -> tuple[Finding, M] | None:
    """Return the first finding of a kind that measured something, those that found it first."""
    have = measured((f for f in evidence.findings if f.kind is kind), kind)
    return min(have, key=lambda pair: pair[0].answer is not Answer.FOUND, default=None)


def batch(evidence: Evidence) -> Judged:
    """Judge whether a batch causes the dips."""
    if (have := first(evidence, AccuracyDips)) is None:
        return None
    finding, dips = have
    if dips.culprit is None:
        return FAILS, f"No batch of {evidence.called(finding.runs[0])} is followed by dips."
    after = f"After batch {dips.batch} of {evidence.called(finding.runs[0])} the accuracy falls by"
    after += f" {points(dips.culprit.fall)}"
    if dips.verdict == "order":
        return FAILS, f"{after}; but it is the order: in another sequence the dip is gone."
    if dips.verdict == "examples":
        return FAILS, f"{after}; but it is single examples, in whatever batch they are."
    return HOLDS, f"{after}, wherever it stands in the sequence, and not at all without it."


def shuffling(evidence: Evidence) -> Judged:
    """Judge whether shuffling removes them."""
    have = first(evidence, AccuracyDips)
    if have is None or have[1].culprit is None:
        return None
    own, anew = (have[1].interventions[i] for i in (0, 3))
    said = (
        f"In runs of {have[1].tried_epochs} epochs the fall is {points(own.fall)}, and "
        f"{points(anew.fall)} where the examples are shuffled in each epoch."
    )
    return (HOLDS if anew.fall <= own.fall / 2 else FAILS), said


def speed(evidence: Evidence) -> Judged:
    """Judge whether shuffling speeds convergence."""
    if (have := first(evidence, ShufflingSpeed)) is None:
        return None
    finding, found = have
    early, end = found.at_steps[0], found.at_steps[-1]
    said = (
        f"The validation loss of {evidence.called(finding.runs[0])} when shuffled, against its own "
        f"order: {number(early.shuffled_loss)} against {number(early.own_loss)} after "
        f"{early.step:,} "
        f"steps, {number(end.shuffled_loss)} against {number(end.own_loss)} after {end.step:,}."
    )
    return {Answer.FOUND: HOLDS, Answer.CLEAR: FAILS}.get(finding.answer, OPEN), said


def early_stopping(evidence: Evidence) -> Judged:
    """Judge whether early stopping saves epochs at no cost."""
    have = measured((f for f in evidence.findings if f.kind is EarlyStop), EarlyStop)
    stopped = [(f, stop) for f, stop in have if stop.loss_given_up is not None]
    if not stopped:
        return None
    said = "; ".join(
        f"{evidence.called(f.runs[0])} took {stop.steps:,} of {stop.allowed_steps:,} steps and "
        f"keeps a loss {percent(stop.loss_given_up or 0.0, 1)} above the lowest within "
        f"{stop.continued_steps:,} ({'more than chance' if _is_told(stop) else 'within chance'})"
        for f, stop in stopped
    )
    if any(f.answer is Answer.FOUND for f, _ in stopped):
        return FAILS, f"{said}."
    doubtful = any((stop.loss_given_up or 0.0) >= LEAST_GAIN for _, stop in stopped)
    return (OPEN if doubtful else HOLDS), f"{said}."


def _is_told(stop: EarlyStop) -> bool:
    """Whether the loss that was given up is more than chance."""
    return stop.loss_interval is not None and stop.loss_interval[0] > 0


def furthest_ahead(evidence: Evidence) -> tuple[Finding, Overfitting] | None:
    """Return what was found of the run that has the most memory of its training examples."""
    have = measured((f for f in evidence.findings if f.kind is Overfitting), Overfitting)
    return max(have, key=lambda pair: pair[1].gap.memory_interval[0], default=None)


def ahead(evidence: Evidence) -> Judged:
    """Judge whether training pulls ahead of validation."""
    if (have := furthest_ahead(evidence)) is None:
        return None
    finding, found = have
    low, high = found.gap.memory_interval
    said = (
        f"{evidence.called(finding.runs[0])} is {points(found.gap.memory)} ({span((low, high))}) "
        "better on training examples than on examples of the same kind that were held out."
    )
    return (HOLDS if low > 0 else FAILS if high < 0.01 else OPEN), said


def smooth(evidence: Evidence) -> Judged:
    """Judge whether L2 smooths the weights."""
    have = first(evidence, WeightNoise)
    if have is None or len(have[1].pictures) < 2:
        return None
    most, least = have[1].pictures[0], have[1].pictures[-1]
    said = (
        f"With λ = {most.l2:g} neighbouring pixels differ by {most.noise:.2f} of what unrelated "
        f"ones do, with λ = {least.l2:g} by {least.noise:.2f}."
    )
    return (HOLDS if most.noise < 0.9 * least.noise else FAILS), said


def underfits(evidence: Evidence) -> Judged:
    """Judge whether accuracy falls with λ because the model underfits."""
    have = first(evidence, SweepAccuracies)
    if have is None or not have[1].from_largest:
        return None
    fall = max(have[1].from_largest, key=lambda step: step.at_minimum)
    said = (
        f"From λ = {fall.smaller:g} to {fall.l2:g} the accuracy of the minimum falls by "
        f"{points(fall.at_minimum)} on the validation examples and by "
        f"{points(fall.train_at_minimum)} on the training examples."
    )
    if fall.at_minimum_interval[0] <= 0:
        return FAILS, said
    return (HOLDS if fall.train_at_minimum_interval[0] > 0 else FAILS), said


def norm(evidence: Evidence, power: int) -> Judged:
    """Judge whether the norm, or a power of it, falls in inverse proportion to λ."""
    have = first(evidence, SweepNorms)
    if have is None:
        return None
    known = [slope for slope in have[1].slopes if slope.slope is not None]
    if not known:
        return None
    steep = [power * (slope.slope or 0.0) for slope in known]
    what = "‖W‖" if power == 1 else "‖W‖²"
    said = (
        f"Between neighbouring λ of the sweep the slope of {what} on two logarithmic axes lies "
        f"between {decimals(min(steep))} and {decimals(max(steep))}; inverse proportion is −1."
    )
    return (HOLDS if all(abs(s + 1) < 0.1 for s in steep) else FAILS), said


CLAIMS: tuple[tuple[str, Callable[[Evidence], Judged]], ...] = (
    ("A problematic batch causes the dips.", batch),
    ("Shuffling removes them.", shuffling),
    ("Shuffling speeds convergence.", speed),
    ("Early stopping saves epochs at no cost.", early_stopping),
    ("Training pulls ahead of validation.", ahead),
    ("L2 smooths the weights.", smooth),
    ("Accuracy falls with λ because the model underfits.", underfits),
    ("The norm falls in inverse proportion to λ.", lambda evidence: norm(evidence, 1)),
    ("Its square falls in inverse proportion to λ.", lambda evidence: norm(evidence, 2)),
)
