"""OL301: the best value of a swept option lies at an end of the list that was tried."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import ClassVar

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Exhibit, Span, Spans
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.statistics import PairedAccuracies, paired_mean_interval
from onelayer.diagnosis.subjects.choices import (
    SWEPT,
    grid_of,
    has_choosable_model,
    has_converged,
    validation_losses,
)
from onelayer.diagnosis.words import number, percent, points, span
from onelayer.study import Outcome, RunOutcome
from onelayer.training import StopReason
from onelayer.words import listed

NAMES = {"l2": "λ"}
"""Of options, where they are not the option's with spaces."""

NATURAL_END = {"l2": 0.0, "momentum": 0.0, "batch_size": 1.0}
"""Below these there is nothing to try."""

LEAST_VALUES = 3
"""Of two values one is always at an end."""

LEAST_GAIN = 0.01
"""The last step to the end must lower the validation loss by this share of it."""

EXPLAINED = 0.1
"""A run whose J could fall by no more than this share of the gain is no reason for the gain."""

LEAST_ACCURACY = 0.01
"""Or raise the accuracy by so much, where single large losses hide what they do in the mean."""

OF_LOSS, OF_ACCURACY = 0.96, 0.99
"""The confidence of their intervals: together they err in at most 5%."""

LEAST_BEYOND = 0.005
"""And what is left down to λ = 0 must promise this share, as straight as the last step: a wide list
ends where nothing is left to gain."""


@dataclass(frozen=True)
class Tried:
    """One value of the option: the run, and its validation loss, null where it diverged."""

    run: str
    value: float
    val_loss: Number


@dataclass(frozen=True)
class GridEdge(Measurement):
    """Where the best of a list of values lies.

    Attributes
    ----------
    option : str
    tried : tuple of Tried
        In rising order of the value.
    best : str
        The run with the lowest validation loss.
    neighbour : str or None
        The run of the next value, where the best is at an end at which more could be tried.
    gain : float or None
        How much lower the validation loss of the best is than the neighbour's.
    gain_interval : (float, float) or None
        Of 96%; it covers the difference over all examples of which the validation examples are a
        random sample.
    accuracy_gain : float or None
        The validation accuracy of the best less the neighbour's.
    accuracy_interval : (float, float) or None
        Of 99%, Tango's; it covers that difference over the same.
    converged : bool or None
        Whether both runs ended where more steps would have changed little, beside the gain.
    """

    code: ClassVar[str] = "OL301"
    check: ClassVar[str] = "grid-edge"
    title: ClassVar[str] = "A best value at the end of those that were tried"

    option: str
    tried: tuple[Tried, ...]
    best: str
    neighbour: str | None = None
    gain: Number | None = None
    gain_interval: tuple[Number, Number] | None = None
    accuracy_gain: float | None = None
    accuracy_interval: tuple[float, float] | None = None
    converged: bool | None = None

    @property
    def is_more_accurate(self) -> bool:
        """Whether the best is more accurate than the neighbour, by a size that matters."""
        if self.accuracy_gain is None or self.accuracy_interval is None:
            return False
        return self.accuracy_gain >= LEAST_ACCURACY and self.accuracy_interval[0] > 0

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the loss of each value that was tried."""
        called = NAMES.get(self.option, self.option.replace("_", " "))
        rows = tuple(Span(f"{called} = {t.value:g}", t.val_loss) for t in self.tried)
        best = next(t for t in self.tried if t.run == self.best)
        caption = f"The lowest is that of {best.value:g}, {number(best.val_loss)}"
        if not all(math.isfinite(t.val_loss) for t in self.tried):
            caption += "; runs that diverged have none"
        title = f"Validation loss of each {called} that was tried"
        return (Spans(title, f"{caption}.", "validation loss", rows),)


def look(context: Context) -> list[Finding]:
    """Report on each list of values of which the best run of its sweep is one."""
    return [
        _finding(context, option, line)
        for grid in _grids(context.outcome)
        for option in SWEPT
        if len(line := _line_through_best(grid, option)) >= LEAST_VALUES
    ]


def _grids(outcome: Outcome) -> list[list[RunOutcome]]:
    """Return the runs that differ in such options alone, with those that diverged."""
    grids: dict[Hashable, list[RunOutcome]] = defaultdict(list)
    for run in outcome.runs:
        if has_choosable_model(run) or run.record.stop_reason is StopReason.DIVERGED:
            grids[grid_of(run)].append(run)
    return [grid for grid in grids.values() if any(map(has_choosable_model, grid))]


def _loss(run: RunOutcome) -> float:
    loss = run.record.final.val_loss if has_choosable_model(run) else None
    return math.inf if loss is None else loss


def _value(run: RunOutcome, option: str) -> float:
    return float(getattr(run.record.config, option))


def _line_through_best(grid: list[RunOutcome], option: str) -> list[RunOutcome]:
    """Return the runs that differ from the best in one option, and the best, by its value."""
    best = min(grid, key=_loss)
    others = [name for name in SWEPT if name != option]
    line = {_value(best, option): best}
    for run in grid:
        if all(_value(run, name) == _value(best, name) for name in others):
            line.setdefault(_value(run, option), run)
    return [line[value] for value in sorted(line)]


def _finding(context: Context, option: str, line: list[RunOutcome]) -> Finding:
    best = min(line, key=_loss)
    place, names = line.index(best), tuple(run.name for run in line)
    tried = tuple(Tried(run.name, _value(run, option), _loss(run)) for run in line)
    measurement = GridEdge(option, tried, best.name)
    called = NAMES.get(option, option.replace("_", " "))
    start = (
        f"Of the values {listed([f'{t.value:g}' for t in tried])} of {called}, "
        f"{tried[place].value:g} has the lowest validation loss, "
        f"{number(tried[place].val_loss)} ({best.called})"
    )
    if 0 < place < len(line) - 1:
        return CHECK.clear(names, f"{start}: others were tried on both sides of it.", measurement)
    if place == 0 and tried[0].value == NATURAL_END.get(option):
        return CHECK.clear(names, f"{start}: there is nothing below it.", measurement)

    neighbour = line[1] if place == 0 else line[-2]
    gain, interval = _gain(context, best, neighbour)
    behind = [run.called for run in (best, neighbour) if not _has_ended(run, gain)]
    pairs = _accuracies(context, best, neighbour)
    measurement = replace(
        measurement, neighbour=neighbour.name, gain=gain, gain_interval=interval,
        accuracy_gain=None if pairs is None else pairs.difference,
        accuracy_interval=None if pairs is None else pairs.interval(OF_ACCURACY),
        converged=not behind,
    )  # fmt: skip
    start += (
        f". It is the {'lowest' if place == 0 else 'highest'} that was tried, and the run next to "
        f"it, with {called} {_value(neighbour, option):g}, {_told(measurement)}"
    )
    if why := _why_not(measurement, place == 0):
        return CHECK.clear(names, f"{start}, {why}.", measurement)
    beyond = f"{'below' if place == 0 else 'above'} {tried[place].value:g}"
    if behind:
        return CHECK.cant_tell(
            names,
            f"{start}. But {listed(behind)} ended before it had converged: what looks like the "
            f"better {called} may be the faster training.",
            measurement,
            advice="Train these runs until they converge (more epochs, or early stopping), and "
            f"then compare; where they have, try values {beyond}.",
        )
    return CHECK.found(
        names,
        f"{start}. What lies beyond was not tried.",
        measurement,
        advice=f"Try values of {option} {beyond}, until the validation loss rises again.",
    )


def _gain(
    context: Context, best: RunOutcome, neighbour: RunOutcome
) -> tuple[float, tuple[float, float]]:
    """Return how much lower the loss of the best is, and its interval."""
    if neighbour.record.stop_reason is StopReason.DIVERGED:
        return math.inf, (math.inf, math.inf)
    its, own = (validation_losses(context, run) for run in (neighbour, best))
    return float(its.mean() - own.mean()), paired_mean_interval(its, own, OF_LOSS)


def _accuracies(
    context: Context, best: RunOutcome, neighbour: RunOutcome
) -> PairedAccuracies | None:
    """Return on which validation examples the best and its neighbour are right."""
    if neighbour.record.stop_reason is StopReason.DIVERGED:
        return None
    return PairedAccuracies.of(context.correct(best), context.correct(neighbour))


def _has_ended(run: RunOutcome, gain: float) -> bool:
    """Whether more steps would change little beside the gain: a run that diverged is past help."""
    convergence = run.record.convergence
    is_near = convergence is not None and convergence.excess <= EXPLAINED * gain
    return run.record.stop_reason is StopReason.DIVERGED or has_converged(run) or is_near


def _told(edge: GridEdge) -> str:
    assert edge.gain is not None
    assert edge.gain_interval is not None
    if edge.accuracy_gain is None or edge.accuracy_interval is None:
        return "diverged"
    low, high = (number(end) for end in edge.gain_interval)
    return (
        f"has a loss higher by {number(edge.gain)} ({percent(OF_LOSS, 0)} interval {low} "
        f"to {high}) and an accuracy lower by {points(edge.accuracy_gain)} ("
        f"{percent(OF_ACCURACY, 0)} interval {span(edge.accuracy_interval)}, both on examples "
        "like these)"
    )


def _why_not(edge: GridEdge, is_lowest: bool) -> str:
    """Return why the end does not matter; empty if it does."""
    assert edge.gain is not None
    assert edge.gain_interval is not None
    if edge.gain_interval[0] <= 0 and not edge.is_more_accurate:
        return "which is no more than noise"
    end, last = (edge.tried[0], edge.tried[1]) if is_lowest else (edge.tried[-1], edge.tried[-2])
    if edge.gain < LEAST_GAIN * end.val_loss:
        return f"less than the {percent(LEAST_GAIN, 0)} of it that would matter"
    if is_lowest and NATURAL_END.get(edge.option) == 0:
        left = edge.gain * end.value / (last.value - end.value)
        if left < LEAST_BEYOND * end.val_loss:
            return f"and going on down to 0 at that rate would lower it by {number(left)} more"
    return ""


CHECK = Check(
    GridEdge,
    look,
    "The validation losses and answers of the runs next to the end, compared example by example.",
    ("the validation examples are a random sample",),
    covers="96% and 99%, for the differences of loss and accuracy over all examples of which the "
    "validation examples are a random sample, for these two models",
)
