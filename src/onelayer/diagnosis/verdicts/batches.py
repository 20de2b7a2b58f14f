"""What the size of batches does."""

from __future__ import annotations

from onelayer.diagnosis.evidence import Evidence
from onelayer.diagnosis.verdicts.judging import Judged, Runs, above, in_numbers, within
from onelayer.diagnosis.verdicts.numbers import NUMBERS
from onelayer.diagnosis.verdicts.points import Mean, paired, series_of, slope

TOLERANCE = 0.1
"""A slope that differs by less from -1/2 is that of the root."""


def noise_as_root(runs: Runs, _material: Evidence) -> Judged:
    """Fit the noise of the loss from batch to batch to a power of the batch size."""
    _, series = series_of(runs, "batch_size")
    if len(series) != 1:
        return None
    found = slope(series[0].points, NUMBERS["batch_noise"].of(runs))
    if found is None:
        return None
    said = (
        "On two logarithmic axes the slope of the standard deviation against the batch size is "
        f"{in_numbers(found, runs)}; 1/√B has −0.5, and a difference of {TOLERANCE:g} counts as "
        "nothing."
    )
    return within(found, -0.5 - TOLERANCE, -0.5 + TOLERANCE), said


def _largest_less_smallest(runs: Runs) -> tuple[Mean, float, float] | None:
    _, series = series_of(runs, "batch_size")
    if len(series) != 1 or len(points := series[0].points) < 2:
        return None
    found = paired(points[-1], points[0], NUMBERS["val_loss"].of(runs))
    ends = points[0].x, points[-1].x
    if found is None or isinstance(ends[0], str) or isinstance(ends[1], str):
        return None
    return found, ends[0], ends[1]


def small_ahead(runs: Runs, _material: Evidence) -> Judged:
    """Compare the smallest with the largest batches."""
    if (have := _largest_less_smallest(runs)) is None:
        return None
    found, small, large = have
    said = (
        f"The validation loss with batches of {large:,.0f} less that with batches of {small:,.0f} "
        f"is {in_numbers(found, runs)}."
    )
    return above(found), said


def large_ahead(runs: Runs, _material: Evidence) -> Judged:
    """Compare the largest with the smallest batches."""
    if (have := _largest_less_smallest(runs)) is None:
        return None
    found, small, large = have
    turned = found.negative
    said = (
        f"The validation loss with batches of {small:,.0f} less that with batches of {large:,.0f} "
        f"is {in_numbers(turned, runs)}."
    )
    return above(turned), said
