"""OL101: what early stopping gave up and what it saved, by a run that goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Curve, Exhibit, Lines
from onelayer.diagnosis.experiments.continued import TIMES, continued, scored
from onelayer.diagnosis.experiments.early_stops import Stay, stays, stop_on
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.measures.curves import validation_curve
from onelayer.diagnosis.statistics import PairedAccuracies, extremes, paired_mean_interval
from onelayer.diagnosis.words import count, number, percent, points, span
from onelayer.model import Parameters
from onelayer.study import RunOutcome
from onelayer.training import Evaluation, History, StopReason

LEAST_GAIN = 0.02
"""A share of the validation loss that somebody would not want to give up."""

LEAST_ACCURACY = 0.01
"""So much accuracy neither."""

PATIENCES = (1, 2, 5, 10, 20, 50, 100)

MOST_BEYOND = 400
"""Evaluations past the end of the run that its finding keeps, the extremes among them."""


@dataclass(frozen=True)
class Patience:
    """What a patience would have come to on the same curve.

    Attributes
    ----------
    patience : int
    steps : int
        After which it would have stopped; the whole continued run if it would not have.
    best_val_loss : float
    given_up : float
        By how much this lies above the lowest loss of the continued run, as a share of it.
    """

    patience: int
    steps: int
    best_val_loss: Number
    given_up: float


@dataclass(frozen=True)
class Beyond:
    """Evaluations past the end of the run, thinned so that the extremes are among them."""

    step: tuple[int, ...]
    val_loss: tuple[Number, ...]
    val_accuracy: tuple[Number, ...]


@dataclass(frozen=True)
class EarlyStop(Measurement):
    """When early stopping came, if it did, what it saved, and what it gave up.

    Attributes
    ----------
    stop_reason : StopReason
    patience : int
    stopped_step, completed_epochs, last_val_loss
        Of the last evaluation.
    best_step, best_val_loss, best_val_accuracy
        Of the best one, whose weights are kept.
    steps, allowed_steps : int
        How many were made, and how many all the epochs would have taken.
    saved : float
        The share of the allowed steps that was not made.
    continued_steps : int or None
        Of the run that goes on; None if it stopped only where all its epochs were done.
    lowest_step, lowest_val_loss, lowest_val_accuracy
        Of its best evaluation.
    loss_given_up : float
        By how much the loss that is kept lies above that, as a share of it.
    loss_interval : (float, float)
        Of 95%: of the mean difference of both losses on the same validation examples. It covers
        the difference over all examples of which these are a random sample.
    accuracy_given_up : float
        The accuracy there less the one that is kept.
    accuracy_interval : (float, float)
        Of 95%, of that difference on the same examples (Tango's).
    patiences : tuple of Patience
        Others, on the same curve.
    curve : Curve or None
        Validation loss of the run that goes on, thinned.
    stays : tuple of Stay
        Which say where any patience would have stopped on it.
    evaluated_every : int
        Steps from one evaluation to the next.
    beyond : Beyond
    """

    code: ClassVar[str] = "OL101"
    check: ClassVar[str] = "early-stopping"
    title: ClassVar[str] = "Early stopping that gave something up"

    stop_reason: StopReason
    patience: int
    stopped_step: int
    completed_epochs: int
    last_val_loss: Number
    best_step: int
    best_val_loss: Number
    best_val_accuracy: Number
    steps: int
    allowed_steps: int
    saved: float
    continued_steps: int | None = None
    lowest_step: int | None = None
    lowest_val_loss: Number | None = None
    lowest_val_accuracy: Number | None = None
    loss_given_up: Number | None = None
    loss_interval: tuple[Number, Number] | None = None
    accuracy_given_up: Number | None = None
    accuracy_interval: tuple[Number, Number] | None = None
    patiences: tuple[Patience, ...] = ()
    stays: tuple[Stay, ...] = ()
    evaluated_every: int | None = None
    beyond: Beyond | None = None
    curve: Curve | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the curve of the run that goes on."""
        if self.curve is None or self.lowest_step is None or self.loss_given_up is None:
            return ()
        caption = (
            f"The loss that is kept, of step {self.best_step:,}, lies "
            f"{percent(self.loss_given_up, 1)} above the lowest, of step {self.lowest_step:,}."
        )
        marks = (("kept", self.best_step), ("stopped", self.stopped_step),
                 ("lowest", self.lowest_step))  # fmt: skip
        lines = (("gone on", self.curve),)
        title = "Validation loss of the run that goes on"
        return (Lines(title, caption, "step", "validation loss", lines, marks),)


def look(context: Context) -> list[Finding]:
    """Report on each run that may stop early and came to an end of its own."""
    return [
        _finding(context, run)
        for run in context.outcome.runs
        if run.record.config.early_stopping is not None and run.record.stop_reason.is_planned
    ]


def _finding(context: Context, run: RunOutcome) -> Finding:
    config, best, last = run.record.config, run.record.best, run.record.last
    assert config.early_stopping is not None
    assert best is not None
    assert last is not None
    allowed = run.record.total_steps
    patience = config.early_stopping.patience
    facts = EarlyStop(
        stop_reason=run.record.stop_reason,
        patience=patience,
        stopped_step=last.step,
        completed_epochs=last.epoch,
        last_val_loss=last.val_loss,
        best_step=best.step,
        best_val_loss=best.val_loss,
        best_val_accuracy=best.val_accuracy,
        steps=run.record.steps,
        allowed_steps=allowed,
        saved=1 - run.record.steps / allowed,
    )
    kept = (
        f"The weights kept are those of the best evaluation, after step {best.step:,}: validation "
        f"loss {number(best.val_loss)}, validation accuracy {percent(best.val_accuracy)}."
    )
    if run.record.stop_reason is not StopReason.PATIENCE:
        limit = f"{config.max_epochs:,} epochs"
        if config.max_steps == allowed:
            limit = f"max_steps = {allowed:,}"
        statement = (
            f"Early stopping never came in the run {run.called}: within {limit} there were never "
            f"{count(patience, 'evaluation')} in a row without an improvement. {kept}"
        )
        return CHECK.clear((run.name,), statement, facts)
    came = (
        f"Early stopping ended the run {run.called} at step {last.step:,}, after {last.epoch} "
        f"completed epochs, with validation loss {number(last.val_loss)}: "
        f"{count(patience, 'evaluation')} had passed since the best one. {kept}"
    )
    return _compared(context, run, best, facts, came)


def _compared(
    context: Context, run: RunOutcome, best: Evaluation, facts: EarlyStop, came: str
) -> Finding:
    """Let the run go on, and compare."""
    assert run.record.config.early_stopping is not None
    longer = continued(context, run).result
    lowest = longer.best
    assert lowest is not None
    kept = Parameters(run.model.weights, run.model.bias)
    own, there = scored(context, run, [kept, longer.parameters], validation=True)
    low, high = paired_mean_interval(own.losses, there.losses)
    pairs = PairedAccuracies.of(there.right, own.right)
    given_up = best.val_loss / lowest.val_loss - 1 if lowest.val_loss > 0 else 0.0
    measurement = replace(
        facts,
        continued_steps=longer.history.steps,
        lowest_step=lowest.step,
        lowest_val_loss=lowest.val_loss,
        lowest_val_accuracy=lowest.val_accuracy,
        loss_given_up=given_up,
        loss_interval=(low, high),
        accuracy_given_up=pairs.difference,
        accuracy_interval=pairs.interval(),
        patiences=_patiences(run, longer.history, lowest.val_loss),
        curve=validation_curve(longer.history),
        stays=stays(longer.history, run.record.config.early_stopping.min_delta),
        evaluated_every=longer.history.evaluations[1].step,
        beyond=_beyond(longer.history, run.record.steps),
    )
    scale = lowest.val_loss or 1.0
    what = (
        f"The same run, gone on to {longer.history.steps:,} steps, has its lowest validation loss "
        f"after step {lowest.step:,}: {number(lowest.val_loss)}, which the loss that is kept "
        f"exceeds by {percent(given_up, 1)} ({span((low / scale, high / scale), 1)}). The accuracy "
        f"there differs by {points(pairs.difference)} ({span(pairs.interval())}; 95% intervals "
        "for examples like these)."
    )
    better = pairs.difference >= LEAST_ACCURACY and pairs.interval()[0] > 0
    found = given_up >= LEAST_GAIN and (low > 0 or better)
    tried = (f"the run gone on to {TIMES} times its steps",)
    if found:
        enough = next((p for p in measurement.patiences if p.given_up < LEAST_GAIN), None)
        advice = (
            f"A patience of {enough.patience} gives up less than {percent(LEAST_GAIN, 0)}, in "
            f"{enough.steps:,} steps."
            if enough else "Train longer, or find the minimum with solver = \"optimum\"."
        )  # fmt: skip
        return CHECK.found(
            (run.name,), f"{came} {what}", measurement, severity=Severity.INFO,
            advice=advice, tried=tried,
        )  # fmt: skip
    if given_up >= LEAST_GAIN:
        what += " There are too few validation examples to tell that from chance."
        return CHECK.cant_tell((run.name,), f"{came} {what}", measurement, tried=tried)
    return CHECK.clear((run.name,), f"{came} {what}", measurement, tried=tried)


def _patiences(run: RunOutcome, history: History, lowest: float) -> tuple[Patience, ...]:
    """Return where other patiences would have stopped on the same curve."""
    rule = run.record.config.early_stopping
    assert rule is not None
    rows = []
    for patience in PATIENCES:
        steps, loss = stop_on(history, patience, rule.min_delta)
        rows.append(Patience(patience, steps, loss, loss / lowest - 1 if lowest > 0 else 0.0))
    return tuple(rows)


def _beyond(history: History, steps: int) -> Beyond:
    """Return the evaluations after so many steps."""
    after = [e for e in history.evaluations if e.step >= steps]
    kept = extremes([[e.val_loss for e in after], [e.val_accuracy for e in after]], MOST_BEYOND)
    some = [after[i] for i in kept]
    return Beyond(
        tuple(e.step for e in some),
        tuple(float(f"{e.val_loss:.6g}") for e in some),
        tuple(float(f"{e.val_accuracy:.6g}") for e in some),
    )


CHECK = Check(
    EarlyStop,
    look,
    "The run goes on without early stopping, on the same batches; both models are compared on the "
    "same validation examples.",
    (
        "nothing lies beyond five times the steps of the run",
        "its lowest loss was picked on the validation examples that compare it, which favours it",
    ),
    covers="95%, for the differences of loss and accuracy over all examples of which the "
    "validation examples are a random sample, for these two models; other seeds would make others",
    looks_beside=True,
)
