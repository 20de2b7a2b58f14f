"""Faults of training: rates, epochs, patience, and the order of the examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from plant import Case, Plant, in_blocks_of_class, of, safe_rate, stopped_early
from sources import Material, material, parts

from onelayer.diagnosis import Finding
from onelayer.diagnosis.checks.ends import UnfinishedRun
from onelayer.diagnosis.checks.missing_classes import MissingClasses, chance_of_none
from onelayer.diagnosis.checks.stopping_noise import WORTH
from onelayer.model import Objective, Parameters
from onelayer.optimum import minimise
from onelayer.training import TrainConfig, train

BATCH = 64


def _warns(found: Sequence[Finding]) -> bool:
    """Whether the experiment showed that it costs something."""
    return any(f.is_warning for f in found)


def _penalty(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return a run whose rate times the penalty is some times what steps can bear."""
    case = of(
        material(source, rng), rng, l2=10.0, learning_rate=strength / 10, early_stopping=None,
        max_epochs=60,
    )  # fmt: skip

    def names_the_penalty(found: Sequence[Finding]) -> bool:
        return any(
            isinstance(f.measurement, UnfinishedRun) and f.measurement.cause == "penalty"
            for f in found
        )

    return Case(case.train, case.validation, case.configs, names_the_penalty)


def _high_rate(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return a run with some times the rate at which gradient descent begins to oscillate."""
    some = material(source, rng)
    rate = safe_rate(some.split()[0], strength)
    case = of(some, rng, learning_rate=rate, early_stopping=None, max_epochs=30)
    return replace(case, is_right=_warns)


def _too_few_epochs(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return a run cut where its validation loss is still a share above the minimum's."""
    some = material(source, rng, 1_000)
    whole = of(some, rng, early_stopping=None, max_epochs=30)
    config = whole.configs["run"]
    (there,) = minimise(whole.train, [config.objective], tolerance=1e-3)
    best = _validation_loss(whole, there.parameters)
    history = train(whole.train, whole.validation, config).history
    above = [e.step for e in history.evaluations if e.val_loss >= (1 + strength) * best]
    steps = max(above, default=0) + 1
    return Case(whole.train, whole.validation, {"run": _with(config, max_steps=steps)}, _warns)


def _low_rate(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return a run with a rate some times too low for the epochs that a safe one needs."""
    some = material(source, rng, 1_000)
    whole = of(some, rng, early_stopping=None, max_epochs=30)
    config = whole.configs["run"]
    losses = [e.val_loss for e in train(whole.train, whole.validation, config).history.evaluations]
    needed = int(np.argmax(np.array(losses) <= 1.02 * min(losses)))
    epochs = max(1, -(-needed // config.evaluations_per_epoch))
    changed = _with(config, max_epochs=epochs, learning_rate=config.learning_rate / strength)
    return Case(whole.train, whole.validation, {"run": changed}, _warns)


def _impatient(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return a run that stops at noise, a share of the loss above what comes later."""
    case = stopped_early(rng, source, lost=(strength, 3 * strength), times=4)
    return replace(case, is_right=_warns) if strength > WORTH else case


def _blocks_of_class(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return a run in the order of a file where blocks of one class are so long."""
    some = material(source, rng)
    n = round(0.7 * len(some.y))
    length = max(1, round(strength * BATCH))
    rows = np.concatenate([in_blocks_of_class(rng, some.y[:n], length), np.arange(n, len(some.y))])
    sorted_ = Material(some.X[rows], some.y[rows], some.image_shape)
    return of(sorted_, rng, order="file", max_epochs=60)


def _rare_class(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return a run with a class that so large a share of the batches has none of."""
    some, size = material(source, rng), 16
    label, n = int(rng.choice(np.unique(some.y))), round(0.7 * len(some.y))
    first, second = np.split(np.arange(len(some.y)), [n])
    own = first[some.y[first] == label]
    others, kept = len(first) - len(own), len(own)
    while kept > 3 and chance_of_none(others + kept, kept, size) < strength:
        kept -= 1
    # As rare in validation; of the training examples the number is exact.
    there = second[some.y[second] == label]
    gone = np.concatenate([own[kept:], there[round(len(there) * kept / len(own)) :]])
    first, second = np.setdiff1d(first, gone), np.setdiff1d(second, gone)
    rows = np.concatenate([first, second])
    train_set, validation = parts(some.X[rows], some.y[rows], len(first), some.image_shape)
    case = of(some, rng, batch_size=size, order="epoch", max_epochs=5)

    def names_the_class(found: Sequence[Finding]) -> bool:
        return any(
            isinstance(f.measurement, MissingClasses)
            and any(missing.label == label for missing in f.measurement.missing)
            for f in found
        )

    return Case(train_set, validation, case.configs, names_the_class)


def _validation_loss(case: Case, parameters: Parameters) -> float:
    X = case.validation.scaling.apply(case.validation.X, np.float64)
    return Objective("softmax").value(parameters, X, case.validation.targets)


def _with(config: TrainConfig, **options: object) -> TrainConfig:
    return TrainConfig.model_validate(config.model_dump() | options)


PLANTS = [
    Plant(
        "OL001", "rate times penalty too high", (0.5, 1.5, 3.0), 1.5, _penalty
    ),
    Plant(
        "OL003", "learning rate too high, no early stopping",
        (1, 4, 16, 64), 16, _high_rate,
    ),
    Plant(
        "OL004", "too few epochs", (0.03, 0.06, 0.12, 0.25), 0.12,
        _too_few_epochs,
    ),
    Plant(
        "OL005", "learning rate too low", (3, 10, 30, 100), 10,
        _low_rate,
    ),
    Plant(
        "OL007", "early stopping at noise", (0.06, 0.12, 0.25),
        0.12, _impatient, ("digits", "mnist"),
    ),
    Plant(
        "OL008", "classes in blocks", (0.05, 0.25, 1.0, 4.0), 1.0, _blocks_of_class
    ),
    Plant(
        "OL009", "a rare class", (0.3, 0.6, 0.8, 0.95), 0.6,
        _rare_class,
    ),
]  # fmt: skip
