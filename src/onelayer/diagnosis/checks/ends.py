"""OL001: runs that diverged or were interrupted."""

from __future__ import annotations

from onelayer.diagnosis.finding import Finding, Severity
from onelayer.study import Outcome, StudyData
from onelayer.training import StopReason


def check(outcome: Outcome, _data: StudyData) -> list[Finding]:
    """Warn about every run that did not come to an end of its own."""
    return [
        Finding(
            "OL001",
            "ends",
            (run.name,),
            Severity.WARNING,
            f"The run {run.name} {run.record.message}.",
            {
                "stop_reason": str(run.record.stop_reason),
                "step": run.record.steps - 1,
                "learning_rate": run.record.config.learning_rate,
            },
        )
        for run in outcome.runs
        if run.record.stop_reason in (StopReason.DIVERGED, StopReason.INTERRUPTED)
    ]
