"""What the order of the examples does."""

from __future__ import annotations

from onelayer.report.sections.material import Material
from onelayer.report.sections.measures import NUMBERS
from onelayer.report.sections.points import Mean, paired, series_of
from onelayer.report.sections.verdicts.judging import (
    FAILS,
    HOLDS,
    Judged,
    Runs,
    above,
    at,
    in_points,
    within,
)

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


def sorting_costs(runs: Runs, _material: Material) -> Judged:
    """Compare sorted examples with shuffled ones."""
    if (found := _less(runs, "epoch", "class")) is None:
        return None
    said = f"Shuffled in each epoch the validation accuracy is higher by {in_points(found, runs)}."
    return above(found), said


def one_shuffle(runs: Runs, _material: Material) -> Judged:
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
