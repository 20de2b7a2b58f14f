"""OL108: why a curve jumps from evaluation to evaluation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from onelayer.diagnosis.budget import OverBudget
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.interventions import FACTOR, Change, Variant, go_on
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.small_weights import moments
from onelayer.diagnosis.step_noise import Noise, settled
from onelayer.diagnosis.words import percent, points
from onelayer.study import RunOutcome
from onelayer.words import listed

MATTERS = 0.01
"""A standard deviation of the accuracy from evaluation to evaluation that somebody should mind."""

REMOVES = 0.7
"""A change that leaves less of the noise, by the upper end of its interval, removes its cause."""


@dataclass(frozen=True)
class CurveNoise(Measurement):
    """How much a run's curves jump, and what that depends on.

    Attributes
    ----------
    evaluations : int
        How many at the end of the run it is over.
    accuracy_noise, loss_noise : float
        Standard deviation of the validation accuracy and loss from evaluation to evaluation, about
        any trend.
    val_accuracy : float
        Their mean.
    sampling_error : float
        The binomial standard error of that accuracy, by the number of validation examples.
    control_noise : float or None
        That of the accuracy of a run that goes on unchanged; None where none was made.
    variants : tuple of Variant
        Runs that go on with one thing changed.
    causes : tuple of str
        The changes that remove the noise, those that remove most first.
    mean_share : float or None
        ‖mean x‖² over the mean ‖x‖²: 0 for centred features.
    margin : float or None
        Half of the validation examples have their two largest scores within this; None for models
        of one output.
    """

    code: ClassVar[str] = "OL108"
    check: ClassVar[str] = "step-noise"
    title: ClassVar[str] = "Noise from step to step in the curves"

    evaluations: int
    accuracy_noise: float
    loss_noise: Number
    val_accuracy: float
    sampling_error: float
    control_noise: Number | None = None
    variants: tuple[Variant, ...] = ()
    causes: tuple[Change, ...] = ()
    mean_share: float | None = None
    margin: float | None = None


def look(context: Context) -> list[Finding]:
    """Report on every noisy run, and on all others together."""
    findings, quiet = [], []
    for run in context.outcome.runs:
        if not run.record.stop_reason.is_planned or run.record.config.solver != "sgd":
            continue
        if (tail := settled(run)) is None or run.record.n_validation == 0:
            continue
        own = _noise(run, tail)
        if own.accuracy_noise >= max(MATTERS, own.sampling_error):
            findings.append(_found(context, run, own))
        else:
            quiet.append((run, own))
    return [*findings, *([_clear(quiet)] if quiet else [])]


def _noise(run: RunOutcome, tail: pl.DataFrame) -> CurveNoise:
    accuracy = Noise.of(tail["val_accuracy"])
    spread = math.sqrt(max(accuracy.mean * (1 - accuracy.mean), 0.0) / run.record.n_validation)
    loss = Noise.of(tail["val_loss"]).deviation
    return CurveNoise(tail.height, accuracy.deviation, loss, accuracy.mean, spread)


def _found(context: Context, run: RunOutcome, own: CurveNoise) -> Finding:
    head = (
        f"At the end of {run.name} the validation accuracy has a standard deviation of "
        f"{points(own.accuracy_noise)} from evaluation to evaluation (over the last "
        f"{own.evaluations}; the number of validation examples leaves it uncertain by "
        f"{100 * own.sampling_error:.2f}): which step is the last is luck."
    )
    try:
        control, variants = go_on(context, run)
    except OverBudget:
        advice = "A smaller learning rate, larger batches or averaging make it smaller."
        return CHECK.found((run.name,), f"{head} Why is not known.", own, advice=advice)
    mean, squared_length = moments(context, run)
    measured = CurveNoise(
        own.evaluations, own.accuracy_noise, own.loss_noise, own.val_accuracy, own.sampling_error,
        control.deviation, tuple(variants), _causes(variants),
        float(mean @ mean / squared_length) if squared_length > 0 else None,
        _margin(context, run),
    )  # fmt: skip
    statement = f"{head} {_tried(measured)} {_why(measured)}"
    tried = [f"going on from its weights with {_CHANGED[v.change]}" for v in variants]
    return CHECK.found(
        (run.name,), statement, measured, advice=_advice(measured.causes), tried=tried
    )


def _margin(context: Context, run: RunOutcome) -> float | None:
    if run.record.config.model != "softmax":
        return None
    _, validation = context.parts(run)
    scores = np.sort(run.model.scores(validation.X), axis=1)
    return float(np.median(scores[:, -1] - scores[:, -2]))


def _causes(variants: list[Variant]) -> tuple[Change, ...]:
    """Return what removes the noise.

    A larger batch and a smaller rate lessen all noise of steps: they count only where nothing else
    does.
    """
    removing = sorted(
        (v for v in variants if v.ratio_interval[1] < REMOVES), key=lambda v: v.ratio
    )
    special = tuple(v.change for v in removing if v.change not in ("batch", "rate"))
    return special or tuple(v.change for v in removing)


_CHANGED: dict[Change, str] = {
    "batch": f"batches {FACTOR} times as large",
    "rate": f"a learning rate {FACTOR} times smaller",
    "order": "a new order in each epoch",
    "classes": "each class equally often in all batches",
    "mean": "centred features",
    "bias": "no penalty on the bias",
}


def _tried(found: CurveNoise) -> str:
    parts = [
        f"{_CHANGED[v.change]}: {v.ratio:.2f} of it ({v.ratio_interval[0]:.2f} to "
        f"{v.ratio_interval[1]:.2f})"
        for v in sorted(found.variants, key=lambda v: v.ratio)
    ]
    control = found.control_noise if found.control_noise is not None else math.nan
    return (
        f"Going on from its weights as before, it is {points(control)}; with "
        f"{'; with '.join(parts)} (95% intervals over other orders)."
    )


def _why(found: CurveNoise) -> str:
    causes = found.causes
    if not causes:
        return "None of these removes it: its cause is something else."
    if set(causes) <= {"batch", "rate"}:
        if "batch" not in causes:
            return "So the steps are too long whatever the batch: they overshoot the minimum."
        return "So it is the noise of the batches, for which the steps are too long."
    reasons = []
    if "order" in causes:
        reasons.append("the order of the examples, which is the same in all epochs")
    if "classes" in causes:
        reasons.append("the counts of the classes, which differ from batch to batch")
    if "mean" in causes:
        assert found.mean_share is not None
        reasons.append(
            f"the mean of the features, which has {percent(found.mean_share, 0)} of their mean "
            "squared length"
        )
    if "bias" in causes:
        reasons.append("the penalty on the bias")
    text = f"So it comes of {listed(reasons)}."
    if {"classes", "mean"} <= {*causes}:
        text += (
            " Each surplus of a class in a batch moves the class's score along that mean, and so "
            "on all examples at once."
        )
        if found.margin is not None:
            text += (
                f" Half of the validation examples have their two largest scores within "
                f"{found.margin:.2g} of each other, so that many predictions change."
            )
    return text


def _advice(causes: tuple[Change, ...]) -> str:
    ways: dict[Change, str] = {
        "mean": "centre the features",
        "classes": "make batches of equal class counts",
        "order": "shuffle the examples in each epoch (order = epoch)",
        "bias": "leave the bias out of the penalty",
    }
    own = [ways[cause] for cause in causes if cause in ways]
    more = "take larger batches, let the learning rate fall, or average the last weights"
    text = listed(own, most=None).replace(" and ", " or ") if own else more
    return f"{text[0].upper()}{text[1:]}" + (f"; or {more}." if own else ".")


def _clear(quiet: list[tuple[RunOutcome, CurveNoise]]) -> Finding:
    run, worst = max(quiet, key=lambda pair: pair[1].accuracy_noise)
    limit = max(MATTERS, worst.sampling_error)
    names = [run.name for run, _ in quiet]
    return CHECK.clear(
        names,
        f"At the ends of {listed(names, 20)} the validation accuracy has a standard deviation of "
        f"at most {points(worst.accuracy_noise)} from evaluation to evaluation, that of "
        f"{run.name}; {points(limit)} would matter there.",
        worst,
    )


CHECK = Check(
    CurveNoise,
    look,
    "Differences of neighbouring evaluations at the end of the run; where they are large, short "
    "runs from its weights with one thing changed each.",
)
