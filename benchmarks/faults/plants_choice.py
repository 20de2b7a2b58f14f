"""Faults of choices and of confidence: OL301 to OL304."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from plant import Case, Plant, of, safe_rate
from sources import Material, material, parts

from onelayer.diagnosis import Finding
from onelayer.training import EarlyStopping, TrainConfig, train_many

SOURCES = ("digits", "mnist", "ISLR OJ", "DAAG spam7", "AER HMDA")


TIMES_AS_MANY = 3
"""Runs of which those are taken that are most alike."""


def says(word: str) -> Callable[[Sequence[Finding]], bool]:
    """Return whether a finding has a word in what it says."""
    return lambda found: any(word in f.statement for f in found)


def sweep(case: Case, l2: Sequence[float]) -> Case:
    """Return a case with its run at several penalties."""
    (config,) = case.configs.values()
    runs = {f"run[l2={value:g}]": config.model_copy(update={"l2": float(value)}) for value in l2}
    return Case(case.train, case.validation, runs)


def cut_off_below(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return a sweep over penalties that are all too strong."""
    case = of(material(source, rng), rng)
    case = sweep(case, strength * np.array([1.0, 3.0, 10.0]))
    return Case(case.train, case.validation, case.configs, says("lowest that was tried"))


def cut_off_above(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return a sweep over penalties that are all too weak for few examples with many features."""
    drawn = with_noise(material(source, rng, 700), rng, 100)
    train, validation = parts(drawn.X, drawn.y, 100)
    config = TrainConfig(solver="optimum", model="softmax")
    case = sweep(Case(train, validation, {"run": config}), strength * np.array([1.0, 0.1, 0.01]))
    return Case(case.train, case.validation, case.configs, says("highest that was tried"))


def alike(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return runs whose penalties differ by hardly anything."""
    case = of(material(source, rng), rng)
    case = sweep(case, 1e-3 * (1 + 1 / strength) ** np.arange(4.0))
    simplest = max(case.configs.items(), key=lambda item: item[1].l2)[0]
    return Case(case.train, case.validation, case.configs, says_best(simplest))


def says_best(run: str) -> Callable[[Sequence[Finding]], bool]:
    """Return whether a run is among those that may be the best."""
    return lambda found: any(
        f.measurement is not None and run in f.measurement.as_json()["may_be_best"] for f in found
    )


def many_on_few(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return many runs on small draws that are as good, to be chosen among by few examples.

    Of three times as many runs, those that are most alike in their accuracy on the examples that
    are not of validation; each was trained on a few of these.
    """
    drawn, n = material(source, rng, 1000), int(strength)
    train, validation = parts(drawn.X, drawn.y, len(drawn.y) - 60)
    config = TrainConfig(
        learning_rate=safe_rate(train), max_epochs=30, l2=1e-2, examples_per_class=5
    )
    configs = [config.model_copy(update={"draw": draw}) for draw in range(TIMES_AS_MANY * n)]
    made = train_many(train, train, configs, 1)
    accuracies = np.array([m.final.val_accuracy for m in made])
    by_accuracy = np.argsort(accuracies, kind="stable")
    between = accuracies[by_accuracy[n - 1 :]] - accuracies[by_accuracy[: len(made) - n + 1]]
    first = int(np.argmin(between))
    chosen = sorted(by_accuracy[first : first + n].tolist())
    return Case(train, validation, {f"run[draw={draw}]": configs[draw] for draw in chosen})


def with_noise(drawn: Material, rng: np.random.Generator, features: int) -> Material:
    """Return material with features of noise besides its own."""
    noise = rng.normal(size=(len(drawn.y), features))
    return Material(np.hstack([drawn.X, noise]), drawn.y)


def memorised(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return a run far past overfitting: so many features of noise an example, next to no penalty.

    At the minimum, to which steps would take very long.
    """
    drawn = with_noise(material(source, rng, 900), rng, round(300 * strength))
    train, validation = parts(drawn.X, drawn.y, 300)
    config = TrainConfig(solver="optimum", l2=1e-5, tolerance=1e-3)
    return Case(train, validation, {"run": config}, says("overconfident"))


def shrunk(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Return a run under a penalty that leaves little of its weights.

    Not where most examples are of one class: what is left, the bias, knows how many.
    """
    case = of(material(source, rng), rng, l2=strength, early_stopping=EarlyStopping(patience=10))
    return Case(case.train, case.validation, case.configs, says("underconfident"))


PLANTS = [
    Plant("OL301", "λ list cut off below", (0.01, 0.03, 0.1, 0.3), 0.1,
          cut_off_below, SOURCES),
    Plant("OL301", "λ list cut off above, 100 examples",
          (1e2, 1e3, 1e4, 1e5), 1e4, lambda rng, s, source: cut_off_above(rng, 1 / s, source),
          SOURCES),
    Plant("OL302", "candidates alike", (1, 4, 20), 4, alike,
          SOURCES),
    Plant("OL303", "candidates on 60 validation examples", (10, 20, 40), 40,
          many_on_few, SOURCES),
    Plant("OL304", "features of noise, λ = 0.00001", (0.3, 1, 3), 1,
          memorised, SOURCES),
    Plant("OL304", "strong penalty", (0.03, 0.1, 0.3), 0.3, shrunk,
          ("digits", "mnist", "ISLR OJ", "DAAG spam7")),
]  # fmt: skip
