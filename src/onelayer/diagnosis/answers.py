"""What a study found, in at most five sentences: the same on the page and in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from onelayer.diagnosis.checks.early_stopping import EarlyStop
from onelayer.diagnosis.checks.shuffling_speed import ShufflingSpeed
from onelayer.diagnosis.claims import (
    FAILS,
    HOLDS,
    OPEN,
    Judged,
    ahead,
    batch,
    early_stopping,
    norm,
    smooth,
    speed,
    underfits,
)
from onelayer.diagnosis.evidence import Evidence
from onelayer.diagnosis.finding import Answer
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.diagnosis.measures.l2_accuracies import SweepAccuracies
from onelayer.diagnosis.measures.l2_norms import SweepNorms
from onelayer.diagnosis.measures.overfitting import Overfitting
from onelayer.diagnosis.measures.pictures import WeightNoise
from onelayer.diagnosis.verdicts import VERDICTS
from onelayer.diagnosis.words import percent
from onelayer.words import first_sentence

MOST = 5
"""Answers of a study."""


@dataclass(frozen=True)
class StudyAnswer:
    """One of them.

    Attributes
    ----------
    question : str
    verdict : str
        "Yes", "No", "It cannot be told", or empty.
    sentence : str
    kind : type of Measurement or None
        What it rests on; None: the results themselves.
    claim : str or None
        The name of the claim that was judged, if it is one.
    """

    question: str
    verdict: str
    sentence: str
    kind: type[Measurement] | None
    claim: str | None = None


@dataclass(frozen=True)
class _Question:
    text: str
    judge: Callable[[Evidence], Judged]
    kind: type[Measurement]
    sections: tuple[str, ...]


_QUESTIONS = (
    _Question("Does a batch cause the dips?", batch, AccuracyDips, ("shuffling", "dips")),
    _Question("Does shuffling speed convergence?", speed, ShufflingSpeed, ("shuffling", "dips")),
    _Question("Was early stopping free?", early_stopping, EarlyStop, ("early-stopping",)),
    _Question(
        "Does training pull ahead of validation?", ahead, Overfitting,
        ("overfitting",),
    ),
    _Question(
        "Does accuracy fall with λ because the model underfits?", underfits, SweepAccuracies,
        ("l2-accuracy",),
    ),
    _Question("Does L2 smooth the weights?", smooth, WeightNoise, ("weights",)),
    _Question(
        "Does the norm fall in inverse proportion to λ?", lambda evidence: norm(evidence, 1),
        SweepNorms, ("weight-norm",),
    ),
)  # fmt: skip

_ANSWERS = {HOLDS: "Yes", FAILS: "No", OPEN: "It cannot be told"}
_OF_CLAIMS = {HOLDS: "True here", FAILS: "Not true here", OPEN: "It cannot be told"}


def answers(evidence: Evidence) -> tuple[StudyAnswer, ...]:
    """Return the answers to what the study's sections ask, and then what else was found."""
    found: list[StudyAnswer] = []
    for answer in _all(evidence):
        if len(found) == MOST:
            break
        if answer.claim is None and any(own.claim for own in found):
            break  # a study of claims says no more
        if all(answer.kind is None or answer.kind is not own.kind for own in found):
            found.append(answer)
    return tuple(found)


def _all(evidence: Evidence) -> Iterator[StudyAnswer]:
    yield from _verdicts(evidence)
    asked = {section.kind for section in evidence.outcome.study.sections}
    for question in _QUESTIONS:
        is_asked = not asked or asked & {*question.sections, "claims"}
        if is_asked and (judged := question.judge(evidence)):
            yield StudyAnswer(question.text, _ANSWERS[judged[0]], judged[1], question.kind)
    if best := _best(evidence):
        yield best
    for finding in evidence.findings:
        if finding.answer is Answer.FOUND:
            sentence = first_sentence(finding.statement)
            yield StudyAnswer(f"{finding.title}?", "Found", sentence, finding.kind)


def _verdicts(evidence: Evidence) -> Iterator[StudyAnswer]:
    """Judge the claims that the study's sections name."""
    for section in evidence.outcome.study.sections:
        for name in section.verdicts if section.kind == "verdicts" else ():
            verdict = VERDICTS[name]
            if (judged := verdict.judge(evidence.ended(section), evidence)) is not None:
                yield StudyAnswer(verdict.claim, _OF_CLAIMS[judged[0]], judged[1], None, name)


def _best(evidence: Evidence) -> StudyAnswer | None:
    """Say which run keeps the most accurate weights; whether by chance, a finding says."""
    tasks: dict[tuple[object, ...], dict[str, float]] = {}
    for run in evidence.outcome.runs:  # other classes are another task
        if (accuracy := run.record.final.val_accuracy) is not None:
            tasks.setdefault(tuple(run.record.classes), {})[run.called] = accuracy
    accuracies = max(tasks.values(), key=len, default={})
    if not accuracies:
        return None
    best = max(accuracies, key=lambda name: accuracies[name])
    highest = percent(accuracies[best])
    if len(accuracies) == 1:
        sentence = f"{best} has {highest} of the validation examples right."
        return StudyAnswer("How good is the model?", "", sentence, None)
    least = percent(min(accuracies.values()))
    alike = " with the same classes" if len(tasks) > 1 else ""
    sentence = (
        f"Of {len(accuracies)} runs{alike} {best} keeps the weights with the highest validation "
        f"accuracy, {highest}; the lowest is {least}."
    )
    return StudyAnswer("Which run is the best?", "", sentence, None)
