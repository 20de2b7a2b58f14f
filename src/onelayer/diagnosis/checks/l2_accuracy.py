"""OL105: what a sweep over l2 does to accuracy, apart from training that had not arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.optima import AtMinimum, at_minima, right
from onelayer.diagnosis.statistics import PairedAccuracies, holm, set_of_best
from onelayer.diagnosis.step_noise import Noise, settled
from onelayer.diagnosis.sweeps import penalty_sweeps
from onelayer.diagnosis.words import percent, points
from onelayer.study import RunOutcome
from onelayer.words import listed

ARRIVED = 0.95
"""Weights that have come so much of the way to the minimum have arrived."""

MATTERS = 0.005
"""A fall by less is none worth knowing."""


@dataclass(frozen=True)
class Minimum:
    """What the minimum of a run's objective has right, and the run's end beside it.

    Attributes
    ----------
    reason : str
        How the search ended; the numbers are those of the minimum where it is "certified".
    train_accuracy, val_accuracy : float
    shortfall : float
        The validation accuracy of the minimum less that of the weights that the run keeps.
    shortfall_interval : (float, float)
        Of 95%, over all examples like these; paired by example.
    way : float
        How much of the way from zero to the minimum the kept weights have come: 1 has arrived.
    """

    reason: str
    train_accuracy: float
    val_accuracy: float
    shortfall: float
    shortfall_interval: tuple[float, float]
    way: float


@dataclass(frozen=True)
class SweptRun:
    """One run of a sweep over λ: the weights that it keeps, and the minimum of its objective.

    Attributes
    ----------
    run : str
    l2 : float
    train_accuracy, val_accuracy, val_loss : float or None
        Of the weights that it keeps.
    settled_accuracy, noise : float or None
        Mean of its last validation accuracies, and their standard deviation from evaluation to
        evaluation; None where there are too few.
    minimum : Minimum or None
        None where it was not sought.
    """

    run: str
    l2: float
    train_accuracy: float | None
    val_accuracy: float
    val_loss: float | None
    settled_accuracy: float | None
    noise: float | None
    minimum: Minimum | None

    @property
    def certified(self) -> Minimum | None:
        """The minimum, where it is known to be one."""
        found = self.minimum
        return found if found is not None and found.reason == "certified" else None


@dataclass(frozen=True)
class LessPenalty:
    """From one λ of a sweep to a smaller one: what becomes of the validation accuracy.

    The change at the ends of the runs is the sum of three: that at the minimum, that of what
    training lacks (the runs' last evaluations against the minimum), and that of the noise of the
    steps (the very end against the last evaluations).

    Attributes
    ----------
    l2, smaller : float
    at_end, at_minimum, training, noise : float
    at_end_interval, at_minimum_interval : (float, float)
        Of 95%, over all examples like these; paired by example.
    train_at_minimum : float
        The change of the training accuracy.
    train_at_minimum_interval : (float, float)
        Of 95%, likewise.
    p_value : float
        Of no change at the minimum; corrected for the several of the sweep (Holm).
    """

    l2: float
    smaller: float
    at_end: float
    at_end_interval: tuple[float, float]
    at_minimum: float
    at_minimum_interval: tuple[float, float]
    training: float
    noise: float
    train_at_minimum: float
    train_at_minimum_interval: tuple[float, float]
    p_value: float


@dataclass(frozen=True)
class SweepAccuracies(Measurement):
    """What λ does to accuracy.

    Attributes
    ----------
    runs : tuple of SweptRun
        In falling order of λ.
    steps : tuple of LessPenalty
        From each λ whose minimum is certified to the next smaller.
    from_largest : tuple of LessPenalty
        From the largest λ whose minimum is certified to each smaller.
    best : str
        The run with the best validation accuracy of kept weights; picked by looking.
    may_be_best : tuple of str
        Runs among which the truly best is, with 95% confidence over examples like these.
    best_minimum : str
        The run whose minimum has the best validation accuracy; empty if none is certified.
    minima_that_may_be_best : tuple of str
    """

    code: ClassVar[str] = "OL105"
    check: ClassVar[str] = "l2-accuracy"
    title: ClassVar[str] = "Validation accuracy that falls with λ"

    runs: tuple[SweptRun, ...]
    steps: tuple[LessPenalty, ...]
    from_largest: tuple[LessPenalty, ...]
    best: str
    may_be_best: tuple[str, ...]
    best_minimum: str
    minima_that_may_be_best: tuple[str, ...]


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
    there = at_minima(context, runs[0], [run.record.config.l2 for run in runs])
    return [_member(context, run, there.get(run.record.config.l2)) for run in runs]


def _member(context: Context, run: RunOutcome, minimum: AtMinimum | None) -> _Member:
    _, validation = context.parts(run)
    own = context.once(("right", run.name), lambda: right(run.model, validation))
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
    )  # fmt: skip
    names, words = [m.run.name for m in members], statement(measurement)
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


def statement(found: SweepAccuracies) -> str:
    """Return what was measured, in sentences."""
    sentences = [_of_ends(found)]
    known = [(run, run.certified) for run in found.runs if run.certified is not None]
    if len(known) < 2:
        sentences.append("What λ itself does cannot be told: fewer than two minima are known.")
    else:
        sentences += [_of_minima(found), _of_training(found)]
    sentences += [_of_shortfall(run, at) for run, at in known if _is_off(at)]
    unknown = [run for run in found.runs if run.certified is None]
    if unknown:
        values = listed([f"λ = {run.l2:g}" for run in unknown])
        sentences.append(f"For {values} no minimum could be certified; its end alone is compared.")
    return " ".join(filter(None, sentences))


def _of_ends(found: SweepAccuracies) -> str:
    best = next(run for run in found.runs if run.run == found.best)
    others = [run for run in found.runs if run.run in found.may_be_best and run is not best]
    text = (
        f"Of {listed([run.run for run in found.runs])} the best validation accuracy of the weights "
        f"that are kept is {percent(best.val_accuracy)}, with λ = {best.l2:g}, picked by looking; "
    )
    if not others:
        return text + "the others are behind it by more than chance."
    return text + f"chance may have put it before {listed([f'λ = {run.l2:g}' for run in others])}."


def _of_minima(found: SweepAccuracies) -> str:
    known = [(run, run.certified) for run in found.runs if run.certified is not None]
    values = listed([f"{percent(at.val_accuracy)} at λ = {run.l2:g}" for run, at in known])
    text = f"At the minimum of each objective, where training would end, it is {values}. "
    best = next(run for run, _ in known if run.run == found.best_minimum)
    ties = [r for r, _ in known if r.run in found.minima_that_may_be_best and r is not best]
    falls = [s for s in found.from_largest if s.p_value <= 0.05 and s.at_minimum > 0]
    if falls:
        most = max(falls, key=lambda step: step.at_minimum)
        low, high = most.at_minimum_interval
        text += (
            f"So it falls with λ: from λ = {most.smaller:g} to λ = {most.l2:g} by "
            f"{points(most.at_minimum)}, 95% interval over examples like these {100 * low:.2f} to "
            f"{100 * high:.2f}. "
        )
        level = [s for s in found.steps if s.p_value > 0.05]
        rises = [s for s in found.steps if s.p_value <= 0.05 and s.at_minimum < 0]
        text += "".join(
            f"Between λ = {s.smaller:g} and λ = {s.l2:g} no change can be told. " for s in level
        )
        text += "".join(f"From λ = {s.smaller:g} to λ = {s.l2:g} it rises. " for s in rises)
        if not level and not rises:
            text += "It falls from each λ to the next. "
    else:
        high = max(s.at_minimum_interval[1] for s in found.from_largest)
        text += (
            f"That it falls with λ cannot be told from chance; if it does, then by at most "
            f"{points(max(high, 0.0))} (upper end of the 95% intervals). "
        )
    if ties:
        text += f"The best, λ = {best.l2:g}, may not be better than "
        return text + f"{listed([f'λ = {run.l2:g}' for run in ties])}."
    return text + f"The best is λ = {best.l2:g}, by more than chance."


def _of_training(found: SweepAccuracies) -> str:
    falls = [s for s in found.from_largest if s.p_value <= 0.05 and s.at_minimum > 0]
    if not falls:
        return ""
    most = max(falls, key=lambda step: step.at_minimum)
    low, _ = most.train_at_minimum_interval
    fall = f"by {points(most.train_at_minimum)} from λ = {most.smaller:g} to λ = {most.l2:g}"
    if low > 0:
        return f"The training accuracy falls there too, {fall}: the strong penalty underfits."
    return "The training accuracy does not fall there: the model still fits, and is not better."


def _is_off(at: Minimum) -> bool:
    low, high = at.shortfall_interval
    return low > 0 or high < 0


def _of_shortfall(run: SweptRun, at: Minimum) -> str:
    low, high = at.shortfall_interval
    side = "below" if at.shortfall > 0 else "above"
    limits = sorted((abs(low), abs(high)))
    text = (
        f"The end of {run.run} is {points(abs(at.shortfall))} {side} its minimum (95% interval "
        f"{100 * limits[0]:.2f} to {100 * limits[1]:.2f}), "
    )
    if at.way < ARRIVED:
        return text + f"since training had not arrived: {percent(at.way, 0)} of the way was made."
    if run.noise is not None and run.noise > abs(at.shortfall) / 3:
        return text + (
            "since its steps are noisy: the accuracy has a standard deviation of "
            f"{points(run.noise)} from evaluation to evaluation."
        )
    return text + "though its weights are nearly those of the minimum."


CHECK = Check(
    SweepAccuracies,
    look,
    "The ends of the runs and the minima of their objectives, compared on the same validation "
    "examples (McNemar's test, Tango's intervals).",
    ("the validation examples are a random sample of what the model will meet",),
)
