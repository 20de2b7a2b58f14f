"""Numbers of a run that a section may plot or judge, by the names that study files have for them.

A measure is made for the runs that stand together, since some are relative to the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from onelayer.diagnosis.verdicts.points import Measure, settled
from onelayer.diagnosis.words import number, percent
from onelayer.study import RunOutcome

REACHED = 0.98
"""So much of the way from a model that knows nothing to the lowest loss of all runs."""


def digits(value: float) -> str:
    """Return four significant digits, zeros at the end among them: numbers that stand together."""
    if value == 0 or not 1e-4 <= abs(value) < 1000:
        return number(value)
    return f"{value:#.4g}".replace("-", "−")


@dataclass(frozen=True)
class Number:
    """What can be measured of a run.

    Attributes
    ----------
    title : str
        Of an axis.
    of : function
        From the runs that stand together to the measure.
    spell : function
    is_share : bool
        Whether it is drawn in percent.
    logarithmic : bool
        Whether its axis may be.
    """

    title: str
    of: Callable[[Sequence[RunOutcome]], Measure]
    spell: Callable[[float], str] = digits
    is_share: bool = False
    logarithmic: bool = True


def _final(field: str) -> Callable[[Sequence[RunOutcome]], Measure]:
    def measure(run: RunOutcome) -> float | None:
        value: float | None = getattr(run.record.final, field) if settled(run) else None
        return value

    return lambda _runs: measure


def _steps_to_reach(runs: Sequence[RunOutcome]) -> Measure:
    """Return after how many steps a run's validation loss has come most of the way.

    It goes from ln K, of a model that knows nothing of K classes, to the lowest of the weights that
    runs keep. Only a run that is there at its end, too, has
    come there: one that swings passes many losses.
    """
    kept = [run.record.final.val_loss for run in runs if settled(run)]
    lowest = min((loss for loss in kept if loss is not None), default=math.nan)
    start = max(math.log(len(run.record.classes)) for run in runs)
    target = lowest + (1 - REACHED) * max(start - lowest, 0.0)

    def measure(run: RunOutcome) -> float | None:
        losses, steps = (run.curve[column].to_numpy() for column in ("val_loss", "step"))
        reached = np.flatnonzero(losses <= target)
        return float(steps[reached[0]]) + 1 if len(reached) and losses[-1] <= target else None

    return measure


def _excess(_runs: Sequence[RunOutcome]) -> Measure:
    def measure(run: RunOutcome) -> float | None:
        found = run.record.minimum
        return None if found is None or not settled(run) else found.excess

    return measure


def _batch_noise(_runs: Sequence[RunOutcome]) -> Measure:
    """Return the standard deviation of the batches' losses about their trend, at a run's end."""

    def measure(run: RunOutcome) -> float | None:
        losses = run.history["train_loss"].to_numpy()
        tail = losses[len(losses) // 2 :]
        if len(tail) < LEAST_BATCHES or not np.isfinite(tail).all():
            return None
        # Differences of neighbours take the trend out; of independent values they vary twice.
        return float(np.sqrt(np.mean(np.diff(tail) ** 2) / 2))

    return measure


LEAST_BATCHES = 10

NUMBERS: dict[str, Number] = {
    "val_accuracy": Number("validation accuracy (%)", _final("val_accuracy"), percent, True, False),
    "train_accuracy": Number(
        "training accuracy (%)", _final("train_accuracy"), percent, True, False
    ),
    "val_loss": Number("validation loss", _final("val_loss")),
    "train_loss": Number("training loss", _final("train_loss")),
    "weight_norm": Number("weight norm", _final("weight_norm")),
    "steps_to_reach": Number(
        f"steps to {100 * REACHED:.0f}% of the way to the lowest validation loss",
        _steps_to_reach,
        lambda steps: f"{steps:,.0f}",
    ),
    "excess": Number("J above its minimum", _excess),
    "batch_noise": Number("standard deviation of the loss from batch to batch", _batch_noise),
}
