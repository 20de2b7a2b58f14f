"""OL101: when early stopping came, and what it saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.words import count, number, percent
from onelayer.study import RunOutcome
from onelayer.training import StopReason


@dataclass(frozen=True)
class EarlyStop(Measurement):
    """When early stopping came, if it did, and what it saved.

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
    """

    code: ClassVar[str] = "OL101"
    check: ClassVar[str] = "early-stopping"
    title: ClassVar[str] = "Early stopping, and what it gave up"

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


def look(context: Context) -> list[Finding]:
    """Report on each run that may stop early and came to an end of its own."""
    return [
        _finding(run)
        for run in context.outcome.runs
        if run.record.config.early_stopping is not None and run.record.stop_reason.is_planned
    ]


def _finding(run: RunOutcome) -> Finding:
    config, best, last = run.record.config, run.record.best, run.record.last
    assert config.early_stopping is not None
    assert best is not None
    assert last is not None
    allowed = run.record.total_steps
    limit, unit = f"{config.max_epochs:,} epochs", "epochs"
    if config.max_steps == allowed:
        limit, unit = f"max_steps = {allowed:,}", "steps"
    saved = 1 - run.record.steps / allowed
    patience = config.early_stopping.patience
    kept = (
        f"The weights kept are those of the best evaluation, after step {best.step:,}: validation "
        f"loss {number(best.val_loss)}, validation accuracy {percent(best.val_accuracy)}."
    )
    if run.record.stop_reason is StopReason.PATIENCE:
        statement = (
            f"Early stopping ended the run {run.name} at step {last.step:,}, after {last.epoch} "
            f"completed epochs, with validation loss {number(last.val_loss)}: "
            f"{count(patience, 'evaluation')} had passed since the best one. {kept} "
            f"The run took {run.record.steps:,} of the {allowed:,} steps that {limit} would have "
            f"taken and so saved {percent(saved, 1)} of them."
        )
    else:
        statement = (
            f"Early stopping never came in the run {run.name}: within {limit} "
            f"there were never {count(patience, 'evaluation')} in a row without an improvement. "
            f"{kept} More {unit} may lower the loss further."
        )
    measurement = EarlyStop(
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
        saved=saved,
    )
    return CHECK.found((run.name,), statement, measurement, severity=Severity.INFO)


CHECK = Check(EarlyStop, look, "Read from the record of the run.")
