"""Runs that were made of steps."""

from __future__ import annotations

from onelayer.diagnosis.context import Context
from onelayer.study import RunOutcome


def has_steps(run: RunOutcome) -> bool:
    """Whether a run follows gradients step by step: a search for a minimum does not."""
    return run.record.config.solver == "sgd"


def ended_runs(context: Context) -> list[RunOutcome]:
    """Return the runs of steps that came to an end of their own."""
    return [
        run for run in context.outcome.runs
        if has_steps(run) and run.record.stop_reason.is_planned
    ]  # fmt: skip
