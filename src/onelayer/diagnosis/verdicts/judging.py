"""What judges of claims have in common: answers, and what an interval says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onelayer.diagnosis.evidence import Evidence
from onelayer.diagnosis.verdicts.points import Mean, Point, Series, chance_in_words
from onelayer.diagnosis.words import number, signed
from onelayer.study import RunOutcome

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be told"

Judged = tuple[str, str] | None
"""The answer and what shows it; None where the runs do not ask."""

Runs = Sequence[RunOutcome]


@dataclass(frozen=True)
class Verdict:
    """A claim, and what judges it by measurements.

    Attributes
    ----------
    claim : str
        A sentence.
    judge : function
        Takes the runs of a section, and the evidence for findings about them.
    """

    claim: str
    judge: Callable[[Runs, Evidence], Judged]


def above(mean: Mean, least: float = 0.0) -> str:
    """Return whether a mean is above a value: by its whole interval, or it cannot be told."""
    if mean.interval is None:
        return OPEN
    low, high = mean.interval
    return HOLDS if low > least else FAILS if high < least else OPEN


def within(mean: Mean, low: float, high: float) -> str:
    """Return whether a mean lies within bounds: its whole interval does, or is outside."""
    if mean.interval is None:
        return OPEN
    if low <= mean.interval[0] and mean.interval[1] <= high:
        return HOLDS
    return FAILS if mean.interval[1] < low or mean.interval[0] > high else OPEN


def in_points(mean: Mean, runs: Runs) -> str:
    """Return a difference of accuracies with its interval, and what that covers."""
    return _with_interval(mean, runs, lambda value: signed(value), " percentage points")


def in_numbers(mean: Mean, runs: Runs) -> str:
    """Return a number with its interval, and what that covers."""
    return _with_interval(mean, runs, number, "")


def _with_interval(mean: Mean, runs: Runs, spell: Callable[[float], str], unit: str) -> str:
    said = f"{spell(mean.value)}{unit}"
    if mean.interval is None:
        return f"{said} (one run of each, so that chance cannot be told from it)"
    low, high = mean.interval
    if low == high:  # as of numbers on a grid: chance would show in a finer one
        return f"{said} (the same in each of {chance_in_words(runs)})"
    return f"{said} (95% interval {spell(low)} to {spell(high)}, {covers(runs)})"


def covers(runs: Runs) -> str:
    """Say what an interval over replicates covers."""
    over = chance_in_words(runs)
    if "draw" in over:
        return f"over {over}: it covers other draws like these, not other validation examples"
    return f"over {over}: it covers other seeds, on these examples"


def at(series: Series, x: object) -> Point | None:
    """Return the point of a series at a value; None where there is none."""
    return next((point for point in series.points if point.x == x), None)
