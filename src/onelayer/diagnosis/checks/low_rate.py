"""OL005: a learning rate so low that the same number of steps could have gone much further."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Curve, Exhibit, Lines
from onelayer.diagnosis.experiments.repeats import (
    COVERS,
    MATTERS,
    Change,
    affordable_steps,
    can_be_repeated,
    change,
    repeated,
    varied,
)
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.measures.curves import own_curve, validation_curve
from onelayer.diagnosis.measures.stability import rates_of
from onelayer.diagnosis.subjects.stepped import ended_runs
from onelayer.diagnosis.words import count, percent
from onelayer.study import RunOutcome
from onelayer.training import TrainConfig, TrainResult

FACTORS = (3.0, 10.0, 30.0, 100.0, 300.0)

SAFE = 0.5
"""Of the limit, which a higher rate is not to exceed."""

ARRIVED = 0.01
"""Where J could fall by no more than this share of it, a higher rate has nothing to gain."""

SECONDS = 5.0
"""That one repeated run may take."""


@dataclass(frozen=True)
class LowRate(Measurement):
    """A run beside the same number of steps, or fewer, at a higher rate.

    Attributes
    ----------
    largest_rate : float
        Of the steps that were made.
    limit : float
        The rate from which on steps overshoot and go on doing so, where all weights are 0.
    factor : float or None
        How many times as high the rate is that is compared; None where none was tried.
    steps, tried_steps : int
        Of the run, and of the one that is compared.
    train_loss_change : float or None
        By how much J on the training examples is lower with it, as a share of the run's.
    tried : Change or None
        The run beside it.
    curve, tried_curve : Curve or None
        Validation losses of both, thinned.
    """

    code: ClassVar[str] = "OL005"
    check: ClassVar[str] = "low-rate"
    title: ClassVar[str] = "A learning rate that is too low"

    largest_rate: float
    limit: Number
    factor: float | None
    steps: int
    tried_steps: int = 0
    train_loss_change: Number | None = None
    tried: Change | None = None
    curve: Curve | None = None
    tried_curve: Curve | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the run and what was tried in the same axes."""
        if self.curve is None or self.tried_curve is None or self.factor is None:
            return ()
        caption = (
            f"The run's largest rate is {self.largest_rate:.3g}; from {self.limit:.3g} on steps "
            "overshoot and go on doing so, where all weights are 0."
        )
        lines = (("the run", self.curve), (f"{self.factor:g} times its rate", self.tried_curve))
        title = "Validation loss at a higher rate"
        return (Lines(title, caption, "step", "validation loss", lines),)


def look(context: Context) -> list[Finding]:
    """Ask every run of steps that came to an end."""
    return list(_findings(context).values())


def runs_with_low_rate(context: Context) -> frozenset[str]:
    """Return the names of the runs of which that is found and matters."""
    return frozenset(name for name, f in _findings(context).items() if f.is_warning)


def _findings(context: Context) -> dict[str, Finding]:
    return context.once("low rate", lambda: _asked(context))


def _asked(context: Context) -> dict[str, Finding]:
    runs = [run for run in ended_runs(context) if run.record.steps > 0]
    plans = {run.name: higher for run in runs if (higher := _higher(context, run))}
    results = repeated(context, plans) if plans else {}
    return {run.name: _finding(context, run, results.get(run.name, [])) for run in runs}


def _higher(context: Context, run: RunOutcome) -> list[TrainConfig]:
    """Return the run with higher rates that are safe, for as many steps or for what is affordable.

    None where it has arrived already, or cannot be made again.
    """
    config, convergence = run.record.config, run.record.convergence
    if not can_be_repeated(run) or (convergence is not None and convergence.share <= ARRIVED):
        return []
    rates = rates_of(context, run)
    often = {} if config.early_stopping else {"evaluations_per_epoch": 1}
    steps = min(run.record.steps, affordable_steps(context, run, SECONDS, **often))
    least = run.record.steps / steps
    room = SAFE * rates.limit / rates.largest
    factors = [factor for factor in FACTORS if least < factor <= room]
    # The largest that is safe goes furthest; the one before it is there if that is too noisy.
    return [
        varied(config, learning_rate=config.learning_rate * factor, max_steps=steps, **often)
        for factor in factors[-2:]
    ]


def _finding(context: Context, run: RunOutcome, results: list[TrainResult]) -> Finding:
    rates, record = rates_of(context, run), run.record
    measurement = LowRate(rates.largest, rates.limit, None, record.steps)
    said = f"The largest learning rate of {run.called} is {rates.words}"
    if not results:
        return CHECK.clear((run.name,), f"{said}.", measurement)
    changes = [change(context, run, r.config, r.parameters) for r in results]
    best = _clearest(changes)
    chosen, result = changes[best], results[best]
    factor = result.config.learning_rate / record.config.learning_rate
    fall = _fall(run, result)
    measurement = LowRate(
        rates.largest,
        rates.limit,
        factor,
        record.steps,
        result.history.steps,
        fall,
        chosen,
        own_curve(run),
        validation_curve(result.history),
    )
    steps = count(result.history.steps, "step")
    of = "" if result.history.steps == record.steps else f", where the run made {record.steps:,},"
    said += f". After {steps}{of} with {factor:g} times the rate {chosen.words}"
    if math.isfinite(fall):
        said += f"; J on the training examples is {_by(fall)}"
    said += "."
    tried = [
        f"{count(r.history.steps, 'step')} with learning rate {r.config.learning_rate:.3g}"
        for r in results
    ]
    names = (run.name,)
    if chosen.matters:
        advice = f"Take a learning rate of about {result.config.learning_rate:.2g}."
        return CHECK.found(names, said, measurement, advice=advice, tried=tried)
    if chosen.may_matter:
        said += " There are too few validation examples to tell that from chance."
    if fall >= MATTERS and chosen.reduction >= 0:
        return CHECK.found(names, said, measurement, severity=Severity.INFO, tried=tried)
    if chosen.may_matter:
        return CHECK.cant_tell(names, said, measurement, tried=tried)
    return CHECK.clear(names, said, measurement, tried=tried)


def _clearest(changes: Sequence[Change]) -> int:
    """Return which gains most, of those that surely matter if there are any."""
    return max(range(len(changes)), key=lambda i: (changes[i].matters, changes[i].reduction))


def _fall(run: RunOutcome, result: TrainResult) -> float:
    """Return by how much J is lower at the end of a result, as a share of the run's."""
    own, other, l2 = run.record.final, result.final, run.record.config.l2
    if own.train_loss is None or other.train_loss is None:
        return math.nan
    before = own.train_loss + l2 * own.weight_norm**2
    after = other.train_loss + l2 * other.weight_norm**2
    return 1 - after / before if before > 0 else 0.0


def _by(fall: float) -> str:
    return f"{'lower' if fall >= 0 else 'higher'} by {percent(abs(fall), 1)}"


CHECK = Check(
    LowRate,
    look,
    "As many steps, or fewer, at higher rates that are safe.",
    ("validation examples are a random sample of those to come",),
    covers=COVERS,
)
