"""What makes descent quick: the scaling of the features, and momentum."""

from __future__ import annotations

import math

from onelayer.diagnosis.evidence import Evidence
from onelayer.diagnosis.verdicts.judging import (
    FAILS,
    HOLDS,
    OPEN,
    Judged,
    Runs,
    above,
    covers,
    within,
)
from onelayer.diagnosis.verdicts.numbers import NUMBERS
from onelayer.diagnosis.verdicts.points import Mean, Point, chance_of, series_of
from onelayer.diagnosis.words import count
from onelayer.study import RunOutcome

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
    said = f"{least}{math.exp(times.value):.3g} times"
    if times.interval is not None:
        low, high = (f"{math.exp(end):.3g}" for end in times.interval)
        said += f" (95% interval {low} to {high}, {covers(runs)})"
    return said


def standard_is_quicker(runs: Runs, _material: Evidence) -> Judged:
    """Compare uneven features with standardised ones, each at the rate that is best for them."""
    own = [[run for run in runs if run.run.selection.scaling == kind] for kind in SCALINGS]
    if not all(own):
        return None
    measure = NUMBERS["steps_to_reach"].of([*own[0], *own[1]])
    best = [min(((n, r) for r in some if (n := measure(r)) is not None), default=None,
                key=lambda pair: pair[0]) for some in own]  # fmt: skip
    uneven, standard = best
    if standard is None:
        return FAILS, "With standardised features no rate came most of the way."
    said = f"Standardised, it takes {_steps_at(*standard)}"
    if uneven is None:
        longest = max(run.record.steps for run in own[0])
        said += f"; uneven, no rate came so far in {count(longest, 'step')}"
    else:
        times = uneven[0] / standard[0]
        said += f"; uneven, {_steps_at(*uneven)}, {times:.3g} times as many"
    holds = uneven is None or uneven[0] > standard[0]
    chance = "Steps on all examples: no chance has a part in it"
    if any(run.record.batches_per_epoch > 1 for run in runs):
        chance = "One run of each, so that chance cannot be told from it"
        return OPEN, f"{said}. {chance}."
    return (HOLDS if holds else FAILS), f"{said}. {chance}."


SCALINGS = ("uneven", "standard")


def _steps_at(steps: float, run: RunOutcome) -> str:
    return f"{steps:,.0f} steps at its best rate, {run.record.config.learning_rate:g}"


def _by_momentum(runs: Runs) -> tuple[Point, Point, float] | None:
    """Return the runs without momentum, those with the most, and how much that is."""
    plain = [run for run in runs if not run.record.config.nesterov]
    _, series = series_of(plain, "momentum") if plain else (None, [])
    if len(series) != 1 or len(points := series[0].points) < 2 or points[0].x != 0:
        return None
    most = points[-1].x
    return None if isinstance(most, str) else (points[0], points[-1], most)


def momentum_is_quicker(runs: Runs, _material: Evidence) -> Judged:
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


def momentum_as_rate(runs: Runs, _material: Evidence) -> Judged:
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
