"""OL001: runs that diverged or were interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement
from onelayer.training import StopReason


@dataclass(frozen=True)
class UnfinishedRun(Measurement):
    """How a run ended that did not come to an end of its own.

    Attributes
    ----------
    stop_reason : StopReason
    step : int
        The last one that was made, counted from 0.
    learning_rate : float
    """

    code: ClassVar[str] = "OL001"
    check: ClassVar[str] = "ends"
    title: ClassVar[str] = "A run that diverged or was interrupted"

    stop_reason: StopReason
    step: int
    learning_rate: float


def look(context: Context) -> list[Finding]:
    """Warn about every run that did not come to an end of its own."""
    return [
        CHECK.found(
            (run.name,),
            f"The run {run.name} {run.record.message}.",
            UnfinishedRun(
                run.record.stop_reason, run.record.steps - 1, run.record.config.learning_rate
            ),
            advice=_ADVICE.get(run.record.stop_reason, ""),
        )
        for run in context.outcome.runs
        if not run.record.stop_reason.is_planned
    ]


_ADVICE = {
    StopReason.DIVERGED: "Take a smaller learning rate, or scale the features.",
    StopReason.INTERRUPTED: "The command that began the study goes on with it.",
}

CHECK = Check(UnfinishedRun, look, "Read from the record of the run.")
