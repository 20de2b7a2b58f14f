"""OL108: why a curve jumps from evaluation to evaluation."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from onelayer.diagnosis.budget import OverBudget
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks.step_noise_words import (
    advice_for,
    details,
    jumps,
    measured_over,
    why,
)
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.going_on import go_on
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measures.curve_noise import CHANGED, STEPS, Change, CurveNoise, Variant
from onelayer.diagnosis.measures.small_weights import moments
from onelayer.diagnosis.measures.step_noise import Noise, settled
from onelayer.diagnosis.subjects.stepped import ended_runs
from onelayer.diagnosis.words import points
from onelayer.study import RunOutcome
from onelayer.words import listed

MATTERS = 0.015
"""A standard deviation of the accuracy from evaluation to evaluation that somebody should mind.

Of two evaluations one in twenty pairs is then 4 points apart.
"""

OF_SAMPLING = 0.75
"""Nor does one that is less than this share of the standard error by the number of examples.

At three quarters the noise makes the accuracy a quarter more uncertain.
"""

REMOVES = 0.7
"""A change that leaves less of the noise, by the upper end of its interval, removes its cause."""


def look(context: Context) -> list[Finding]:
    """Report on every noisy run, and on all others together."""
    findings, quiet = [], []
    for run in ended_runs(context):
        if (tail := settled(run)) is None or run.record.n_validation == 0:
            continue
        own = _noise(run, tail)
        if own.accuracy_noise >= _least(own):
            findings.append(_found(context, run, own))
        else:
            quiet.append((run, own))
    return [*findings, *([_clear(quiet)] if quiet else [])]


def _noise(run: RunOutcome, tail: pl.DataFrame) -> CurveNoise:
    accuracy = Noise.of(tail["val_accuracy"])
    spread = math.sqrt(max(accuracy.mean * (1 - accuracy.mean), 0.0) / run.record.n_validation)
    loss = Noise.of(tail["val_loss"]).deviation
    return CurveNoise(tail.height, accuracy.deviation, loss, accuracy.mean, spread)


def _least(noise: CurveNoise) -> float:
    return max(MATTERS, OF_SAMPLING * noise.sampling_error)


def _found(context: Context, run: RunOutcome, own: CurveNoise) -> Finding:
    head = jumps(run.called, own)
    try:
        control, variants = go_on(context, run)
    except OverBudget:
        advice = "A smaller learning rate, larger batches or averaging make it smaller."
        statement = f"{head} Why is not known. {measured_over(own)}"
        return CHECK.found((run.name,), statement, own, advice=advice)
    mean, squared_length = moments(context, run)
    measured = CurveNoise(
        own.evaluations, own.accuracy_noise, own.loss_noise, own.val_accuracy, own.sampling_error,
        control.deviation, tuple(variants), _causes(variants),
        float(mean @ mean / squared_length) if squared_length > 0 else None,
        _margin(context, run),
    )  # fmt: skip
    statement = f"{head} {why(measured)} {measured_over(own)} {details(measured)}"
    tried = [f"going on from its weights with {CHANGED[v.change]}" for v in variants]
    return CHECK.found(
        (run.name,), statement, measured, advice=advice_for(measured.causes), tried=tried
    )


def _margin(context: Context, run: RunOutcome) -> float | None:
    if run.record.config.model != "softmax":
        return None
    _, validation = context.parts(run)
    scores = np.sort(run.model.scores(validation.X), axis=1)
    return float(np.median(scores[:, -1] - scores[:, -2]))


def _causes(variants: list[Variant]) -> tuple[Change, ...]:
    """Return what removes the noise.

    A larger batch and a smaller rate only lessen it: they halve all noise of short steps.
    """
    most = {change: 1.0 if change in STEPS else REMOVES for change in CHANGED}
    removing = [v for v in variants if v.ratio_interval[1] < most[v.change]]
    return tuple(v.change for v in sorted(removing, key=lambda v: (v.change in STEPS, v.ratio)))


def _clear(quiet: list[tuple[RunOutcome, CurveNoise]]) -> Finding:
    run, worst = max(quiet, key=lambda pair: pair[1].accuracy_noise / _least(pair[1]))
    names = [run.name for run, _ in quiet]
    return CHECK.clear(
        names,
        f"At the ends of {listed([run.called for run, _ in quiet], 20)} the validation accuracy "
        "jumps too little from "
        f"evaluation to evaluation to matter: nearest to that is {run.called}, with a standard "
        f"deviation of {points(worst.accuracy_noise)}, where {100 * _least(worst):.2f} would.",
        worst,
    )


CHECK = Check(
    CurveNoise,
    look,
    "Differences of neighbouring evaluations at the end of the run; where they are large, short "
    "runs from its weights with one thing changed each.",
    covers="95%, for the ratio of the noise over other orders of the examples",
    takes_blocks=False,
    looks_beside=True,
)
