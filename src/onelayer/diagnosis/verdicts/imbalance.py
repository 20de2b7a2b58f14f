"""What the accuracy hides where one class is rare, and what weights do."""

from __future__ import annotations

from collections import defaultdict

from onelayer.diagnosis.checks.majority import MajorityComparison
from onelayer.diagnosis.evidence import Evidence, measured
from onelayer.diagnosis.verdicts.judging import Judged, Runs, above, in_points
from onelayer.diagnosis.verdicts.points import Mean, Point, paired
from onelayer.diagnosis.words import percent
from onelayer.study import RunOutcome

MISLEADS = 0.05
"""An accuracy misleads that is by so much above the recall of the rare class."""


def _compared(runs: Runs, evidence: Evidence) -> dict[str, MajorityComparison]:
    findings = measured(evidence.findings_of(MajorityComparison, runs), MajorityComparison)
    return {f.runs[0]: found for f, found in findings}


def _rarest(runs: Runs) -> dict[bool, Point]:
    """Return the runs where a class is rarest, with balanced classes and without."""
    rare = [run for run in runs if run.run.selection.class_shares is not None]
    if not rare:
        return {}
    least = min(min(run.run.selection.class_shares or (1.0,)) for run in rare)
    groups: dict[bool, list[RunOutcome]] = defaultdict(list)
    for run in rare:
        if min(run.run.selection.class_shares or (1.0,)) == least:
            groups[run.run.selection.balance].append(run)
    return {balance: Point(least, tuple(own)) for balance, own in groups.items()}


def accuracy_misleads(runs: Runs, evidence: Evidence) -> Judged:
    """Compare the accuracy with the recall of the rare class."""
    plain, found = _rarest(runs).get(False), _compared(runs, evidence)
    own = [] if plain is None else [found[run.name] for run in plain.runs if run.name in found]
    if not own:
        return None
    gap = Mean.of([one.accuracy - one.rarest_recall for one in own])
    accuracy, recall = (
        Mean.of(values).value
        for values in ([one.accuracy for one in own], [one.rarest_recall for one in own])
    )
    share = Mean.of([one.rarest_share for one in own]).value
    said = (
        f"The class {own[0].rarest_class} is {percent(share, 1)} of the validation examples. "
        f"{percent(accuracy)} of all are right, and {percent(recall)} of that class: less by "
        f"{in_points(gap, runs)}. It misleads from {100 * MISLEADS:g} points on."
    )
    return above(gap, MISLEADS), said


def balance_helps(runs: Runs, evidence: Evidence) -> Judged:
    """Compare the recall of the rare class with balanced classes and without."""
    points, found = _rarest(runs), _compared(runs, evidence)
    if set(points) != {False, True}:
        return None

    def recall(run: RunOutcome) -> float | None:
        return found[run.name].rarest_recall if run.name in found else None

    def accuracy(run: RunOutcome) -> float | None:
        return run.record.final.val_accuracy

    gain, cost = (paired(points[True], points[False], what) for what in (recall, accuracy))
    if gain is None or cost is None:
        return None
    said = (
        f"With each class counting as much, the recall of the rare class changes by "
        f"{in_points(gain, runs)}, and the accuracy by {in_points(cost, runs)}."
    )
    return above(gain), said
