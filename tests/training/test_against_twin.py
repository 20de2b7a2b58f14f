"""Training against a slow twin: the definitions, once more, in plain NumPy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_twin import slow_twin
from training_material import (
    ENGINES,
    MODELS,
    Fit,
    blobs,
    parts,
)

from onelayer.data import Dataset
from onelayer.model import ModelName
from onelayer.training import (
    EarlyStopping,
    TrainConfig,
    TrainResult,
    train,
)


def agrees_with_the_twin(
    fit: Fit, train_set: Dataset, validation_set: Dataset, c: TrainConfig
) -> None:
    assert c.dtype == "float64"
    twin, result = slow_twin(train_set, validation_set, c), fit(train_set, validation_set, c)
    assert str(result.stop_reason) == twin.reason
    close: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-13}
    assert result.history.steps == len(twin.train_loss)
    np.testing.assert_allclose(result.history.train_loss, twin.train_loss, **close)
    found = [
        (e.step, e.epoch, e.val_loss, e.val_accuracy, e.train_accuracy, e.weight_norm)
        for e in result.history.evaluations
    ]
    assert [row[:2] for row in found] == [row[:2] for row in twin.rows]
    np.testing.assert_allclose(found, twin.rows, **close)
    np.testing.assert_allclose(result.weights, twin.W, **close)
    np.testing.assert_allclose(result.bias, twin.b, **close)
    assert result.best == result.history.evaluations[twin.best]
    assert result.last == result.history.evaluations[-1]


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"order": "file"},
        {"order": "class"},
        {"order": "once", "batch_size": 16},
        {"order": "batches", "batch_size": 16},
        {"drop_last": True},
        {"shuffle": False, "drop_last": True, "batch_size": 16},
        {"l2": 0.1},
        {"l2": 0.1, "penalize_bias": True},
        {"batch_size": 1, "max_epochs": 1},
        {"batch_size": 60},
        {"batch_size": 1000},
        {"batch_size": 7, "evaluations_per_epoch": 1, "seed": 2**63 - 1},
        {"evaluations_per_epoch": 100, "early_stopping": {"patience": 1}},
        {"early_stopping": {"patience": 3, "min_delta": 0.01}},
        {"early_stopping": {"patience": 100}},
    ],
    ids=str,
)
@pytest.mark.parametrize("model", MODELS)
def test_training_is_what_the_definitions_say(
    fit: Fit, model: ModelName, options: dict[str, Any], dtype: str
) -> None:
    n_classes = 2 if model == "logistic" else 4
    base = {"model": model, "learning_rate": 0.2, "batch_size": 8, "max_epochs": 4}
    config = TrainConfig.model_validate(base | {"dtype": "float64"} | options)
    agrees_with_the_twin(fit, *parts(n_classes=n_classes, dtype=dtype), config)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Dataset, Dataset, TrainConfig]:
    model = draw(st.sampled_from(MODELS))
    how: dict[str, Any] = {
        "n_features": draw(st.integers(1, 9)),
        "n_classes": 2 if model == "logistic" else draw(st.integers(2, 5)),
        "dtype": draw(st.sampled_from(["uint8", "float32", "float64"])),
    }
    n = draw(st.integers(2, 40))
    drop_last = draw(st.booleans())
    stopping = st.builds(EarlyStopping, patience=st.integers(1, 4), min_delta=st.floats(0, 0.1))
    config = TrainConfig(
        model=model,
        learning_rate=draw(st.floats(0.001, 0.2)),
        batch_size=draw(st.integers(1, n if drop_last else n + 3)),
        max_epochs=draw(st.integers(1, 4)),
        l2=draw(st.sampled_from([0.0, 0.003, 0.3])),
        penalize_bias=draw(st.booleans()),
        order=draw(st.sampled_from(["file", "class", "once", "batches", "epoch"])),
        seed=draw(st.integers(0, 2**63 - 1)),
        drop_last=drop_last,
        evaluations_per_epoch=draw(st.integers(1, 6)),
        early_stopping=draw(st.none() | stopping),
        dtype="float64",
    )
    data_seed = draw(st.integers(0, 1000))
    return blobs(n, seed=data_seed, **how), blobs(9, seed=data_seed + 1, **how), config


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=40, deadline=None)
@given(problem=problems())
def test_training_is_what_the_definitions_say_for_any_settings(
    engine: Any, problem: tuple[Dataset, Dataset, TrainConfig]
) -> None:
    if engine == "compiled":
        pytest.importorskip("numba")

    def fit(train_set: Dataset, validation_set: Dataset, config: TrainConfig) -> TrainResult:
        return train(train_set, validation_set, config, engine=engine)

    agrees_with_the_twin(fit, *problem)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_single_precision_is_close_to_double(fit: Fit, model: ModelName, dtype: str) -> None:
    config = TrainConfig(model=model, learning_rate=0.2, batch_size=8, max_epochs=4, l2=0.01)
    single = fit(*parts(dtype=dtype), config)
    double = fit(*parts(dtype=dtype), config.model_copy(update={"dtype": "float64"}))
    assert single.weights.dtype == single.bias.dtype == np.float32
    assert double.weights.dtype == double.bias.dtype == np.float64
    np.testing.assert_allclose(single.weights, double.weights, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        single.history.train_loss, double.history.train_loss, rtol=1e-5, atol=1e-6
    )
