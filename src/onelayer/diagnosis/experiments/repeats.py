"""Runs made again with other options, and what that does to the loss on the validation examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.budget import seconds_of_training
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Span, Spans
from onelayer.diagnosis.measurement import Number
from onelayer.diagnosis.statistics import PairedAccuracies, paired_mean_interval
from onelayer.diagnosis.subjects.stepped import has_steps
from onelayer.diagnosis.words import number, percent, span
from onelayer.inference import Classifier
from onelayer.model import LOSSES, Parameters
from onelayer.study import RunOutcome
from onelayer.training import TrainConfig, TrainResult
from onelayer.training.final import as_classifier

Floats = NDArray[np.float64]

MATTERS = 0.05
"""A validation loss that is lower by this share of it is one that somebody wants to have."""

ACCURACY_MATTERS = 0.01
"""So is an accuracy that is higher by this."""

COVERS = (
    "95%, for the differences of loss and accuracy over all examples of which the validation "
    "examples are a random sample, for these two models; other seeds would make others"
)
"""What the intervals of a change cover."""

MOST_STEPS = 1_000_000

LEAST_VALIDATION = 30


@dataclass(frozen=True)
class Change:
    """A run's model beside another on the same validation examples.

    Attributes
    ----------
    loss, other_loss : float
        Mean validation losses, the run's and the other's.
    reduction : float
        By how much the other's is lower, as a share of the run's.
    interval : (float, float)
        Of 95%, of that share: it covers its value over all examples of which these are a sample.
    accuracy, other_accuracy : float
        Fractions of the validation examples.
    accuracy_interval : (float, float)
        Of 95%, Tango's, of the other accuracy less the run's; it covers the same examples.
    """

    loss: Number
    other_loss: Number
    reduction: Number
    interval: tuple[Number, Number]
    accuracy: float
    other_accuracy: float
    accuracy_interval: tuple[float, float]

    @property
    def matters(self) -> bool:
        """Whether the other is better by a size that matters, and not by chance."""
        return (self.reduction >= MATTERS and self.interval[0] > 0) or self.accuracy_is_better

    @property
    def accuracy_is_better(self) -> bool:
        """Whether the other's accuracy is, by a size that matters, and its loss no worse."""
        gain = self.other_accuracy - self.accuracy
        return self.reduction > 0 and gain >= ACCURACY_MATTERS and self.accuracy_interval[0] > 0

    @property
    def words(self) -> str:
        """Say how the other does on the validation examples, and how sure that is."""
        low, high = self.interval
        side = "lower" if self.reduction >= 0 else "higher"
        if self.reduction < 0:
            low, high = -high, -low
        sure = (
            f"{percent(low, 1)} to {percent(high, 1)} is the 95% interval over examples like these"
        )
        if not np.isfinite(low + high):
            sure = "losses differ too much for an interval"
        return (
            f"the validation loss is {number(self.other_loss)} in place of {number(self.loss)} "
            f"({side} by {percent(abs(self.reduction), 1)}; {sure}), and the validation accuracy "
            f"{percent(self.other_accuracy)} in place of {percent(self.accuracy)} (a difference of "
            f"{span(self.accuracy_interval)} points)"
        )

    def exhibit(self, other: str) -> Spans:
        """Return how much better the other is, in loss and in accuracy."""
        rows = (
            Span.of("validation loss, lower by (%)", self.reduction, self.interval),
            Span.of("accuracy, higher by (percentage points)",
                    self.other_accuracy - self.accuracy, self.accuracy_interval),
        )  # fmt: skip
        caption = (
            f"From {number(self.loss)} to {number(self.other_loss)} and from "
            f"{percent(self.accuracy)} to {percent(self.other_accuracy)}; intervals of 95% over "
            "examples like those of validation. Right of 0 the run gave something up."
        )
        return Spans(f"The run beside {other}", caption, "gain", rows, 0.0)

    @property
    def may_matter(self) -> bool:
        """Whether it is better by such a size, but it may be chance."""
        return self.reduction >= MATTERS and not self.matters


def why_not_repeated(run: RunOutcome) -> str | None:
    """Say why a run is not made again, a clause; None of one that `Context.train` can repeat."""
    config, record = run.record.config, run.record
    if config.features is not None or config.examples_per_class is not None:
        return "it trains on some of the features or on drawn examples"
    if config.initial_std > 0:
        return "it starts from random weights"
    if record.class_weights is not None:
        return "its classes have weights"
    if record.n_validation < LEAST_VALIDATION:
        return f"fewer than {LEAST_VALIDATION} validation examples tell nothing"
    return None


def can_be_repeated(run: RunOutcome) -> bool:
    """Whether `Context.train` makes the same run, and validation examples can tell two apart."""
    return has_steps(run) and why_not_repeated(run) is None


def varied(config: TrainConfig, **options: object) -> TrainConfig:
    """Return a configuration with other options, checked anew; no minimum is asked for."""
    return TrainConfig.model_validate(config.model_dump() | {"optimum": False} | options)


def repeated(
    context: Context,
    variants: Mapping[str, Sequence[TrainConfig]],
    *,
    go_on: bool = False,
) -> dict[str, list[TrainResult]]:
    """Train variants of runs, given by the run's name; those on the same data in one call.

    Parameters
    ----------
    go_on : bool
        Whether they start from the weights that the runs keep, and see epochs of their own.
    """
    groups: dict[object, list[RunOutcome]] = {}
    for name in variants:
        run = context.outcome[name]
        groups.setdefault(run.run.selection, []).append(run)
    made: dict[str, list[TrainResult]] = {}
    for runs in groups.values():
        configs = [config for run in runs for config in variants[run.name]]
        starts = [_start(run) if go_on else None for run in runs for _ in variants[run.name]]
        epochs = max(-(-run.record.steps // run.record.batches_per_epoch) for run in runs)
        results = iter(
            context.train(
                context.parts(runs[0]), configs, initial=starts,
                first_epoch=epochs if go_on else 0,
            )
        )  # fmt: skip
        made |= {run.name: [next(results) for _ in variants[run.name]] for run in runs}
    return made


def _start(run: RunOutcome) -> Parameters:
    dtype = np.dtype(run.record.config.dtype)
    return Parameters(run.model.weights.astype(dtype), run.model.bias.astype(dtype))


def change(
    context: Context, run: RunOutcome, config: TrainConfig, parameters: Parameters
) -> Change:
    """Return a run's model beside one of other parameters."""
    train, _ = context.parts(run)
    other = as_classifier(config, parameters, train)
    loss, right = context.once(("measured", run.name), lambda: _measured(context, run, run.model))
    other_loss, other_right = _measured(context, run, other)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, other_mean = float(loss.mean()), float(other_loss.mean())
        low, high = paired_mean_interval(loss, other_loss)
    scale = mean if mean > 0 else 1.0
    return Change(
        mean,
        other_mean,
        (mean - other_mean) / scale,
        (low / scale, min(high / scale, 1.0)),
        float(right.mean()),
        float(other_right.mean()),
        PairedAccuracies.of(other_right, right).interval(),
    )


def _measured(
    context: Context, run: RunOutcome, model: Classifier
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return each validation example's loss, and whether it is right."""
    _, validation = context.parts(run)
    loss, targets = LOSSES[model.model], context.targets(run)
    scores = model.scores(validation.X)
    return loss.values(scores, targets).astype(np.float64), loss.is_right(scores, targets)


def affordable_steps(context: Context, run: RunOutcome, seconds: float, **options: object) -> int:
    """Return how many steps of a run with such options so many seconds pay for."""
    one_epoch = varied(run.record.config, **(options | {"max_epochs": 1, "max_steps": None}))
    cost = seconds_of_training(*context.parts(run), [one_epoch]) / run.record.batches_per_epoch
    return max(1, int(min(seconds / cost, MOST_STEPS)))
