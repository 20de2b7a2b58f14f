"""What the tests of training share: small data, the engines, and how results are compared."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from onelayer.data import Dataset
from onelayer.training import EngineName, TrainResult, train, train_many

ENGINES: tuple[EngineName, ...] = ("reference", "compiled")

Fit = Callable[..., TrainResult]
FitMany = Callable[..., list[TrainResult]]
Parts = tuple[Dataset, Dataset]


@pytest.fixture(name="engine", params=ENGINES)
def fixture_engine(request: pytest.FixtureRequest) -> EngineName:
    """Each engine in turn."""
    if request.param == "compiled" and find_spec("numba") is None:
        pytest.skip("the compiled engine needs Numba")
    engine: EngineName = request.param
    return engine


@pytest.fixture(name="fit")
def fixture_fit(engine: EngineName) -> Fit:
    """`train` on one engine."""
    return partial(train, engine=engine)


@pytest.fixture(name="fit_many")
def fixture_fit_many(engine: EngineName) -> FitMany:
    """`train_many` on one engine."""
    return partial(train_many, engine=engine)


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
    assert repr(a.history) == repr(b.history)  # the shortest digits that tell floats apart
    assert repr((a.best, a.last)) == repr((b.best, b.last))
