"""OL007: early stopping that came for noise, while the loss was still falling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Curve, Exhibit, Lines
from onelayer.diagnosis.experiments.continued import TIMES, continued, goes_on_as_it_was
from onelayer.diagnosis.experiments.repeats import (
    COVERS,
    MATTERS,
    Change,
    affordable_steps,
    can_be_repeated,
    change,
    repeated,
    varied,
    why_not_repeated,
)
from onelayer.diagnosis.finding import Answer, Finding, Severity
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.measures.curves import validation_curve
from onelayer.diagnosis.words import count, percent
from onelayer.study import RunOutcome
from onelayer.training import Evaluation, StopReason, TrainConfig, TrainResult

SOON, LATE = 2, 4
"""The run is made again for so many times its steps, the first alone where that takes long.

What comes soon is had for as many steps again, and may be worth a warning; what comes late is a
fact.
"""

WORTH = 0.15
"""Early stopping gives up some of the loss for time; this share of it is too much."""

SECONDS = 5.0
"""That making one run again may take."""

WINDOW = 5
"""The level of a curve is the median of so many evaluations: one that is low by luck is none."""

ENDLESS = 10**9

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StoppingNoise(Measurement):
    """A run that stopped early, beside itself without stopping.

    Attributes
    ----------
    patience : int
        Evaluations.
    patience_epochs : float
        What these are in epochs.
    noise : float
        Robust standard deviation of one evaluation's validation loss before the stop, from the
        changes between neighbours, as a share of the loss.
    best_step, stopped_step : int
    longer_steps : int
        How many steps were made to see.
    level_reduction : float
        By how much the lowest level of the validation loss after the stop, a median of 5
        evaluations, lies below that of the best evaluation before it, as a share of that.
    enough_patience : int
        Evaluations that would have sufficed to come as far.
    later : Change or None
        The run beside the best evaluation of the longer one.
    curve : Curve or None
        Validation losses of the longer one, thinned.
    """

    code: ClassVar[str] = "OL007"
    check: ClassVar[str] = "stopping-noise"
    title: ClassVar[str] = "Early stopping that came for noise"

    patience: int
    patience_epochs: float
    noise: Number
    best_step: int
    stopped_step: int
    longer_steps: int
    level_reduction: Number
    enough_patience: int
    later: Change | None = None
    curve: Curve | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the curve that was not waited for."""
        if self.curve is None:
            return ()
        marks = ("kept", float(self.best_step)), ("stopped", float(self.stopped_step))
        caption = (
            f"The run made again without stopping. A patience of {self.enough_patience:,} "
            "evaluations would have come as far."
        )
        lines = (("made again", self.curve),)
        title = "What came after early stopping"
        return (Lines(title, caption, "step", "validation loss", lines, marks),)


def look(context: Context) -> list[Finding]:
    """Ask the runs that patience ended."""
    runs = [run for run in context.outcome.runs if run.record.stop_reason is StopReason.PATIENCE]
    here = [run for run in runs if can_be_repeated(run)]
    going_on = [run for run in here if _may_go_on(context, run)]
    plans = {run.name: _longer(context, run) for run in here if run not in going_on}
    results = repeated(context, plans) if plans else {}
    for run in going_on:
        longer = continued(context, run)
        results[run.name] = [longer.after(SOON), longer.after(LATE)]
    return [
        _finding(context, run, results[run.name])
        if run.name in results
        else CHECK.not_applicable(
            (run.name,),
            f"{run.called} was not made again: {why_not_repeated(run)}.",
        )
        for run in runs
    ]


def _may_go_on(context: Context, run: RunOutcome) -> bool:
    """Whether the run gone on, as another check has it, is what is wanted here."""
    made = run.record.steps
    return (
        goes_on_as_it_was(run)
        and run.record.total_steps >= LATE * made
        and affordable_steps(context, run, SECONDS) >= TIMES * made
    )


def _longer(context: Context, run: RunOutcome) -> list[TrainConfig]:
    """Return the run without an end by patience, to soon and to late; the best weights are kept."""
    config, made = run.record.config, run.record.steps
    rule = {"patience": ENDLESS, "min_delta": 0.0}
    if config.schedule is not None:  # another number of steps would be another schedule
        return [varied(config, early_stopping=rule)]
    affordable, total = affordable_steps(context, run, SECONDS), run.record.total_steps
    soon = min(SOON * made, total)
    late = max(min(LATE * made, total, affordable), soon)
    return [
        varied(config, early_stopping=rule, max_steps=steps)
        for steps in dict.fromkeys((soon, late))
    ]


def _finding(context: Context, run: RunOutcome, results: list[TrainResult]) -> Finding:
    """Return what comes soon, if that matters, and otherwise what comes late."""
    findings = [_beside(context, run, result) for result in results]
    soon, late = findings[0], findings[-1]
    chosen = soon if soon.answer is Answer.FOUND else late
    if chosen.answer is Answer.FOUND and (chosen is not soon or not _is_worth_a_warning(soon)):
        chosen = replace(chosen, severity=Severity.INFO)
    return chosen


def _is_worth_a_warning(soon: Finding) -> bool:
    measured = soon.measurement
    assert isinstance(measured, StoppingNoise)
    assert measured.later is not None
    return measured.later.reduction >= WORTH


def _beside(context: Context, run: RunOutcome, longer: TrainResult) -> Finding:
    record, evaluations = run.record, longer.history.evaluations
    rule, best, last = record.config.early_stopping, record.best, record.last
    assert rule is not None
    assert best is not None
    assert last is not None
    losses = np.array([e.val_loss for e in evaluations])
    steps = np.array([e.step for e in evaluations])
    before, later = losses[steps <= last.step], losses[steps > last.step]
    names, per_epoch = (run.name,), record.batches_per_epoch
    every = int(steps[1] - steps[0]) if len(steps) > 1 else per_epoch
    measured = StoppingNoise(
        rule.patience, rule.patience * every / per_epoch, noise_of(before), best.step, last.step,
        longer.history.steps, 0.0, rule.patience,
    )  # fmt: skip
    if len(later) < WINDOW:
        return CHECK.cant_tell(
            names,
            f"{run.called} stopped at step {last.step:,}; {count(len(later), 'evaluation')} more "
            "could be made, too few to see where the loss was going.",
            measured,
        )
    level = float(np.median(sliding_window_view(later, WINDOW), axis=1).min())
    measured = replace(
        measured,
        level_reduction=1 - level / best.val_loss if best.val_loss > 0 else 0.0,
        enough_patience=enough_patience(losses),
        later=change(context, run, longer.config, longer.parameters),
        curve=validation_curve(longer.history),
    )
    return _judged(run, measured, longer, last)


def _judged(
    run: RunOutcome, measured: StoppingNoise, longer: TrainResult, last: Evaluation
) -> Finding:
    later, names = measured.later, (run.name,)
    assert later is not None
    assert longer.best is not None
    said = (
        f"{run.called} stopped at step {last.step:,}, {count(measured.patience, 'evaluation')} "
        f"({measured.patience_epochs:.2g} epochs) after its best one; a single evaluation is "
        f"uncertain by about {percent(measured.noise, 1)} of the loss. Made again for "
        f"{count(measured.longer_steps, 'step')} without stopping, its best evaluation is that of "
        f"step {longer.best.step:,}: {later.words}"
    )
    tried = [f"the run without early stopping, {count(measured.longer_steps, 'step')}"]
    if later.matters and measured.level_reduction >= MATTERS:
        advice = f"Take a patience of at least {count(measured.enough_patience, 'evaluation')}."
        return CHECK.found(names, f"{said}.", measured, advice=advice, tried=tried)
    if later.may_matter and measured.level_reduction >= MATTERS:
        said += ". There are too few validation examples to tell that from chance"
        return CHECK.cant_tell(names, f"{said}.", measured, tried=tried)
    return CHECK.clear(
        names, f"{said}. Stopping there cost nothing that matters.", measured, tried=tried
    )


def noise_of(losses: Floats) -> float:
    """Return the robust standard deviation of single values of a curve, as a share of its end.

    Second differences leave out what is a trend; those of independent values have six times their
    variance.
    """
    tail = losses[-4 * WINDOW :]
    if len(tail) < 4:
        return 0.0
    bends = np.diff(tail, 2)
    level = float(np.median(tail))
    spread = 1.4826 * float(np.median(np.abs(bends))) / float(np.sqrt(6))
    return spread / level if level > 0 else 0.0


def enough_patience(losses: Floats) -> int:
    """Return the patience by which a run comes within half of what matters of its lowest loss."""
    wanted = float(losses.min()) * (1 + MATTERS / 2)
    best, since, longest = np.inf, 0, 0
    for loss in losses:
        since += 1
        if loss < best:
            best, longest, since = loss, max(longest, since), 0
        if best <= wanted:
            break
    return longest + 1


CHECK = Check(
    StoppingNoise,
    look,
    "The run made again without early stopping.",
    ("validation examples are a random sample of those to come",),
    covers=COVERS,
    takes_blocks=False,
    looks_beside=True,
)
