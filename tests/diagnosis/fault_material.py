"""Runs that are really made, on made-up examples of three overlapping classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from onelayer.data import Dataset
from onelayer.diagnosis import Check, Context, Finding
from onelayer.study import outcome_in_memory
from onelayer.training import TrainConfig, train_many

CLASSES = 3


def examples(n: int = 400, seed: int = 0, apart: float = 2.0, features: int = 6) -> Dataset:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, CLASSES, n)
    X = rng.normal(size=(n, features))
    X[np.arange(n), y] += apart
    return Dataset(X.astype(np.float32), y, classes=range(CLASSES))


def config(**options: Any) -> TrainConfig:
    return TrainConfig.model_validate(
        {"learning_rate": 0.1, "batch_size": 20, "max_epochs": 20, "l2": 1e-3} | options
    )


def context_of(
    train: Dataset | None = None, validation: Dataset | None = None, **configs: TrainConfig
) -> Context:
    train = examples() if train is None else train
    validation = examples(300, seed=1) if validation is None else validation
    results = train_many(train, validation, list(configs.values()), 1)
    subject = outcome_in_memory(train, validation, dict(zip(configs, results, strict=True)))
    return Context(*subject, threads=1)


def asked(check: Check, context: Context) -> Finding:
    """The one finding of a check."""
    (finding,) = check.look(context)
    return finding
