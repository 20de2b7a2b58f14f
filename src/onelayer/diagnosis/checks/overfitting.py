"""OL103: the gap between training and validation, and where the validation loss was going."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.statistics import difference_interval, trend
from onelayer.diagnosis.words import number, percent, points
from onelayer.study import RunOutcome

TAIL = 0.2
"""The end of a run is this share of its evaluations."""

MIN_TAIL = 5

MIN_EVALUATIONS = round(MIN_TAIL / TAIL)

RISE = 0.01
"""A validation loss that ends this share above its lowest has risen."""


@dataclass(frozen=True)
class TrainingEnd(Measurement):
    """Where training and validation stood at the end of a run, and where they were going.

    Attributes
    ----------
    train_accuracy, val_accuracy : float
        Of the last evaluation, fractions.
    gap : float
        The first less the second.
    gap_interval : (float, float)
        Of 95%, for independent proportions.
    val_loss_slope_per_epoch : float
        Theil and Sen's, over the last evaluations.
    val_loss_slope_interval : (float, float)
        Of 95%.
    tail_evaluations : int
        How many evaluations the slope is over.
    lowest_step : int
        The step of the lowest validation loss.
    rise_above_lowest : float
        How far above the lowest the end lies, as a share of it; not finite where the lowest is 0
        and the end is not.
    overfitting : bool
    """

    code: ClassVar[str] = "OL103"
    check: ClassVar[str] = "overfitting"
    title: ClassVar[str] = "Overfitting"

    train_accuracy: Number
    val_accuracy: Number
    gap: Number
    gap_interval: tuple[Number, Number]
    val_loss_slope_per_epoch: Number
    val_loss_slope_interval: tuple[Number, Number]
    tail_evaluations: int
    lowest_step: int
    rise_above_lowest: Number
    overfitting: bool


def look(context: Context) -> list[Finding]:
    """Report on each run that came to an end of its own."""
    return [
        _finding(run)
        for run in context.outcome.runs
        if run.record.stop_reason.is_planned and run.record.config.solver == "sgd"
    ]


def _finding(run: RunOutcome) -> Finding:
    curve, last = run.curve, run.record.last
    if curve.height < MIN_EVALUATIONS or last is None:
        statement = (
            f"The run {run.name} has too few evaluations to tell where its validation loss was "
            f"going: at least {MIN_EVALUATIONS} are needed."
        )
        return CHECK.not_applicable((run.name,), statement)

    gap = last.train_accuracy - last.val_accuracy
    low, high = difference_interval(
        last.train_accuracy, run.record.n_train, last.val_accuracy, run.record.n_validation
    )
    tail = curve.tail(round(TAIL * curve.height))
    epochs = tail["step"].to_numpy() / run.record.batches_per_epoch
    slope = trend(epochs, tail["val_loss"].to_numpy())
    # Under early stopping with min_delta the best evaluation need not be the lowest.
    lowest = curve.row(int(curve["val_loss"].to_numpy().argmin()), named=True)
    rise = _rise(float(np.median(tail["val_loss"].tail(MIN_TAIL).to_numpy())), lowest["val_loss"])
    gap_words, has_gap = _describe_gap(low, high)
    statement = (
        f"At the end of {run.name} the training accuracy is {percent(last.train_accuracy)} and the "
        f"validation accuracy {percent(last.val_accuracy)}: a gap of {points(gap)}, 95% interval "
        f"{100 * low:.2f} to {100 * high:.2f}{gap_words} "
        f"{_describe_trend(slope.direction, slope.slope, tail.height)} "
        f"{_verdict(has_gap, slope.direction, rise, lowest['step'])}"
    )
    overfits = has_gap and rise > RISE and slope.direction > 0
    measurement = TrainingEnd(
        train_accuracy=last.train_accuracy,
        val_accuracy=last.val_accuracy,
        gap=gap,
        gap_interval=(low, high),
        val_loss_slope_per_epoch=slope.slope,
        val_loss_slope_interval=(slope.low, slope.high),
        tail_evaluations=tail.height,
        lowest_step=lowest["step"],
        rise_above_lowest=rise,
        overfitting=overfits,
    )
    if overfits:
        return CHECK.found((run.name,), statement, measurement)
    return CHECK.clear((run.name,), statement, measurement)


def _rise(end: float, lowest: float) -> float:
    if lowest == 0:  # in float32 a loss can be
        return 0.0 if end == 0 else math.inf
    return end / lowest - 1


def _describe_gap(low: float, high: float) -> tuple[str, bool]:
    if low > 0:
        return ", so the model does better on the examples it was trained on.", True
    if high < 0:
        return ", so the validation examples are, if anything, the easier ones.", False
    return ", which holds zero, so the two cannot be told apart.", False


def _describe_trend(direction: int, slope: float, evaluations: int) -> str:
    over = f"over the last {evaluations} evaluations"
    if direction == 0:
        return f"The validation loss was level {over}: its slope cannot be told from zero."
    word = "still falling" if direction < 0 else "rising"
    return f"The validation loss was {word} {over}, by {number(abs(slope))} an epoch."


def _verdict(has_gap: bool, direction: int, rise: float, lowest_step: int) -> str:
    height = f"{percent(rise, 1)} above its lowest value" if rise < math.inf else "above zero"
    cost = f"it ends {height}, reached at step {lowest_step:,}"
    if direction > 0 and rise <= RISE:
        return f"But {cost}: too little to be called overfitting."
    if direction > 0:
        if has_gap:
            return f"That is overfitting: {cost}, while the training accuracy is ahead."
        return f"Training went on past the best point ({cost}), without a gap in accuracy."
    if direction < 0:
        more = "more epochs would lower it further"
        if has_gap:
            return f"There is a gap but no overfitting yet: {more}."
        return f"There is no sign of overfitting: {more}."
    if has_gap:
        return "There is a gap, but the validation loss has not turned up: no overfitting yet."
    return "There is no sign of overfitting."


CHECK = Check(TrainingEnd, look, "The end of the curves.")
