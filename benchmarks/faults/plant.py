"""What a planted fault is, and what a run without one is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sources import Material, material

from onelayer.data import Dataset
from onelayer.diagnosis import Answer, Finding, diagnose
from onelayer.study import outcome_in_memory
from onelayer.training import EarlyStopping, TrainConfig, train_many


@dataclass(frozen=True)
class Case:
    """Data and configurations that are trained and diagnosed together.

    Attributes
    ----------
    train, validation : Dataset
    configs : dict of str to TrainConfig
        By the run's name.
    is_right : function
        Whether the findings of the check name what was planted, such as the batch.
    """

    train: Dataset
    validation: Dataset
    configs: dict[str, TrainConfig]
    is_right: Callable[[Sequence[Finding]], bool] = lambda _found: True

    def findings(self, only: Sequence[str] = ()) -> list[Finding]:
        """Train and diagnose."""
        results = train_many(self.train, self.validation, list(self.configs.values()))
        named = dict(zip(self.configs, results, strict=True))
        subject = outcome_in_memory(self.train, self.validation, named)
        return diagnose(*subject, only=only)


@dataclass(frozen=True)
class Plant:
    """A fault that is put into healthy material at several strengths.

    Attributes
    ----------
    code : str
        Of the check that is to find it.
    name : str
        What is planted, for the table.
    unit : str
        What the strengths are.
    strengths : tuple of float
        From weak to strong.
    matters : float
        The strength from which on a person would want to know of it, fixed beforehand.
    make : function
        From a generator, a strength and a source to a case.
    sources : tuple of str
        Where it can be planted.
    """

    code: str
    name: str
    unit: str
    strengths: tuple[float, ...]
    matters: float
    make: Callable[[np.random.Generator, float, str], Case]
    sources: tuple[str, ...] = ("digits", "mnist", "ISLR OJ", "DAAG spam7")


def answers(findings: Sequence[Finding], code: str) -> bool:
    """Whether a check found what it looks for."""
    return any(f.code == code and f.answer is Answer.FOUND for f in findings)


def safe_rate(train: Dataset, share: float = 0.25) -> float:
    """Return a share of the rate at which plain gradient descent begins to oscillate."""
    X = np.hstack([train.scaling.apply(train.X, np.dtype(np.float64)), np.ones((len(train.X), 1))])
    largest = float(np.linalg.eigvalsh(X.T @ X / len(X))[-1])
    return share * 2 * train.n_classes / largest


def healthy(rng: np.random.Generator, source: str) -> Case:
    """Return a run that whoever knows the craft would make: nothing is planted.

    Examples in random order, a random split, a safe rate, a mild penalty, early stopping; some in
    the file's order and some shuffled.
    """
    return of(material(source, rng), rng)


def of(material: Material, rng: np.random.Generator, **options: object) -> Case:
    """Return a healthy case of some material, with other options in place of its own."""
    train, validation = material.split()
    own = {
        "model": "softmax",
        "learning_rate": safe_rate(train),
        "batch_size": 64,
        "max_epochs": 200,
        "l2": 1e-3,
        "order": str(rng.choice(["file", "epoch"])),
        "seed": int(rng.integers(1_000_000)),
        "early_stopping": EarlyStopping(patience=10),
    }
    return Case(train, validation, {"run": TrainConfig.model_validate(own | options)})
