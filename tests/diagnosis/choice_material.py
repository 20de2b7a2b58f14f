"""Real runs on made-up data, for the checks of choices and confidence."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis import Check, Context, Finding
from onelayer.study import outcome_in_memory
from onelayer.training import TrainConfig, train_many


def examples(
    n: int, n_features: int = 5, *, noise: float = 1.0, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Two classes that a line parts but for noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features)).astype(np.float32)
    margin = 2 * X[:, 0] - X[:, 1] + noise * rng.logistic(size=n)
    return X, (margin > 0).astype(np.int64)


def parts(n_train: int, n_validation: int, n_features: int = 5, **more: Any) -> list[Dataset]:
    X, y = examples(n_train + n_validation, n_features, **more)
    return [
        Dataset(X[rows], y[rows], classes=range(2))
        for rows in (slice(None, n_train), slice(n_train, None))
    ]


def config(**options: Any) -> TrainConfig:
    return TrainConfig.model_validate({"solver": "optimum", "tolerance": 1e-4} | options)


def context_of(data: list[Dataset], configs: dict[str, TrainConfig]) -> Context:
    results = train_many(data[0], data[1], list(configs.values()))
    named = dict(zip(configs, results, strict=True))
    return Context(*outcome_in_memory(data[0], data[1], named))


def looked(check: Check, data: list[Dataset], configs: dict[str, TrainConfig]) -> list[Finding]:
    return list(check.look(context_of(data, configs)))


def sweep(*l2: float, **options: Any) -> dict[str, TrainConfig]:
    return {f"l2={value:g}": config(l2=value, **options) for value in l2}
