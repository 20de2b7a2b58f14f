"""Models of all kinds on small data, and the bits of each: what every processor must agree on.

As a program it prints them as JSON; a test runs it as on another processor.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from onelayer.data import Dataset, Scaling
from onelayer.training import Averaging, ExampleWeights, TrainConfig, TrainResult, train_many

STORED = ["uint8", "float16", "float32", "float64", "csr"]
STEPS: dict[str, Any] = {
    "batch_size": 44,
    "max_epochs": 2,
    "evaluations_per_epoch": 3,
    "learning_rate": 0.3,
}


@dataclass(frozen=True)
class Case:
    """Data of some kind, and models of some number of outputs on it.

    `density` is the share of values that are not zero: where there are few, evaluations read them
    alone.
    """

    stored: str
    dtype: str
    model: str
    classes: int
    features: int = 37
    density: float = 0.9

    @property
    def name(self) -> str:
        """Return what tells the case from others."""
        kind = f"{self.model} {self.classes}, {self.stored} as {self.dtype}"
        return f"{kind}, {self.features} features, {self.density:g} not zero"

    def data(self) -> Dataset:
        """Return its 333 examples: whole numbers, made by a generator without a C library."""
        rng = np.random.default_rng(self.features)
        X = rng.integers(1, 256, (333, self.features))
        X[rng.random(X.shape) > self.density] = 0
        scaling, classes = Scaling.from_range(0, 255), self.classes
        y: Any = np.arange(len(X)) % classes
        if self.model == "multilabel":
            y = (rng.random((len(X), classes)) < 0.4).astype(np.uint8)
        if self.stored == "csr":
            return Dataset(csr_array(X, dtype=np.float32), y, scaling=Scaling(0.01, 0))
        return Dataset(X.astype(self.stored), y, scaling=scaling)

    def results(self) -> list[TrainResult]:
        """Train models that differ in all that kernels have a branch for."""
        data, rest = self.data(), STEPS | {"model": self.model, "dtype": self.dtype}
        configs = [
            TrainConfig(**rest),
            TrainConfig(**rest, l2=0.01, penalize_bias=True),
            TrainConfig(**rest, momentum=0.9, averaging=Averaging(kind="mean")),
            TrainConfig(**rest, momentum=0.5, nesterov=True, l2=0.1),
            TrainConfig(**rest, averaging=Averaging(kind="exponential", decay=0.9)),
        ]
        half = np.arange(data.n_examples) % 3 / 2
        weights = [ExampleWeights(), ExampleWeights(half, 1 - half)] + [ExampleWeights()] * 3
        validation = Dataset(
            data.X, data.y, classes=data.classes, scaling=data.scaling
        )  # another: both parts are gone over
        return train_many(data, validation, configs, weights=weights, engine="compiled")


def cases(*, all_of_them: bool) -> Iterator[Case]:
    """Yield each kind of kernel at least once, or each beside all others."""
    kinds = [("softmax", n) for n in (2, 5, 7, 10, 100)] + [("logistic", 2)]
    kinds += [("multilabel", n) for n in (1, 2, 5, 20)]
    for stored in STORED:
        for dtype in ("float32", "float64"):
            for model, classes in kinds:
                for density in (0.9, 0.2):
                    case = Case(stored, dtype, model, classes, density=density)
                    if all_of_them or case.name in SOME:
                        yield case
    for dtype in ("float32", "float64"):
        yield Case("uint8", dtype, "softmax", 10, features=64)
        yield Case("float32", dtype, "softmax", 3, features=3001)  # few rows fit the cache at once


SOME = {
    Case(stored, dtype, model, classes, density=density).name
    for stored, dtype, model, classes, density in [
        ("uint8", "float32", "softmax", 7, 0.9),
        ("uint8", "float32", "softmax", 100, 0.2),
        ("float32", "float32", "softmax", 10, 0.9),
        ("uint8", "float32", "logistic", 2, 0.9),
        ("uint8", "float32", "logistic", 2, 0.2),
        ("float32", "float32", "multilabel", 5, 0.9),
        ("float64", "float64", "softmax", 10, 0.9),
        ("float16", "float64", "softmax", 5, 0.2),
        ("csr", "float32", "softmax", 10, 0.2),
        ("csr", "float32", "logistic", 2, 0.2),
        ("csr", "float64", "softmax", 2, 0.2),
    ]
}


def bits(result: TrainResult) -> str:
    """Return a hash of a model's parameters and of its history."""
    history = result.history
    rows = [
        (e.step, e.val_loss, e.val_accuracy, e.train_accuracy, e.weight_norm)
        for e in history.evaluations
    ]
    parts = result.weights, result.bias, history.train_loss, np.array(rows)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


def found(*, all_of_them: bool = False) -> dict[str, list[str]]:
    """Return the bits of each model of each case."""
    return {case.name: list(map(bits, case.results())) for case in cases(all_of_them=all_of_them)}


if __name__ == "__main__":
    print(json.dumps(found(all_of_them="all" in sys.argv[1:])))
