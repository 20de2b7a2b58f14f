"""OL001: runs that diverged or were interrupted, and why one diverged.

The residuals of logistic and softmax outputs are at most 1, so that without a penalty a step moves
the weights by at most the rate times the length of an example: they grow in proportion to the
steps. What grows by a factor a step is the penalty's own part, W <- (1 - 2 rate l2) W, where
2 rate l2 is above the limit of stability, 2 for plain steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import polars as pl

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Curve, Exhibit, Lines, thinned
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.measures.stability import rates_of
from onelayer.study import RunOutcome
from onelayer.training import StopReason
from onelayer.training.rates import rate_limit

Cause = Literal["penalty", "rate", "size of the numbers"]

What = Literal["training loss", "validation loss", "weights"]


@dataclass(frozen=True)
class UnfinishedRun(Measurement):
    """How a run ended that did not come to an end of its own.

    Attributes
    ----------
    stop_reason : StopReason
    step : int
        The last one that was made, counted from 0.
    learning_rate : float
    what : str or None
        What was no longer finite, first; None of a run that did not diverge.
    cause : str or None
        "penalty": the rate times the penalty is above the limit of stability, so that the penalty
        alone drives the weights apart. "rate": the rate is above the limit of the data. "size of
        the numbers": neither, and the numbers are too large for their type.
    limit : float or None
        The rate from which on steps overshoot and go on doing so, where all weights are 0.
    penalty_limit : float or None
        The rate from which on the penalty alone drives the weights apart; None without one.
    curve : Curve or None
        The training loss of its steps, thinned.
    """

    code: ClassVar[str] = "OL001"
    check: ClassVar[str] = "ends"
    title: ClassVar[str] = "A run that diverged or was interrupted"

    stop_reason: StopReason
    step: int
    learning_rate: float
    what: What | None = None
    cause: Cause | None = None
    limit: Number | None = None
    penalty_limit: Number | None = None
    curve: Curve | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the training loss up to the end."""
        if self.curve is None:
            return ()
        caption = (
            "The loss of each step's batch before the step, as far as it is finite, up to step "
            f"{self.step:,}"
        )
        if self.limit is not None:
            caption += (
                f"; the rate is {self.learning_rate:.3g}, the limit of the data {self.limit:.3g}"
            )
        lines = (("training loss", self.curve),)
        return (Lines("The loss until the run ended", f"{caption}.", "step", "loss", lines),)


def look(context: Context) -> list[Finding]:
    """Warn about every run that did not come to an end of its own."""
    return [
        _diverged(context, run) if run.record.stop_reason is StopReason.DIVERGED else _stopped(run)
        for run in context.outcome.runs
        if not run.record.stop_reason.is_planned
    ]


def _stopped(run: RunOutcome) -> Finding:
    record = run.record
    advice = ""
    if record.stop_reason is StopReason.INTERRUPTED:
        advice = "The command that began the study goes on with it."
    return CHECK.found(
        (run.name,),
        f"The run {run.called} {record.message}.",
        UnfinishedRun(
            record.stop_reason, record.steps - 1, record.config.learning_rate, curve=_curve(run)
        ),
        advice=advice,
    )


def _diverged(context: Context, run: RunOutcome) -> Finding:
    record = run.record
    rates, penalty = rates_of(context, run), rate_limit(record.config)
    cause: Cause = "size of the numbers"
    if rates.largest > penalty:
        cause = "penalty"
    elif rates.largest > rates.limit:
        cause = "rate"
    what = _what(run)
    why, advice = {
        "penalty": (
            f"For this penalty that begins at a rate of {penalty:.3g}; the rate reached "
            f"{rates.largest:.3g}.",
            f"Take a learning rate below {min(penalty, rates.limit) / 2:.2g}, or a smaller l2.",
        ),
        "rate": (
            f"The largest learning rate was {rates.words}.",
            f"Take a learning rate below {rates.limit / 2:.2g}, or scale the features.",
        ),
        "size of the numbers": (
            f"The largest learning rate was {rates.words}, so that it is not the rate: numbers are "
            f"too large for {record.config.dtype}.",
            "Scale the features; look for examples with very large values.",
        ),
    }[cause]
    measurement = UnfinishedRun(
        record.stop_reason, record.steps - 1, record.config.learning_rate, what, cause,
        rates.limit, penalty if np.isfinite(penalty) else None, _curve(run),
    )  # fmt: skip
    statement = f"The run {run.called} {record.message}. It was the {what} that overflowed. {why}"
    return CHECK.found((run.name,), statement, measurement, advice=advice)


def _curve(run: RunOutcome) -> Curve | None:
    """Return the training loss of the steps, where it is finite; None where it never is."""
    steps = run.history["step"].to_numpy()
    losses = run.history["train_loss"].cast(pl.Float64).fill_null(math.nan).to_numpy()
    return thinned(steps, losses) if np.isfinite(losses).any() else None


def _what(run: RunOutcome) -> What:
    """Return what was no longer finite when the run ended."""
    for column, what in (("train_loss", "training loss"), ("val_loss", "validation loss")):
        values = run.history.get_column(column).drop_nulls().cast(pl.Float64).to_numpy()
        if not np.isfinite(values).all():
            return "training loss" if what == "training loss" else "validation loss"
    return "weights"


CHECK = Check(
    UnfinishedRun,
    look,
    "Read from the record of the run; the rate beside the curvature of the loss and the penalty.",
)
