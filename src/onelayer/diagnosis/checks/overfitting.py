"""OL103: overfitting, taken apart: the gap between the parts, harm, and where the run was going."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.continued import (
    Scored,
    held_out_rows,
    scored,
    without_held_out,
)
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.statistics import (
    Trend,
    difference_interval,
    paired_mean_interval,
    trend,
    wilson_interval,
)
from onelayer.diagnosis.words import number, percent, points, span
from onelayer.model import Parameters
from onelayer.study import RunOutcome

TAIL = 0.2
"""The end of a run is this share of its evaluations."""

MIN_TAIL = 5

MIN_EVALUATIONS = round(MIN_TAIL / TAIL)

RISE = 0.01
"""A validation loss that ends this share above its lowest has risen."""

HELD_OUT = 0.2
"""So many of the training examples are left out of a second training, to be asked after it."""


@dataclass(frozen=True)
class Gap:
    """What a difference in accuracy between training and validation examples is made of.

    Attributes
    ----------
    train_accuracy, val_accuracy : float
        Of the weights that are kept.
    val_interval : (float, float)
        Wilson's, of 95%: it covers the accuracy on examples like those of validation.
    memory : float
        Accuracy on the training examples less that on a fifth of them that a second run, with the
        same batches but for these, was not trained on.
    memory_interval : (float, float)
        Of 95%, of the difference of independent proportions (Newcombe's method 10).
    parts : float
        The second run's accuracy on that fifth less that on the validation examples: neither was
        trained on, so this is how much harder the validation examples are.
    parts_interval : (float, float)
        Likewise.
    """

    train_accuracy: float
    val_accuracy: float
    val_interval: tuple[float, float]
    memory: float
    memory_interval: tuple[float, float]
    parts: float
    parts_interval: tuple[float, float]


@dataclass(frozen=True)
class AtMinimum:
    """The minimum of a run's objective beside the lowest validation loss that the run had.

    Attributes
    ----------
    certified : bool
        Whether it is known to be the minimum.
    val_loss, val_accuracy, train_accuracy : float
    rise : float
        How far its validation loss lies above the run's lowest, as a share of that.
    against_end : (float, float)
        Of 95%: its validation loss less that of the weights that are kept, mean over the same
        examples.
    """

    certified: bool
    val_loss: Number
    val_accuracy: float
    train_accuracy: float
    rise: Number
    against_end: tuple[Number, Number]


@dataclass(frozen=True)
class Overfitting(Measurement):
    """Whether training did harm, what the gap is made of, and where the validation loss was going.

    Attributes
    ----------
    gap : Gap
    val_loss_slope_per_epoch : float
        Theil and Sen's, over the last evaluations.
    val_loss_slope_interval : (float, float)
        Of 95%; it allows for the correlation of neighbouring evaluations.
    tail_evaluations : int
        How many evaluations the slope is over.
    lowest_step : int
        The step of the lowest validation loss.
    rise_above_lowest : float
        How far above the lowest the end lies, as a share of it; not finite where the lowest is 0
        and the end is not.
    minimum : AtMinimum or None
        Where the run would end if it went on for ever; None where that was not found.
    """

    code: ClassVar[str] = "OL103"
    check: ClassVar[str] = "overfitting"
    title: ClassVar[str] = "Overfitting"

    gap: Gap
    val_loss_slope_per_epoch: Number
    val_loss_slope_interval: tuple[Number, Number]
    tail_evaluations: int
    lowest_step: int
    rise_above_lowest: Number
    minimum: AtMinimum | None = None


def look(context: Context) -> list[Finding]:
    """Report on each run that was trained by steps and came to an end of its own."""
    runs = [
        run
        for run in context.outcome.runs
        if run.record.stop_reason.is_planned and run.record.config.solver == "sgd"
    ]
    able = [run for run in runs if _obstacle(run) is None]
    models = _models(context, able)
    return [
        _finding(context, run, models[run.name])
        if run.name in models
        else CHECK.not_applicable((run.name,), f"The run {run.name} {_obstacle(run)}.")
        for run in runs
    ]


def _obstacle(run: RunOutcome) -> str | None:
    """Return why a run cannot be asked, if that is so."""
    config = run.record.config
    if run.curve.height < MIN_EVALUATIONS or run.record.last is None:
        return (
            "has too few evaluations to tell where its validation loss was going: at least "
            f"{MIN_EVALUATIONS} are needed"
        )
    if config.model == "multilabel":
        return "has several labels an example, and is not looked at"
    if config.features is not None or config.examples_per_class is not None:
        return "is trained on some features or on drawn examples, and is not made again here"
    return None


@dataclass(frozen=True, eq=False)
class _Models:
    """A run's models, each on the training and on the validation examples.

    Attributes
    ----------
    kept, second : (Scored, Scored)
        What the run keeps, and what it comes to without a fifth of its examples.
    minimum : (Scored, Scored) or None
    certified : bool
        Whether the minimum is known to be one.
    """

    kept: tuple[Scored, Scored]
    second: tuple[Scored, Scored]
    minimum: tuple[Scored, Scored] | None
    certified: bool


def _models(context: Context, runs: list[RunOutcome]) -> dict[str, _Models]:
    """Make the models of all runs, those on the same batches together, and score them at once."""
    # Without a penalty the minimum may be infinitely far, and takes long to be near.
    minima = context.minima(run for run in runs if run.record.config.l2 > 0)
    groups: dict[Any, list[RunOutcome]] = defaultdict(list)
    for run in runs:
        groups[run.run.classes, run.record.config.shared].append(run)
    found: dict[str, _Models] = {}
    for members in groups.values():
        second = without_held_out(context, members, HELD_OUT)
        models = {("kept", r.name): Parameters(r.model.weights, r.model.bias) for r in members}
        models |= {("second", name): parameters for name, parameters in second.items()}
        models |= {
            ("minimum", r.name): minima[r.name].parameters for r in members if r.name in minima
        }
        parts = [
            scored(context, members[0], list(models.values()), validation=validation)
            for validation in (False, True)
        ]
        both = dict(zip(models, zip(*parts, strict=True), strict=True))
        for run in members:
            minimum = minima.get(run.name)
            found[run.name] = _Models(
                both["kept", run.name], both["second", run.name],
                both.get(("minimum", run.name)),
                minimum is not None and minimum.reason == "certified",
            )  # fmt: skip
    return found


def _finding(context: Context, run: RunOutcome, models: _Models) -> Finding:
    curve = run.curve
    tail = curve.tail(max(round(TAIL * curve.height), MIN_TAIL))
    epochs = tail["step"].to_numpy() / run.record.batches_per_epoch
    slope = trend(epochs, tail["val_loss"].to_numpy())
    # Under early stopping with min_delta the best evaluation need not be the lowest.
    lowest = curve.row(int(curve["val_loss"].to_numpy().argmin()), named=True)
    rise = _rise(float(np.median(tail["val_loss"].tail(MIN_TAIL).to_numpy())), lowest["val_loss"])
    gap = _gap(context, run, models.second)
    at_minimum = _at_minimum(models, lowest["val_loss"])
    measurement = Overfitting(
        gap=gap,
        val_loss_slope_per_epoch=slope.slope,
        val_loss_slope_interval=(slope.low, slope.high),
        tail_evaluations=tail.height,
        lowest_step=lowest["step"],
        rise_above_lowest=rise,
        minimum=at_minimum,
    )
    harmed = rise > RISE and slope.direction > 0
    kept_best = run.record.config.early_stopping is not None
    statement = " ".join(
        [
            _on_the_gap(run, gap),
            _on_the_end(slope, tail.height, rise, lowest["step"], harmed=harmed),
            *([] if at_minimum is None else [_on_the_minimum(run, at_minimum)]),
        ]
    )
    tried = [f"trained again without {percent(HELD_OUT, 0)} of the training examples"]
    tried += [] if at_minimum is None else ["the minimum of the objective"]
    if harmed and not kept_best:
        return CHECK.found(
            (run.name,), statement, measurement, tried=tried,
            advice="Stop early, or raise l2: the weights that are kept are those of the end.",
        )  # fmt: skip
    return CHECK.clear((run.name,), statement, measurement, tried=tried)


def _gap(context: Context, run: RunOutcome, second: tuple[Scored, Scored]) -> Gap:
    final = run.record.final
    assert final.train_accuracy is not None
    assert final.val_accuracy is not None
    held = np.zeros(run.record.n_train, bool)
    held[held_out_rows(context, run, HELD_OUT)] = True
    on_train, on_validation = second[0].right, second[1].right
    shares = [
        (float(right.mean()), len(right))
        for right in (on_train[~held], on_train[held], on_validation)
    ]
    return Gap(
        final.train_accuracy,
        final.val_accuracy,
        wilson_interval(final.val_accuracy, run.record.n_validation),
        shares[0][0] - shares[1][0],
        difference_interval(*shares[0], *shares[1]),
        shares[1][0] - shares[2][0],
        difference_interval(*shares[1], *shares[2]),
    )


def _at_minimum(models: _Models, lowest: float) -> AtMinimum | None:
    if models.minimum is None:
        return None
    on_train, on_validation = models.minimum
    loss = float(on_validation.losses.mean())
    return AtMinimum(
        models.certified,
        loss,
        float(on_validation.right.mean()),
        float(on_train.right.mean()),
        _rise(loss, lowest),
        paired_mean_interval(on_validation.losses, models.kept[1].losses),
    )


def _rise(end: float, lowest: float) -> float:
    if lowest == 0:  # in float32 a loss can be
        return 0.0 if end == 0 else math.inf
    return end / lowest - 1


def _on_the_gap(run: RunOutcome, gap: Gap) -> str:
    """Say what the difference of both accuracies is made of."""
    said = (
        f"{run.name} has {percent(gap.train_accuracy)} of its training examples right and "
        f"{percent(gap.val_accuracy)} of the validation examples (95% interval for examples like "
        f"these: {span(gap.val_interval)}). Trained without a fifth of its examples, it "
        f"does {points(gap.memory)} worse on that fifth than on the others "
        f"({span(gap.memory_interval)})"
    )
    if gap.memory_interval[0] > 0:
        said += ": so much is memory. "
    else:
        said += ", which can be chance: no memory is seen. "
    low, high = gap.parts_interval
    by = f"(by {points(abs(gap.parts))}; {span(gap.parts_interval)})"
    if low > 0:
        said += f"The validation examples are harder than that fifth {by}."
    elif high < 0:
        said += f"The validation examples are easier than that fifth {by}."
    else:
        said += f"The validation examples cannot be told from that fifth {by}."
    return said


def _on_the_end(
    slope: Trend, evaluations: int, rise: float, lowest_step: int, *, harmed: bool
) -> str:
    over = f"over the last {evaluations} evaluations"
    height = f"{percent(rise, 1)} above its lowest value" if rise < math.inf else "above zero"
    if harmed:
        return (
            f"Training did harm: the validation loss rose {over}, by {number(slope.slope)} an "
            f"epoch, and ends {height}, which it had at step {lowest_step:,}."
        )
    if slope.direction > 0:
        return f"The validation loss rose {over}, but ends only {height}."
    if slope.direction < 0:
        return (
            f"It did no harm up to its end: the validation loss was still falling {over}, by "
            f"{number(-slope.slope)} an epoch."
        )
    return f"It did no harm up to its end: the validation loss was level {over}."


def _on_the_minimum(run: RunOutcome, minimum: AtMinimum) -> str:
    what = "At the minimum of its objective" if minimum.certified else "Far on towards the minimum"
    low, high = minimum.against_end
    span = f"by {number(abs(low))} to {number(abs(high))}" if low * high > 0 else ""
    said = (
        f"{what} the validation loss is {number(minimum.val_loss)} and the accuracies "
        f"{percent(minimum.train_accuracy)} and {percent(minimum.val_accuracy)}"
    )
    if minimum.rise > RISE and low > 0:
        return f"{said}: there it would overfit, with a higher loss than at its end {span}."
    if high < 0:
        return f"{said}: a lower loss than at its end {span}, so going on helps {run.name}."
    return f"{said}: going on for ever changes the loss by no more than chance."


CHECK = Check(
    Overfitting,
    look,
    "Three questions apart: what the gap is made of, by a second training that leaves a random "
    "fifth of the training examples out; whether the validation loss turned up, by its trend with "
    "correlated noise; and where the run was going, by the minimum of its objective.",
    ("a second run with four fifths of the examples learns as the first did",),
)
