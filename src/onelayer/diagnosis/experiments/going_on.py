"""Short runs that go on where another ended, each with one thing changed: what makes it noisy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from onelayer.data import Dataset, Scaling
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.measures.curve_noise import FACTOR, Change, Variant
from onelayer.diagnosis.measures.small_weights import moments
from onelayer.diagnosis.measures.step_noise import Noise
from onelayer.model import Parameters
from onelayer.study import RunOutcome
from onelayer.training import TrainConfig, TrainResult
from onelayer.training.rates import learning_rates

EVALUATIONS, ADAPTING = 45, 5
"""So many has a variant, the first of which are left out: what was changed has to take effect."""

LEAST_PER_EPOCH = 4
"""Evaluations of an epoch, so that a variant is no longer than some 11 of them."""

OFF_CENTRE = 0.01
"""Features whose mean has less of the mean squared length are centred already."""

MOST_BYTES = 2**29
"""Larger data is not copied to rearrange it."""


def go_on(context: Context, run: RunOutcome) -> tuple[Noise, list[Variant]]:
    """Return the noise of a run that goes on as it was, and of those with one thing changed.

    Raises
    ------
    OverBudget
        If that would cost more than is left.
    """
    parts, start, config = context.parts(run), _kept(run), _going_on(run)
    changes: list[tuple[Change, dict[str, object]]] = [
        ("rate", {"learning_rate": config.learning_rate / FACTOR}),
        ("slow", {"learning_rate": config.learning_rate / FACTOR**2}),
    ]
    if config.penalize_bias and config.l2 > 0:
        changes.append(("bias", {"penalize_bias": False}))
    together = [config, *(config.model_copy(update=update) for _, update in changes)]
    control, *results = _noises(context, run, parts, together, start)
    found: list[tuple[Change, Noise]] = [
        (change, noise) for (change, _), noise in zip(changes, results, strict=True)
    ]

    def alone(change: Change, data: tuple[Dataset, Dataset], **update: object) -> None:
        own = config.model_copy(update=update)
        begin = _about_mean(start, context, run) if change == "mean" else start
        (noise,) = _noises(context, run, data, [own], begin)
        found.append((change, noise))

    if FACTOR * config.batch_size <= run.record.n_train / LEAST_PER_EPOCH:
        alone("batch", parts, batch_size=FACTOR * config.batch_size)
    if config.order != "epoch":
        alone("order", parts, order="epoch", shuffle=True)
    if (equal := _equal_counts(parts[0], config)) is not None:
        alone("classes", (equal, parts[1]), order="batches", shuffle=True)
    if (centred := _centred(context, run, parts)) is not None:
        alone("mean", centred)
    return control, [Variant(c, n.deviation, *_ratio(n, control)) for c, n in found]


def _ratio(noise: Noise, control: Noise) -> tuple[float, tuple[float, float]]:
    ratio, low, high = noise.ratio(control)
    return ratio, (low, high)


def _kept(run: RunOutcome) -> Parameters:
    return Parameters(run.model.weights, run.model.bias)


def _going_on(run: RunOutcome) -> TrainConfig:
    """Return the configuration by which a run goes on, at the rate that it ended with."""
    config = run.record.config
    rate = learning_rates(config, run.record.total_steps, max(run.record.steps - 1, 0), 1)[0]
    per_epoch = max(config.evaluations_per_epoch, LEAST_PER_EPOCH)
    return config.model_copy(update={
        "learning_rate": float(rate), "schedule": None, "warmup_steps": 0, "early_stopping": None,
        "optimum": False, "initial_std": 0.0, "max_steps": None,
        "evaluations_per_epoch": per_epoch, "max_epochs": math.ceil(EVALUATIONS / per_epoch),
    })  # fmt: skip


def _noises(
    context: Context,
    run: RunOutcome,
    parts: tuple[Dataset, Dataset],
    configs: Sequence[TrainConfig],
    start: Parameters,
) -> list[Noise]:
    """Return the noise of runs that go on from some parameters, in the orders of later epochs."""
    first_epoch = run.record.steps // run.record.batches_per_epoch
    results = context.train(parts, configs, initial=[start] * len(configs), first_epoch=first_epoch)
    return [_noise(result) for result in results]


def _noise(result: TrainResult) -> Noise:
    accuracies = [e.val_accuracy for e in result.history.evaluations[ADAPTING:]]
    return Noise.of(accuracies if len(accuracies) > 2 else [math.nan] * 3)


def _equal_counts(train: Dataset, config: TrainConfig) -> Dataset | None:
    """Return the examples in an order in which all stretches have each class as often."""
    if train.has_label_matrix or config.examples_per_class is not None:
        return None
    if not issparse(train.X) and train.X.nbytes > MOST_BYTES:
        return None
    rows = stratified_order(train.targets, np.random.default_rng(config.seed))
    return Dataset(train.X[rows], train.y[rows], train.classes, train.image_shape, train.scaling)


def stratified_order(targets: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return an order in which each class comes at equal distances, its examples at random."""
    place = np.empty(len(targets))
    for target in np.unique(targets):
        own = rng.permutation(np.flatnonzero(targets == target))
        place[own] = (np.arange(len(own)) + rng.random()) / len(own)
    return np.argsort(place, kind="stable")


def _centred(
    context: Context, run: RunOutcome, parts: tuple[Dataset, Dataset]
) -> tuple[Dataset, Dataset] | None:
    """Return the data with features of mean 0; None where they are, or cannot be shifted."""
    mean, squared_length = moments(context, run)
    if issparse(parts[0].X) or mean @ mean < OFF_CENTRE * squared_length:
        return None
    scale, offset = parts[0].scaling.per_feature(parts[0].n_features)
    scaling = Scaling(scale, offset - mean)
    return _scaled(parts[0], scaling), _scaled(parts[1], scaling)


def _scaled(part: Dataset, scaling: Scaling) -> Dataset:
    """Return the same values with another scaling; they are not checked a second time."""
    other = copy(part)
    object.__setattr__(other, "scaling", scaling)
    return other


def _about_mean(start: Parameters, context: Context, run: RunOutcome) -> Parameters:
    """Return the parameters that give centred features the same scores."""
    mean, _ = moments(context, run)
    bias = start.bias + mean @ start.weights
    return Parameters(start.weights, bias.astype(start.bias.dtype))
