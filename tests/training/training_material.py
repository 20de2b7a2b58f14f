"""What the tests of training share: small data, and how results are compared."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onelayer.data import Dataset
from onelayer.model import ModelName
from onelayer.training import (
    EarlyStopping,
    EngineName,
    Evaluated,
    Evaluation,
    Event,
    TrainConfig,
    TrainResult,
)

ENGINES: tuple[EngineName, ...] = ("reference", "compiled")

Fit = Callable[..., TrainResult]
FitMany = Callable[..., list[TrainResult]]
Parts = tuple[Dataset, Dataset]


MODELS: tuple[ModelName, ...] = ("logistic", "softmax")

SWEEP = [
    TrainConfig(learning_rate=0.01, batch_size=7, max_epochs=6),
    TrainConfig(learning_rate=0.5, batch_size=7, max_epochs=6),
    TrainConfig(learning_rate=0.1, batch_size=7, max_epochs=6, l2=0.3),
    TrainConfig(learning_rate=0.1, batch_size=7, max_epochs=6, l2=0.3, penalize_bias=True),
    TrainConfig(learning_rate=0.5, batch_size=7, max_epochs=6,
                early_stopping=EarlyStopping(patience=1, min_delta=0.02)),
    TrainConfig(learning_rate=1.0, batch_size=7, max_epochs=6,
                early_stopping=EarlyStopping(patience=4, min_delta=0.05)),
    TrainConfig(
        learning_rate=0.2, batch_size=7, max_epochs=6, l2=0.01,
        early_stopping=EarlyStopping(patience=2, min_delta=0.005),
    ),
    TrainConfig(learning_rate=100.0, l2=100.0, batch_size=7, max_epochs=6),
    TrainConfig(learning_rate=0.1, batch_size=7, max_epochs=6, seed=1),
    TrainConfig(learning_rate=0.1, batch_size=11, max_epochs=3, dtype="float64"),
    TrainConfig(learning_rate=0.1, batch_size=7, max_epochs=6, shuffle=False, drop_last=True),
]  # fmt: skip


def sweep_on(model: ModelName) -> tuple[Parts, list[TrainConfig]]:
    n_classes = 2 if model == "logistic" else 5
    data = parts(100, 40, n_features=19, n_classes=n_classes, dtype="uint8")
    return data, [config.model_copy(update={"model": model}) for config in SWEEP]


def blobs(
    n: int, n_features: int = 5, n_classes: int = 2, *, seed: int = 0, dtype: str = "float64"
) -> Dataset:
    """Overlapping classes; uint8 gives values from 0 to 255, scaled to [-1, 1]."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    centres = np.random.default_rng(99).normal(size=(n_classes, n_features))
    X = centres[y] + rng.normal(size=(n, n_features))
    if dtype == "uint8":
        X = np.clip(127.5 + 40 * X, 0, 255)
    return Dataset(X.astype(dtype), y, classes=range(n_classes))


def parts(n: int = 60, n_validation: int = 30, **how: Any) -> Parts:
    return blobs(n, **how), blobs(n_validation, seed=1, **how)


def turning_parts() -> Parts:
    """The validation labels are the wrong way round: its loss rises from the first step on."""
    train_set, validation_set = parts()
    return train_set, Dataset(validation_set.X, 1 - validation_set.y, classes=(0, 1))


def same_bits(a: TrainResult, b: TrainResult) -> None:
    """Assert that two results are equal in every bit."""
    assert a.config == b.config
    assert a.stop_reason == b.stop_reason
    assert a.weights.dtype == b.weights.dtype
    assert a.weights.tobytes() == b.weights.tobytes()
    assert a.bias.tobytes() == b.bias.tobytes()
    assert a.history == b.history
    assert repr((a.best, a.last)) == repr((b.best, b.last))


def on_evaluation(call: Callable[[int, int, Evaluation], object]) -> Callable[[Event], None]:
    """Return a listener that passes (number of the run, step, evaluation) on."""

    def listen(event: Event) -> None:
        if isinstance(event, Evaluated):
            call(event.run, event.evaluation.step, event.evaluation)

    return listen
