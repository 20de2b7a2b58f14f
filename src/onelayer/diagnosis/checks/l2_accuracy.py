"""OL105: what a sweep over l2 does to accuracy, apart from training that had not arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks.l2_accuracy_words import statement
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.optima import AtMinimum, at_minima
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measures.l2_accuracies import (
    AgainstLeast,
    LessPenalty,
    Minimum,
    SweepAccuracies,
    SweptRun,
)
from onelayer.diagnosis.measures.step_noise import Noise, settled
from onelayer.diagnosis.statistics import PairedAccuracies, holm, set_of_best
from onelayer.diagnosis.subjects.sweeps import penalty_sweeps
from onelayer.study import RunOutcome
from onelayer.words import listed

MATTERS = 0.005
"""A fall by less is none worth knowing."""


@dataclass(frozen=True, eq=False)
class _Member:
    """A run of a sweep, and which validation examples its end and its minimum have right."""

    run: RunOutcome
    swept: SweptRun
    right: NDArray[np.bool_]
    minimum: AtMinimum | None


def look(context: Context) -> list[Finding]:
    """Report on each group of runs that differ in l2 alone."""
    return [_finding(_members(context, runs)) for runs in penalty_sweeps(context.outcome)]


def _members(context: Context, runs: Sequence[RunOutcome]) -> list[_Member]:
    there = at_minima(context, runs[0], [run.record.config.l2 for run in runs], if_affordable=True)
    return [_member(context, run, there.get(run.record.config.l2)) for run in runs]


def _member(context: Context, run: RunOutcome, minimum: AtMinimum | None) -> _Member:
    own = context.correct(run)
    tail = settled(run)
    noise = None if tail is None else Noise.of(tail["val_accuracy"])
    final = run.record.final
    assert final.val_accuracy is not None
    swept = SweptRun(
        run.name, run.record.config.l2, final.train_accuracy, final.val_accuracy, final.val_loss,
        None if noise is None else noise.mean, None if noise is None else noise.deviation,
        None if minimum is None else _beside(run, own, minimum),
    )  # fmt: skip
    return _Member(run, swept, own, minimum)


def _beside(run: RunOutcome, own: NDArray[np.bool_], minimum: AtMinimum) -> Minimum:
    pair = PairedAccuracies.of(minimum.val_right, own)
    there = minimum.found.parameters.weights
    way = float(np.sum(run.model.weights * there) / max(float(np.sum(there**2)), 1e-300))
    return Minimum(
        minimum.found.reason, minimum.train_accuracy, minimum.val_accuracy,
        pair.difference, pair.interval(), way,
    )  # fmt: skip


def _finding(members: list[_Member]) -> Finding:
    known = [m for m in members if m.swept.certified is not None]
    measurement = SweepAccuracies(
        tuple(m.swept for m in members),
        _corrected(list(pairwise(known))),
        _corrected([(known[0], m) for m in known[1:]]),
        *_best(members, [m.right for m in members], [m.swept.val_accuracy for m in members]),
        *_best(known, [m.minimum.val_right for m in known if m.minimum],
               [m.minimum.val_accuracy for m in known if m.minimum]),
        (*_against("end", [(m.swept.l2, m.right) for m in members]),
         *_against("minimum", [(m.swept.l2, m.minimum.val_right) for m in known if m.minimum])),
    )  # fmt: skip
    names = [m.run.name for m in members]
    words = statement(measurement)
    tried = [f"the minimum with {listed([f'λ = {m.swept.l2:g}' for m in members if m.minimum])}"]
    fall = measurement.from_largest
    if len(known) < 2:
        return CHECK.cant_tell(names, words, measurement)
    if any(step.p_value <= 0.05 and step.at_minimum > 0 for step in fall):
        return CHECK.found(names, words, measurement, severity=Severity.INFO, tried=tried)
    if all(step.at_minimum_interval[1] < MATTERS for step in fall):
        return CHECK.clear(names, words, measurement, tried=tried)
    return CHECK.cant_tell(names, words, measurement, tried=tried)


def _best(
    members: list[_Member], rights: list[NDArray[np.bool_]], accuracies: list[float]
) -> tuple[str, tuple[str, ...]]:
    if not members:
        return "", ()
    best = members[int(np.argmax(accuracies))].run.name
    return best, tuple(members[i].run.name for i in set_of_best(rights))


def _against(
    where: Literal["end", "minimum"], rights: Sequence[tuple[float, NDArray[np.bool_]]]
) -> list[AgainstLeast]:
    """Return each but the last, which has the least λ, against that."""
    found = []
    for l2, right in rights[:-1]:
        least, own = rights[-1]
        pair = PairedAccuracies.of(right, own)
        found.append(AgainstLeast(l2, least, where, pair.difference, pair.interval()))
    return found


def _corrected(pairs: Sequence[tuple[_Member, _Member]]) -> tuple[LessPenalty, ...]:
    compared = [
        PairedAccuracies.of(b.minimum.val_right, a.minimum.val_right)
        for a, b in pairs
        if a.minimum and b.minimum
    ]
    p_values = holm([pair.p_value for pair in compared])
    return tuple(
        _less(*pair, at_minimum, p)
        for pair, at_minimum, p in zip(pairs, compared, p_values, strict=True)
    )


def _less(more: _Member, less: _Member, at_minimum: PairedAccuracies, p: float) -> LessPenalty:
    ends = PairedAccuracies.of(less.right, more.right)
    assert more.minimum is not None
    assert less.minimum is not None
    train = PairedAccuracies.of(less.minimum.train_right, more.minimum.train_right)
    # Where a run has too few evaluations, its end stands for them, and nothing is noise.
    means = [
        float(np.mean(m.right)) if m.swept.settled_accuracy is None else m.swept.settled_accuracy
        for m in (less, more)
    ]
    training = means[0] - means[1] - at_minimum.difference
    return LessPenalty(
        l2=more.swept.l2,
        smaller=less.swept.l2,
        at_end=ends.difference,
        at_end_interval=ends.interval(),
        at_minimum=at_minimum.difference,
        at_minimum_interval=at_minimum.interval(),
        training=training,
        noise=ends.difference - at_minimum.difference - training,
        train_at_minimum=train.difference,
        train_at_minimum_interval=train.interval(),
        p_value=p,
    )


CHECK = Check(
    SweepAccuracies,
    look,
    "The ends of the runs and the minima of their objectives, compared on the same validation "
    "examples (McNemar's test, Tango's intervals).",
    ("the validation examples are a random sample of what the model will meet",),
    covers="95%, for differences of accuracies over all examples of which the validation examples "
    "are a random sample; for these runs, not for others with another seed",
)
