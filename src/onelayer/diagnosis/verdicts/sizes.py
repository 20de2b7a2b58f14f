"""What the number of training examples does."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from onelayer.diagnosis.evidence import Evidence
from onelayer.diagnosis.verdicts.judging import (
    FAILS,
    HOLDS,
    Judged,
    Runs,
    above,
    in_numbers,
    in_points,
)
from onelayer.diagnosis.verdicts.points import Mean, Point, chance_of, paired, settled
from onelayer.study import RunOutcome


def _gap(run: RunOutcome) -> float | None:
    final = run.record.final
    if final.train_accuracy is None or final.val_accuracy is None or not settled(run):
        return None
    return final.train_accuracy - final.val_accuracy


def gap_closes(runs: Runs, _material: Evidence) -> Judged:
    """Compare training less validation accuracy of the fewest and of the most examples."""
    least = min(run.record.config.l2 for run in runs)
    by_size: dict[int, list[RunOutcome]] = defaultdict(list)
    for run in runs:
        if run.record.config.l2 == least:
            by_size[run.record.n_train].append(run)
    if len(by_size) < 2:
        return None
    few, many = min(by_size), max(by_size)
    first, last = (Point(n, tuple(by_size[n])) for n in (few, many))
    if (found := paired(first, last, _gap)) is None:
        return None
    said = (
        f"Training less validation accuracy at λ = {least:g} is larger with {few:,} examples than "
        f"with {many:,}, by {in_points(found, runs)}."
    )
    return above(found), said


def best_penalty_falls(runs: Runs, _material: Evidence) -> Judged:
    """Fit the penalty with the lowest validation loss to a power of the number of examples."""
    best: dict[tuple[object, ...], dict[int, tuple[float, float]]] = defaultdict(dict)
    for run in runs:
        loss, l2 = run.record.final.val_loss, run.record.config.l2
        if loss is None or l2 <= 0 or not settled(run):
            continue
        own = best[chance_of(run)]
        if loss < own.get(run.record.n_train, (np.inf, 0.0))[0]:
            own[run.record.n_train] = loss, l2
    slopes = [
        float(np.polyfit(np.log(list(own)), np.log([l2 for _, l2 in own.values()]), 1)[0])
        for own in best.values()
        if len(own) >= 3
    ]
    if not slopes:
        return None
    found = Mean.of(slopes)
    own = next(iter(best.values()))
    table = ", ".join(f"{l2:g} of {n:,}" for n, (_, l2) in sorted(own.items()))
    said = (
        f"The λ with the lowest validation loss is, in the first draw, {table} examples. On two "
        f"logarithmic axes its slope is {in_numbers(found, runs)}."
    )
    return {HOLDS: FAILS, FAILS: HOLDS}.get(above(found), above(found)), said
