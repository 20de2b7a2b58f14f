"""Where the validation loss of a run was going when it ended."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from onelayer.diagnosis.measures.overfitting import RISE
from onelayer.diagnosis.statistics import Trend, trend
from onelayer.study import RunOutcome

TAIL = 0.2
"""The end of a run is this share of its evaluations, or what came after its lowest validation loss:
a slow rise is seen over the whole, one that has become slow over the end."""

SURE = 0.99
"""Of the intervals of slopes: of two, one is chosen."""

MIN_TAIL = 5

MIN_EVALUATIONS = round(MIN_TAIL / TAIL)


@dataclass(frozen=True)
class LossEnd:
    """The validation loss of a run from its lowest to its end.

    Attributes
    ----------
    lowest : float
    lowest_step : int
    rise : float
        How far the median of the last evaluations lies above the lowest, as a share of it; not
        finite where the lowest is 0 and they are not.
    evaluations : int
        How many evaluations the slope is over.
    slope : Trend
        Per epoch.
    """

    lowest: float
    lowest_step: int
    rise: float
    evaluations: int
    slope: Trend

    @property
    def rose(self) -> bool:
        """Whether it turned up, for sure and by a size that matters."""
        return self.rise > RISE and self.slope.direction > 0

    @property
    def is_doubtful(self) -> bool:
        """Whether it ends higher than it was, but without a trend."""
        return self.rise > RISE and self.slope.direction == 0


def loss_end(run: RunOutcome) -> LossEnd:
    """Return where a run's validation loss was going; it has at least MIN_EVALUATIONS."""
    curve = run.curve
    # Under early stopping with min_delta the best evaluation need not be the lowest.
    place = int(curve["val_loss"].to_numpy().argmin())
    row = curve.row(place, named=True)
    # The lowest itself was picked for being low: it is no part of what came after.
    least, after = tail_of(curve.height), curve.height - place - 1
    ends = [(n, slope_at_end(run, n)) for n in {least: 0, max(after, least): 0}]
    n, slope = next((end for end in ends if end[1].direction > 0), ends[0])
    end = float(np.median(curve["val_loss"].tail(MIN_TAIL).to_numpy()))
    return LossEnd(row["val_loss"], row["step"], rise_above(end, row["val_loss"]), n, slope)


def tail_of(evaluations: int) -> int:
    """Return how many evaluations are the end of so many."""
    return max(round(TAIL * evaluations), MIN_TAIL)


def slope_at_end(run: RunOutcome, evaluations: int) -> Trend:
    """Return the trend of the validation loss over the last evaluations, per epoch."""
    tail = run.curve.tail(evaluations)
    epochs = tail["step"].to_numpy() / run.record.batches_per_epoch
    return trend(epochs, tail["val_loss"].to_numpy(), SURE)


def rise_above(end: float, lowest: float) -> float:
    """Return how far a loss lies above the lowest, as a share of that."""
    if lowest == 0:  # in float32 a loss can be
        return 0.0 if end == 0 else math.inf
    return end / lowest - 1
