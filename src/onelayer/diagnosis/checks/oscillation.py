"""OL003: a learning rate so high that the loss swings, or stays above what it could be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Curve, Exhibit, Lines
from onelayer.diagnosis.experiments.repeats import (
    COVERS,
    Change,
    affordable_steps,
    can_be_repeated,
    change,
    repeated,
    varied,
    why_not_repeated,
)
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.measures.curves import own_curve, validation_curve
from onelayer.diagnosis.measures.stability import Rates, limit_at_end, rates_of
from onelayer.diagnosis.subjects.stepped import ended_runs
from onelayer.diagnosis.words import count, percent
from onelayer.study import RunOutcome
from onelayer.training import TrainConfig, TrainResult

SWING = 0.03
"""A validation loss that changes by this share from one evaluation to the next swings."""

LUCK = 0.1
"""Where it changes by so much and no early stopping picks the best, the end is a matter of luck."""

TURNS = 0.4
"""Of the changes, so many at least have another sign than the one before; of noise 2 in 3."""

LONGEST = 4
"""A run with a lower rate may take so many times the steps of one that stopped early."""

SECONDS = 5.0
"""That one repeated run may take."""


@dataclass(frozen=True)
class Oscillation(Measurement):
    """A run's rate beside the limits, how its loss swings, and what a lower rate does.

    Attributes
    ----------
    largest_rate : float
        Of the steps that were made.
    limit_at_start : float
        The rate from which on the steps of gradient descent overshoot and go on doing so, where all
        weights are 0.
    limit_at_end : float or None
        The same at the weights that are kept; None where the rate did not ask for it.
    swing : float
        The mean change of the validation loss from one evaluation to the next, over the second half
        of the run, as a share of the loss.
    turns : float
        Which share of these changes has another sign than the one before.
    tried_rate : float or None
        The lower rate whose model is compared; None where none was tried.
    tried_swing : float or None
    tried : Change or None
        The run beside it.
    curve, tried_curve : Curve or None
        Validation losses of both, thinned.
    """

    code: ClassVar[str] = "OL003"
    check: ClassVar[str] = "oscillation"
    title: ClassVar[str] = "A learning rate so high that it costs"

    largest_rate: float
    limit_at_start: Number
    limit_at_end: Number | None
    swing: Number
    turns: float
    tried_rate: float | None = None
    tried_swing: Number | None = None
    tried: Change | None = None
    curve: Curve | None = None
    tried_curve: Curve | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the run and what was tried in the same axes."""
        if self.curve is None or self.tried_curve is None or self.tried_rate is None:
            return ()
        caption = (
            f"The run's largest rate is {self.largest_rate:.3g}; from {self.limit_at_start:.3g} on "
            "steps overshoot and go on doing so, where all weights are 0: known before any is made."
        )
        lines = (("the run", self.curve), (f"rate {self.tried_rate:.3g}", self.tried_curve))
        title = "Validation loss at a lower rate"
        return (Lines(title, caption, "step", "validation loss", lines),)


def look(context: Context) -> list[Finding]:
    """Ask every run of steps that came to an end."""
    runs = ended_runs(context)
    measured = {run.name: _measured(context, run) for run in runs}
    doubtful = [run for run in runs if _is_doubtful(measured[run.name]) and can_be_repeated(run)]
    plans = {run.name: _lower(context, run, measured[run.name]) for run in doubtful}
    results = repeated(context, plans) if plans else {}
    return [_finding(context, run, measured[run.name], results.get(run.name, [])) for run in runs]


def _measured(context: Context, run: RunOutcome) -> Oscillation:
    rates = rates_of(context, run)
    swing, turns = swing_of(run.curve["val_loss"].to_numpy())
    above = rates.share > 1 or swing > SWING
    end = limit_at_end(context, run) if above else None
    return Oscillation(rates.largest, rates.limit, end, swing, turns)


def swing_of(losses: np.ndarray) -> tuple[float, float]:
    """Return the mean change of the second half as a share of it, and how often it turns."""
    half = losses[len(losses) // 2 :]
    if len(half) < 3:
        return 0.0, 0.0
    level = float(np.mean(half))
    steps = np.diff(half / level) if level > 0 else np.zeros(2)
    turns = float(np.mean(np.sign(steps[1:]) * np.sign(steps[:-1]) < 0))
    return float(np.mean(np.abs(steps))), turns


def _swings(swing: float, turns: float) -> bool:
    return swing > SWING and turns >= TURNS


def _is_doubtful(measured: Oscillation) -> bool:
    return measured.largest_rate > measured.limit_at_start or _swings(
        measured.swing, measured.turns
    )


def _lower(context: Context, run: RunOutcome, measured: Oscillation) -> list[TrainConfig]:
    """Return the run with a quarter of its rate, and with half of it or of the limit."""
    config = run.record.config
    excess = measured.largest_rate / measured.limit_at_start
    longest = min(LONGEST * run.record.steps, affordable_steps(context, run, SECONDS))
    longest = min(longest, run.record.total_steps)
    return [
        varied(
            config,
            learning_rate=config.learning_rate / divisor,
            max_steps=longest,
        )
        for divisor in (4.0, max(2.0, 2 * excess))
    ]


def _finding(
    context: Context, run: RunOutcome, measured: Oscillation, results: list[TrainResult]
) -> Finding:
    said = _about_rate(run, measured)
    if not results:
        if not _is_doubtful(measured):
            return CHECK.clear((run.name,), said, measured)
        return CHECK.cant_tell(
            (run.name,),
            f"{said} What a lower rate does was not tried: {why_not_repeated(run)}.",
            measured,
        )
    changes = [change(context, run, r.config, r.parameters) for r in results]
    best = int(np.argmax([c.reduction for c in changes]))
    chosen, result = changes[best], results[best]
    rate = result.config.learning_rate
    swing, _ = swing_of(np.array([e.val_loss for e in result.history.evaluations]))
    measured = Oscillation(
        measured.largest_rate, measured.limit_at_start, measured.limit_at_end, measured.swing,
        measured.turns, rate, swing, chosen, own_curve(run), validation_curve(result.history),
    )  # fmt: skip
    tried = [
        f"the run with learning rate {r.config.learning_rate:.3g}, "
        f"{count(r.history.steps, 'step')}" for r in results
    ]  # fmt: skip
    said += (
        f" With learning rate {rate:.3g}, made again for {count(result.history.steps, 'step')}, "
        f"{chosen.words}."
    )
    is_luck = (
        run.record.config.early_stopping is None
        and _swings(measured.swing / LUCK * SWING, measured.turns)
        and swing < measured.swing / 2
    )
    if is_luck and not chosen.matters:
        said += (
            f" It swings by {percent(swing, 1)} there. Without early stopping it is luck at which "
            "of its turns the run ended."
        )
    if chosen.matters or is_luck:
        advice = f"Take a learning rate of about {rate:.2g}."
        return CHECK.found((run.name,), said, measured, advice=advice, tried=tried)
    if chosen.may_matter:
        return CHECK.cant_tell(
            (run.name,), f"{said} There are too few validation examples to tell that from chance.",
            measured, tried=tried,
        )  # fmt: skip
    said += " So the rate costs nothing that matters."
    return CHECK.clear((run.name,), said, measured, tried=tried)


def _about_rate(run: RunOutcome, measured: Oscillation) -> str:
    rates = Rates(measured.largest_rate, measured.largest_rate, measured.limit_at_start)
    said = f"The largest learning rate of {run.called} is {rates.words}"
    if measured.limit_at_end is not None and math.isfinite(measured.limit_at_end):
        side = "below" if measured.largest_rate < measured.limit_at_end else "above"
        said += f"; at its end it is {side} the limit there, about {measured.limit_at_end:.2g}"
    if measured.turns >= TURNS:
        said += (
            ". In its second half the validation loss went up and down, by "
            f"{percent(measured.swing, 1)} from one evaluation to the next"
        )
    return said + "."


CHECK = Check(
    Oscillation,
    look,
    "The rate beside the curvature of the loss; where it is above, or the loss goes up and down, "
    "the run is made again with lower rates.",
    ("validation examples are a random sample of those to come",),
    covers=COVERS,
    looks_beside=True,
)
