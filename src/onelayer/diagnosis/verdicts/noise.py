"""What wrong labels do, and what helps against them."""

from __future__ import annotations

from onelayer.diagnosis.evidence import Evidence
from onelayer.diagnosis.verdicts.judging import FAILS, HOLDS, Judged, Runs, above, in_points
from onelayer.diagnosis.verdicts.numbers import NUMBERS
from onelayer.diagnosis.verdicts.points import Point, paired
from onelayer.diagnosis.words import percent
from onelayer.study import RunOutcome

_Settings = tuple[float, bool]
"""The penalty, and whether early stopping ends the run."""


def _points(runs: Runs) -> dict[_Settings, dict[float, Point]]:
    """Return the runs by penalty and early stopping, and by the share of wrong labels."""
    groups: dict[_Settings, dict[float, list[RunOutcome]]] = {}
    for run in runs:
        config = run.record.config
        key = config.l2, config.early_stopping is not None
        own = groups.setdefault(key, {})
        own.setdefault(run.run.selection.label_noise, []).append(run)
    return {
        key: {share: Point(share, tuple(members)) for share, members in sorted(own.items())}
        for key, own in groups.items()
    }


def accuracy_survives(runs: Runs, _material: Evidence) -> Judged:
    """Compare how far the accuracy falls with the share of wrong labels, without any remedy."""
    own = _points(runs).get((0.0, False), {})
    if len(own) < 2 or 0.0 not in own:
        return None
    share = max(own)
    found = paired(own[0.0], own[share], NUMBERS["val_accuracy"].of(runs))
    if found is None:
        return None
    said = (
        f"With {percent(share, 0)} of the training labels wrong, the accuracy on the validation "
        f"examples, whose labels are right, falls by {in_points(found, runs)}."
    )
    answer = above(found, share)
    return {HOLDS: FAILS, FAILS: HOLDS}.get(answer, answer), said


def _helps(runs: Runs, remedy: str) -> Judged:
    groups = _points(runs)
    if (plain := groups.get((0.0, False))) is None or (share := max(plain)) == 0:
        return None
    others = {
        key: own[share]
        for key, own in groups.items()
        if share in own and (key[0] > 0 if remedy == "penalty" else key == (0.0, True))
    }
    measure = NUMBERS["val_accuracy"].of(runs)
    gains = {
        key: gain for key, point in others.items()
        if (gain := paired(point, plain[share], measure)) is not None
    }  # fmt: skip
    if not gains:
        return None
    # The penalty is named beforehand: the middle one of those that were tried, not the best.
    key = sorted(gains)[len(gains) // 2]
    what = f"λ = {key[0]:g}" if key[0] else "early stopping"
    said = (
        f"With {percent(share, 0)} of the training labels wrong, {what} changes the validation "
        f"accuracy by {in_points(gains[key], runs)}."
    )
    return above(gains[key]), said


def penalty_helps(runs: Runs, _material: Evidence) -> Judged:
    """Compare a penalty with none, where the most labels are wrong."""
    return _helps(runs, "penalty")


def early_stopping_helps(runs: Runs, _material: Evidence) -> Judged:
    """Compare early stopping with none, where the most labels are wrong."""
    return _helps(runs, "early stopping")
