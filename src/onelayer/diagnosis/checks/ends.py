"""OL001: runs that diverged or were interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.study import Outcome, StudyData
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

    stop_reason: StopReason
    step: int
    learning_rate: float


def check(outcome: Outcome, _data: StudyData) -> list[Finding]:
    """Warn about every run that did not come to an end of its own."""
    return [
        Finding(
            UnfinishedRun,
            (run.name,),
            Severity.WARNING,
            f"The run {run.name} {run.record.message}.",
            UnfinishedRun(
                run.record.stop_reason, run.record.steps - 1, run.record.config.learning_rate
            ),
        )
        for run in outcome.runs
        if not run.record.stop_reason.is_planned
    ]
