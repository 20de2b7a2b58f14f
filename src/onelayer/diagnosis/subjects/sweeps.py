"""Runs that differ in one option alone."""

from __future__ import annotations

from collections import defaultdict

from onelayer.study import Outcome, RunOutcome


def penalty_sweeps(outcome: Outcome) -> list[list[RunOutcome]]:
    """Return the groups, each in falling order of l2, of the runs that came to an end.

    Of runs with the same l2, which have the same bits, the first stands for all.
    """
    groups: dict[object, dict[float, RunOutcome]] = defaultdict(dict)
    for run in outcome.runs:
        if run.record.stop_reason.is_planned and run.record.final.val_accuracy is not None:
            rest = run.record.config.model_copy(update={"l2": 0.0}).model_dump_json()
            groups[run.run.selection, rest].setdefault(run.record.config.l2, run)
    return [
        [runs[l2] for l2 in sorted(runs, reverse=True)] for runs in groups.values() if len(runs) > 1
    ]
