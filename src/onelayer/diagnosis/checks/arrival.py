"""OL004: training that stopped before it had arrived, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks.low_rate import runs_with_low_rate
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Exhibit
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
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.subjects.stepped import has_steps
from onelayer.diagnosis.words import count, percent
from onelayer.study import RunOutcome
from onelayer.training import StopReason, TrainConfig

FAR = 0.01
"""J that lies above its minimum by this share of it is not there yet."""

FURTHER = 4
"""So many times as many steps more, where there is no penalty."""

SECONDS = 3.0
"""That going on with one run may take; with more steps than that momentum stands for them."""

MOMENTUM = 0.9
"""Makes a step as long as ten in the end."""


@dataclass(frozen=True)
class Arrival(Measurement):
    """How far a run ended from where it was going.

    Attributes
    ----------
    l2 : float
    share : float
        By how much J could fall, as a share of it: exact where `exact`, otherwise about.
    exact : bool
        Whether the minimum was found.
    steps : int
        How many were made.
    further_steps : int
        How many more were made to see; 0 where the minimum was found instead.
    further_momentum : float
    there : Change or None
        The run beside the minimum, or beside itself after more steps; None where J is near.
    rate_is_low : bool
        Whether the same number of steps would have been enough at a higher rate.
    """

    code: ClassVar[str] = "OL004"
    check: ClassVar[str] = "arrival"
    title: ClassVar[str] = "Training that ended far from the minimum"

    l2: float
    share: Number
    exact: bool
    steps: int
    further_steps: int = 0
    further_momentum: float = 0.0
    there: Change | None = None
    rate_is_low: bool = False

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return what the run lacks on the validation examples."""
        if self.there is None:
            return ()
        there = f"itself {count(self.further_steps, 'step')} later" if self.further_steps else ""
        return (self.there.exhibit(there or "the minimum of its objective"),)


def look(context: Context) -> list[Finding]:
    """Ask the runs that ran out of epochs or steps."""
    runs = [
        run for run in context.outcome.runs
        if run.record.stop_reason in (StopReason.MAX_EPOCHS, StopReason.MAX_STEPS)
        and has_steps(run)
    ]  # fmt: skip
    far = [
        run for run in runs
        if not _share(run) <= FAR and can_be_repeated(run) and _has_all_classes(context, run)
    ]  # fmt: skip
    at_minimum = _at_minimum(context, [run for run in far if run.record.config.l2 > 0])
    further = _further(context, [run for run in far if run.record.config.l2 == 0])
    low = runs_with_low_rate(context) if far else frozenset()
    findings = []
    for run in runs:
        if run.name in at_minimum:
            findings.append(_beside(run, at_minimum[run.name], run.name in low))
        elif run.name in further:
            findings.append(_beside(run, further[run.name], run.name in low))
        else:
            findings.append(_by_estimate(run))
    return findings


def _has_all_classes(context: Context, run: RunOutcome) -> bool:
    train, _ = context.parts(run)
    if train.has_label_matrix:
        return True
    return bool(np.bincount(train.targets, minlength=train.n_classes).all())


def _share(run: RunOutcome) -> float:
    """Return by how much J could fall, about, as a share of it."""
    minimum, convergence = run.record.minimum, run.record.convergence
    if minimum is not None and minimum.excess is not None and minimum.value > 0:
        return minimum.excess / minimum.value
    return math.inf if convergence is None else convergence.share


def _at_minimum(context: Context, runs: Sequence[RunOutcome]) -> dict[str, Arrival]:
    found = {}
    for name, optimum in (context.minima(runs) if runs else {}).items():
        run = context.outcome[name]
        config, final = run.record.config, run.record.final
        excess = math.inf
        if final.train_loss is not None and optimum.value > 0:
            own = final.train_loss + config.l2 * final.weight_norm**2
            excess = max(own / optimum.value - 1, 0.0)
        there = change(context, run, config, optimum.parameters)
        found[name] = Arrival(config.l2, excess, True, run.record.steps, there=there)
    return found


def _further(context: Context, runs: Sequence[RunOutcome]) -> dict[str, Arrival]:
    plans = {run.name: [_going_on(context, run)] for run in runs}
    found = {}
    for name, (result,) in (repeated(context, plans, go_on=True) if plans else {}).items():
        run = context.outcome[name]
        there = change(context, run, result.config, result.parameters)
        found[name] = Arrival(
            0.0, _share(run), False, run.record.steps, result.history.steps,
            result.config.momentum, there,
        )  # fmt: skip
    return found


def _going_on(context: Context, run: RunOutcome) -> TrainConfig:
    """Return the configuration that goes on where a run ended, at the same rate."""
    config, steps = run.record.config, FURTHER * run.record.steps
    affordable = affordable_steps(context, run, SECONDS, evaluations_per_epoch=1)
    momentum, averaging = config.momentum, None
    if affordable < steps:
        momentum = max(momentum, MOMENTUM)
        steps = max(min(affordable, run.record.steps), 1)
        averaging = {"kind": "mean", "start": steps // 2}  # longer steps are noisier
    epochs = -(-steps // run.record.batches_per_epoch)
    return varied(
        config, momentum=momentum, averaging=averaging, max_steps=steps, max_epochs=epochs,
        warmup_steps=0, schedule=None, early_stopping=None, evaluations_per_epoch=1,
    )  # fmt: skip


def _by_estimate(run: RunOutcome) -> Finding:
    record, share = run.record, _share(run)
    measurement = Arrival(record.config.l2, share, record.minimum is not None, record.steps)
    if share <= FAR:
        return CHECK.clear(
            (run.name,), f"J of {run.called} could fall by about {percent(share, 1)} of it.",
            measurement,
        )  # fmt: skip
    return CHECK.cant_tell(
        (run.name,),
        f"J of {run.called} could fall by {_much(share)} of it. What that is worth was not tried: "
        f"{why_not_repeated(run) or 'a class has no training example'}.",
        measurement,
    )


def _much(share: float) -> str:
    return f"about {percent(share, 0)}" if share < 1 else "much"


def _beside(run: RunOutcome, arrival: Arrival, rate_is_low: bool) -> Finding:
    """Return the finding on a run whose experiment was made."""
    there, record = arrival.there, run.record
    assert there is not None
    steps = count(record.steps, "step")
    if arrival.exact:
        said = (
            f"{run.called} ended after {steps} with J {percent(arrival.share, 1)} above its "
            "minimum. "
            "At the minimum"
        )
        tried = ["the minimum of J, without steps"]
    else:
        more = count(arrival.further_steps, "step")
        how = ""
        if arrival.further_momentum > record.config.momentum:
            how = (
                f" with momentum {arrival.further_momentum:g} and averaging, which stand for about "
                "ten times as many"
            )
        said = (
            f"{run.called} ended after {steps}. Without a penalty there need be no minimum to "
            "arrive "
            f"at. After {more} more{how},"
        )
        tried = [f"{more} from where the run ended{how}"]
    said += f" {there.words}."
    arrival = Arrival(
        arrival.l2, arrival.share, arrival.exact, arrival.steps, arrival.further_steps,
        arrival.further_momentum, there, rate_is_low,
    )  # fmt: skip
    names = (run.name,)
    if arrival.exact and arrival.share <= FAR:
        return CHECK.clear(names, said, arrival, tried=tried)
    if there.matters and rate_is_low:
        said += " Its learning rate is the reason (OL005)."
        return CHECK.found(names, said, arrival, severity=Severity.INFO, tried=tried)
    if there.matters:
        return CHECK.found(names, said, arrival, advice=_advice(run), tried=tried)
    if there.may_matter:
        said += " There are too few validation examples to tell that from chance."
        if not arrival.exact:
            return CHECK.cant_tell(names, said, arrival, tried=tried)
    elif not arrival.exact:
        return CHECK.clear(names, said, arrival, tried=tried)
    return CHECK.found(names, said, arrival, severity=Severity.INFO, tried=tried)


def _advice(run: RunOutcome) -> str:
    if run.record.config.l2 > 0:
        return "Take more epochs, momentum, or solver = optimum, which needs no steps."
    return "Take more epochs, or momentum; early stopping says when it is enough."


CHECK = Check(
    Arrival,
    look,
    "The run beside the minimum of its objective; without a penalty, beside itself after more "
    "steps.",
    ("validation examples are a random sample of those to come",),
    covers=COVERS,
)
