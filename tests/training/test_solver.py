"""Runs whose model is the exact minimum, and how near to it those by steps end."""

from __future__ import annotations

import threading
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import ValidationError

from onelayer.data import Dataset
from onelayer.model import Objective
from onelayer.optimum import minimise
from onelayer.training import (
    RunRecord,
    StopReason,
    TrainConfig,
    fitting_solver,
    train,
    train_many,
)


def data(seed: int = 0, n: int = 300) -> tuple[Dataset, Dataset]:
    """Return two parts of three overlapping classes."""
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    X = rng.normal(size=(n, 6)) + np.eye(3, 6)[y]
    return Dataset(X[: n // 2], y[: n // 2]), Dataset(X[n // 2 :], y[n // 2 :])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_model_is_the_minimum(dtype: Literal["float32", "float64"]) -> None:
    train_set, validation_set = data()
    config = TrainConfig(solver="optimum", l2=0.01, dtype=dtype)
    result = train(train_set, validation_set, config)
    (found,) = minimise(train_set, [Objective("softmax", 0.01)])
    assert result.weights.tobytes() == found.parameters.weights.astype(dtype).tobytes()
    assert result.stop_reason is StopReason.CONVERGED
    assert result.history.steps == 0
    assert result.best is None
    assert result.final.val_loss is not None
    assert result.minimum is not None
    assert abs(result.minimum.excess or 0) < 1e-6
    assert result.passes == found.passes
    assert result.train_loss == found.loss
    assert "found the minimum" in result.message


def test_it_stands_beside_runs_by_steps() -> None:
    train_set, validation_set = data()
    exact = TrainConfig(solver="optimum", l2=0.01)
    steps = TrainConfig(l2=0.01, max_epochs=2)
    together = train_many(train_set, validation_set, [steps, exact, steps])
    for config, result in zip([steps, exact, steps], together, strict=True):
        alone = train(train_set, validation_set, config)
        assert result.weights.tobytes() == alone.weights.tobytes()
        assert result.history == alone.history


def test_the_tolerance_is_what_is_asked_for() -> None:
    train_set, _ = data()
    rough, exact = train_many(
        train_set, None,
        [TrainConfig(solver="optimum", l2=1e-3, tolerance=t) for t in (0.1, 1e-9)],
    )  # fmt: skip
    assert rough.passes < exact.passes
    assert rough.minimum is not None
    assert exact.minimum is not None
    assert 0 < rough.minimum.value - exact.minimum.value < 0.1 * rough.minimum.value


def test_separated_classes_have_no_minimum() -> None:
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    config = TrainConfig(model="logistic", solver="optimum")
    result = train(Dataset(X, [0, 0, 1, 1]), None, config)
    assert result.stop_reason is StopReason.NO_MINIMUM
    assert result.final.train_accuracy == 1
    assert np.isfinite(result.weights).all()


def test_an_interrupted_search_is_no_end() -> None:
    train_set, _ = data()
    stop = threading.Event()
    kept: list[Any] = []
    stop.set()
    result = train(
        train_set, None, TrainConfig(solver="optimum", l2=0.01), stop=stop, keep=kept.append
    )
    assert result.stop_reason is StopReason.INTERRUPTED
    assert not kept


def test_early_stopping_is_refused() -> None:
    with pytest.raises(ValidationError, match="early_stopping ends steps"):
        TrainConfig.model_validate({"solver": "optimum", "early_stopping": {"patience": 3}})


def test_options_of_steps_ask_for_steps() -> None:
    assert fitting_solver(["l2", "seed", "penalize_bias", "dtype"]) == "optimum"
    for name in ("learning_rate", "max_epochs", "early_stopping", "momentum", "max_steps"):
        assert fitting_solver(["l2", name]) == "sgd"


@pytest.mark.parametrize("l2", [0.0, 0.01])
@pytest.mark.parametrize("model", ["softmax", "logistic"])
def test_convergence_is_measured_where_the_epochs_ran_out(model: str, l2: float) -> None:
    """Near the minimum the estimate is the excess; far from it the run has not converged."""
    train_set, validation_set = data()
    if model == "logistic":
        train_set = Dataset(train_set.X, np.minimum(train_set.y, 1))
        validation_set = Dataset(validation_set.X, np.minimum(validation_set.y, 1))
    base = TrainConfig.model_validate(
        {"model": model, "l2": l2, "optimum": True, "learning_rate": 0.2, "batch_size": 150}
    )
    for epochs, reached in ((2, False), (200, True)):
        config = base.model_copy(update={"max_epochs": epochs})
        result = train(train_set, validation_set, config)
        assert result.convergence is not None
        assert result.convergence.reached is reached
        assert result.minimum is not None
        assert result.minimum.excess is not None
        if reached:
            assert result.convergence.excess == pytest.approx(result.minimum.excess, rel=0.5)
        else:
            assert "has not converged" in result.convergence.message
        record = result.record()
        assert RunRecord.from_json(record.as_json()) == record


def test_other_ends_are_not_measured() -> None:
    train_set, validation_set = data()
    patient = TrainConfig.model_validate({"early_stopping": {"patience": 1}, "learning_rate": 5.0})
    assert train(train_set, validation_set, patient).convergence is None


def test_convergence_on_some_features_is_that_on_these_alone() -> None:
    """What a run does not read has a slope too, and it is none of the run's."""
    train_set, validation_set = data()
    options = {"l2": 0.01, "learning_rate": 0.2, "batch_size": 150, "max_epochs": 200}
    some = TrainConfig.model_validate(options | {"features": (2, 5)})
    whole = TrainConfig.model_validate(options)
    found, _ = train_many(train_set, validation_set, [some, whole])
    narrow, others = (Dataset(part.X[:, 2:5], part.y) for part in (train_set, validation_set))
    alone = train(narrow, others, whole)
    assert found.convergence is not None
    assert found.convergence.reached
    assert found.convergence == alone.convergence
