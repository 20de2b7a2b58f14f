"""Models of all kinds on small data, and the bits of each: what every processor must agree on.

As a program it prints them as JSON; a test runs it as on another processor. Where a change is meant
to change the bits of models, store the new ones::

    python tests/engines/lanes_material.py > tests/engines/lanes.json
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

from onelayer.data import Dataset, Scaling, load
from onelayer.engines import Problem, Source, WeightedRows, open_engine
from onelayer.model import Objective, Parameters
from onelayer.training import (
    Averaging,
    EarlyStopping,
    ExampleWeights,
    TrainConfig,
    TrainResult,
    train_many,
)

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
    kinds += [("multilabel", n) for n in (2, 5, 20)]
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


def bits(*arrays: Any) -> str:
    """Return a hash of arrays and numbers."""
    parts = [np.ascontiguousarray(array).tobytes() for array in arrays]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def bits_of(result: TrainResult) -> str:
    """Return a hash of a model's parameters, its history and the numbers of its own prediction."""
    history, final = result.history, result.final
    rows = [
        (e.step, e.val_loss, e.val_accuracy, e.train_accuracy, e.weight_norm)
        for e in history.evaluations
    ]
    numbers = final.val_loss, final.val_accuracy, final.train_loss, final.weight_norm
    return bits(result.weights, result.bias, history.train_loss, rows, numbers)


def bits_of_sums(stored: str, dtype: str) -> str:
    """Return a hash of the loss and the gradient over all examples, at some parameters."""
    data = Case(stored, dtype, "softmax", 7).data()
    parameters = Parameters.zeros(data.n_features, 7, dtype)
    parameters.weights[:] = np.arange(parameters.weights.size).reshape(-1, 7) % 11 / 64 - 0.08
    examples = WeightedRows.of(data.targets, np.arange(data.n_examples), [None])
    problem = Problem(examples, None, 7, (Objective("softmax"),), (parameters,))
    with open_engine("compiled", 1) as engine:
        prepared = engine.prepare(Source(data.X, None, data.scaling, dtype))
        (sums,) = engine.totals(prepared, problem).sums([0], [parameters])
    return bits(sums.loss, sums.weights, sums.bias)


def found(*, all_of_them: bool = False) -> dict[str, list[str]]:
    """Return the bits of the models of each case, of a study's, and of sums over all examples."""
    bits_by_name = {
        case.name: list(map(bits_of, case.results())) for case in cases(all_of_them=all_of_them)
    }
    train_set, validation = load("digits", train=1200)
    configs = [
        TrainConfig(
            batch_size=64, learning_rate=0.1, max_epochs=20, l2=l2, penalize_bias=True,
            drop_last=True, early_stopping=EarlyStopping(patience=5),
        )
        for l2 in (0.0, 0.01)
    ]  # fmt: skip
    results = train_many(train_set, validation, configs, engine="compiled")
    bits_by_name["digits"] = list(map(bits_of, results))
    bits_by_name["sums"] = [
        bits_of_sums(stored, dtype)
        for stored in ("uint8", "csr")
        for dtype in ("float32", "float64")
    ]
    return bits_by_name


if __name__ == "__main__":
    print(json.dumps(found(all_of_them="all" in sys.argv[1:]), indent=1))
