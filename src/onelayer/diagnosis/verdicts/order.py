"""What the order of the examples does."""

from __future__ import annotations

from onelayer.diagnosis.evidence import Evidence
from onelayer.diagnosis.verdicts.judging import (
    FAILS,
    HOLDS,
    Judged,
    Runs,
    above,
    at,
    in_points,
    within,
)
from onelayer.diagnosis.verdicts.numbers import NUMBERS
from onelayer.diagnosis.verdicts.points import Mean, paired, series_of

ALIKE = 0.01
"""Accuracies that differ by less are as good as each other."""


def _less(runs: Runs, first: str, second: str) -> Mean | None:
    """Return by how much the first order is more accurate than the second."""
    _, series = series_of(runs, "order")
    if len(series) != 1:
        return None
    points = at(series[0], first), at(series[0], second)
    if points[0] is None or points[1] is None:
        return None
    return paired(points[0], points[1], NUMBERS["val_accuracy"].of(runs))


def sorting_costs(runs: Runs, _material: Evidence) -> Judged:
    """Compare sorted examples with shuffled ones."""
    if (found := _less(runs, "epoch", "class")) is None:
        return None
    said = f"Shuffled in each epoch the validation accuracy is higher by {in_points(found, runs)}."
    return above(found), said


def one_shuffle(runs: Runs, _material: Evidence) -> Judged:
    """Compare one permutation for all epochs with a new one in each."""
    if (found := _less(runs, "epoch", "once")) is None:
        return None
    answer = within(found, -ALIKE, ALIKE)
    if answer not in (HOLDS, FAILS) and found.interval and found.interval[1] <= ALIKE:
        answer = HOLDS  # it may even be better
    said = (
        f"A new order in each epoch changes the validation accuracy by {in_points(found, runs)}; "
        f"less than {100 * ALIKE:g} point counts as nothing."
    )
    return answer, said
