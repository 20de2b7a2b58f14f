"""What makes descent quick: the scaling of the features, and momentum."""

from __future__ import annotations

import math

from onelayer.diagnosis.checks.scales import FeatureScales
from onelayer.diagnosis.words import number
from onelayer.report.sections.material import Material, measured
from onelayer.report.sections.measures import NUMBERS
from onelayer.report.sections.points import Mean, Point, chance_of, series_of
from onelayer.report.sections.verdicts.judging import (
    FAILS,
    HOLDS,
    Judged,
    Runs,
    above,
    at,
    covers,
    within,
)

TOLERANCE = 0.25
"""A ratio that differs by less from the predicted one is that one."""


def _times(runs: Runs, slow: Point, quick: Point) -> tuple[Mean | None, int]:
    """Return the logarithm of how many times the steps of the quick the slow take.

    Runs that never got there count with all their steps, so that it is a bound from below; their
    number is returned too.
    """
    measure = NUMBERS["steps_to_reach"].of(runs)
    reached, other = slow.values(measure), quick.values(measure)
    steps = {chance_of(run): reached.get(chance_of(run), run.record.steps) for run in slow.runs}
    logs = [math.log(n / other[key]) for key, n in steps.items() if key in other]
    return (Mean.of(logs) if logs else None), len(slow.runs) - len(reached)


def _in_words(times: Mean, runs: Runs, missed: int) -> str:
    least = "at least " if missed else ""
    said = f"{least}{number(math.exp(times.value))} times"
    if times.interval is not None:
        low, high = (number(math.exp(end)) for end in times.interval)
        said += f" (95% interval {low} to {high}, {covers(runs)})"
    return said


def standard_is_quicker(runs: Runs, material: Material) -> Judged:
    """Compare values as they are stored with standardised ones, in steps to the same loss."""
    _, series = series_of(runs, "scaling")
    if len(series) != 1:
        return None
    raw, standard = at(series[0], "raw"), at(series[0], "standard")
    if raw is None or standard is None:
        return None
    times, missed = _times(runs, raw, standard)
    if times is None:
        return FAILS, "With standardised features the loss was not reached at all."
    said = f"With raw values it takes {_in_words(times, runs, missed)} the steps"
    if missed:
        said += f"; {missed} of {len(raw.runs)} runs had not come there at their ends"
    conditions = {
        f.runs[0]: found.condition_number
        for f, found in measured(material.findings_of(FeatureScales, raw.runs), FeatureScales)
        if found.condition_number is not None
    }
    if conditions:
        said += f". The condition number of raw values is {number(next(iter(conditions.values())))}"
    if times.interval is None:
        alone = all(run.record.batches_per_epoch == 1 for run in runs)
        chance = "steps on all examples have no chance in them" if alone else "one run of each"
        return (HOLDS if times.value > 0 else FAILS), f"{said} ({chance})."
    return above(times), f"{said}."


def _by_momentum(runs: Runs) -> tuple[Point, Point, float] | None:
    """Return the runs without momentum, those with the most, and how much that is."""
    plain = [run for run in runs if not run.record.config.nesterov]
    _, series = series_of(plain, "momentum") if plain else (None, [])
    if len(series) != 1 or len(points := series[0].points) < 2 or points[0].x != 0:
        return None
    most = points[-1].x
    return None if isinstance(most, str) else (points[0], points[-1], most)


def momentum_is_quicker(runs: Runs, _material: Material) -> Judged:
    """Compare the steps to the same loss without momentum and with the most of it."""
    if (have := _by_momentum(runs)) is None:
        return None
    none, most, momentum = have
    times, missed = _times(runs, none, most)
    if times is None:
        return FAILS, f"With momentum {momentum:g} the loss was not reached at all."
    said = (
        f"Without momentum it takes {_in_words(times, runs, missed)} the steps that it takes with"
    )
    return above(times), f"{said} {momentum:g}, at the same learning rate."


def momentum_as_rate(runs: Runs, _material: Material) -> Judged:
    """Compare the gain of momentum with that of a rate over 1 - momentum."""
    if (have := _by_momentum(runs)) is None:
        return None
    none, most, momentum = have
    times, missed = _times(runs, none, most)
    if times is None or missed:
        return None
    predicted = 1 / (1 - momentum)
    said = (
        f"A rate η with momentum μ goes as far as η/(1 − μ) without: {predicted:g} times as far "
        f"with {momentum:g}. Without momentum it takes {_in_words(times, runs, missed)} the steps; "
        f"a difference of {100 * TOLERANCE:.0f}% counts as nothing."
    )
    low, high = (math.log(predicted * (1 + sign * TOLERANCE)) for sign in (-1, 1))
    return within(times, low, high), said
