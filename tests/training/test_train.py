import math
import os
import threading
import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from training_material import (
    ENGINES,
    Fit,
    FitMany,
    Parts,
    blobs,
    fixture_engine,
    fixture_fit,
    fixture_fit_many,
    parts,
    same_bits,
    turning_parts,
)

from onelayer.data import Dataset, epoch_order, load
from onelayer.errors import InputError
from onelayer.model import ModelName
from onelayer.training import (
    EarlyStopping,
    Evaluation,
    StopReason,
    TrainConfig,
    TrainResult,
    available_cores,
    train,
    train_many,
)

__all__ = ["fixture_engine", "fixture_fit", "fixture_fit_many"]

MODELS: tuple[ModelName, ...] = ("logistic", "softmax")


# The slow twin: the definitions, once more, in plain NumPy ------------------------------------


@dataclass
class Twin:
    W: NDArray[np.float64]
    b: NDArray[np.float64]
    train_loss: list[float] = field(default_factory=list)
    rows: list[tuple[int, int, float, float, float, float]] = field(default_factory=list)
    best: int = -1
    reason: str = "max_epochs"


def slow_twin(train_set: Dataset, validation_set: Dataset, c: TrainConfig) -> Twin:
    scaling, n, B = train_set.scaling, train_set.n_examples, c.batch_size
    X = train_set.X.astype(np.float64) * scaling.scale + scaling.offset
    V = validation_set.X.astype(np.float64) * scaling.scale + scaling.offset
    K = 1 if c.model == "logistic" else train_set.n_classes
    Y, U = (np.eye(train_set.n_classes)[d.targets][:, :K] for d in (train_set, validation_set))

    def loss_and_accuracy(Z: Any, T: Any) -> tuple[float, float]:
        if K == 1:
            losses = -(T * scipy.special.log_expit(Z) + (1 - T) * scipy.special.log_expit(-Z))
            return float(losses.mean()), float(np.mean((scipy.special.expit(Z) >= 0.5) == T))
        losses = -(T * scipy.special.log_softmax(Z, axis=1)).sum(axis=1)
        return float(losses.mean()), float(np.mean(Z.argmax(1) == T.argmax(1)))

    per_epoch = n // B if c.drop_last else math.ceil(n / B)
    every = max(1, per_epoch // c.evaluations_per_epoch)
    t = Twin(np.zeros((X.shape[1], K)), np.zeros(K))
    W, b, lowest = t.W, t.b, math.inf
    for s in range(per_epoch * c.max_epochs):
        epoch, place = divmod(s, per_epoch)
        batch = epoch_order(c.seed, epoch, n, c.shuffle)[place * B : (place + 1) * B]
        Z = X[batch] @ W + b
        t.train_loss.append(loss_and_accuracy(Z, Y[batch])[0])
        E = Y[batch] - (scipy.special.expit(Z) if K == 1 else scipy.special.softmax(Z, axis=1))
        W = W - c.learning_rate * (-X[batch].T @ E / len(batch) + 2 * c.l2 * W)
        b = b - c.learning_rate * (-E.mean(axis=0) + 2 * c.l2 * c.penalize_bias * b)
        if s % every:
            continue
        val_loss, val_accuracy = loss_and_accuracy(V @ W + b, U)
        norm = math.sqrt((W**2).sum() + c.penalize_bias * (b**2).sum())
        t.rows.append((s, epoch, val_loss, val_accuracy, loss_and_accuracy(X @ W + b, Y)[1], norm))
        stopping = c.early_stopping
        if val_loss < lowest - (stopping.min_delta if stopping else 0):
            lowest, t.best = val_loss, len(t.rows) - 1
            t.W, t.b = W, b
        elif stopping and len(t.rows) - 1 - t.best == stopping.patience:
            t.reason = "patience"
            break
    if not c.early_stopping:
        t.W, t.b = W, b
    return t


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
        {"shuffle": False},
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
        shuffle=draw(st.booleans()),
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


# Peers and metamorphic relations --------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_long_training_reaches_scikit_learns_minimum(fit: Fit, model: ModelName) -> None:
    # Centred pixels: else those that are always white make the bias wait for their weights.
    digits, _ = load("digits")
    if model == "logistic":
        digits = digits.subset_of_classes([3, 8])
    l2, n = 0.1, 150
    X = (digits.X - digits.X[:n].mean(axis=0)) / 8
    train_set = Dataset(X[:n], digits.y[:n], digits.classes)
    validation_set = Dataset(X[n:170], digits.y[n:170], digits.classes)
    config = TrainConfig(
        model=model, l2=l2, learning_rate=0.4, batch_size=n, max_epochs=800, shuffle=False,
        dtype="float64",
    )  # fmt: skip
    result = fit(train_set, validation_set, config)
    solver = LogisticRegression(C=1 / (2 * l2 * n), tol=1e-10, max_iter=10_000)
    with warnings.catch_warnings():
        # Near the minimum the line search finds nothing better, which is what is wanted here.
        warnings.simplefilter("ignore")
        solver.fit(train_set.X, train_set.targets)
    sign = -1 if model == "logistic" else 1  # its positive class is the second
    # The gradient that lbfgs leaves, up to 1e-7, over the curvature, 0.2 at least.
    np.testing.assert_allclose(result.weights, sign * solver.coef_.T, atol=2e-6)
    np.testing.assert_allclose(result.bias, sign * solver.intercept_, atol=2e-6)


def test_softmax_of_two_classes_trains_as_logistic(fit: Fit) -> None:
    """w = w0 - w1 moves with twice the learning rate, and its penalty is half as strong."""
    shared: dict[str, Any] = {"batch_size": 8, "max_epochs": 5, "dtype": "float64"}
    two = TrainConfig(model="softmax", learning_rate=0.1, l2=0.2, penalize_bias=True, **shared)
    one = TrainConfig(model="logistic", learning_rate=0.2, l2=0.1, penalize_bias=True, **shared)
    softmax, logistic = (fit(*parts(dtype="uint8"), config) for config in (two, one))
    for a, b in zip(softmax.history.evaluations, logistic.history.evaluations, strict=True):
        assert a.val_loss == pytest.approx(b.val_loss, rel=1e-12)
        assert (a.val_accuracy, a.train_accuracy) == (b.val_accuracy, b.train_accuracy)
        assert a.weight_norm == pytest.approx(b.weight_norm / math.sqrt(2), rel=1e-12)
    difference = softmax.weights[:, :1] - softmax.weights[:, 1:]
    np.testing.assert_allclose(difference, logistic.weights, rtol=1e-11)


@pytest.mark.parametrize("model", MODELS)
def test_every_row_twice_changes_nothing(fit: Fit, model: ModelName) -> None:
    train_set, validation_set = parts()
    twice = Dataset(np.tile(train_set.X, (2, 1)), np.tile(train_set.y, 2), train_set.classes)
    config = TrainConfig(
        model=model, batch_size=120, max_epochs=20, l2=0.1, shuffle=False, dtype="float64",
        learning_rate=0.2,
    )  # fmt: skip
    a, b = fit(train_set, validation_set, config), fit(twice, validation_set, config)
    np.testing.assert_allclose(a.weights, b.weights, rtol=1e-12)
    np.testing.assert_allclose(a.history.train_loss, b.history.train_loss, rtol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_penalized_bias_trains_as_a_column_of_ones(fit: Fit, model: ModelName) -> None:
    def with_ones(part: Dataset) -> Dataset:
        # Two columns and the bias share what the bias alone was: each moves by a third.
        return Dataset(np.hstack([part.X, np.ones((part.n_examples, 1))]), part.y, part.classes)

    train_set, validation_set = parts()
    config = TrainConfig(
        model=model, learning_rate=0.1, batch_size=8, max_epochs=3, l2=0.5, penalize_bias=True,
        dtype="float64",
    )  # fmt: skip
    result = fit(with_ones(train_set), with_ones(validation_set), config)
    np.testing.assert_allclose(result.weights[-1], result.bias, rtol=1e-12)
    # And without a penalty on the bias the two part.
    free = fit(
        with_ones(train_set), with_ones(validation_set),
        config.model_copy(update={"penalize_bias": False}),
    )  # fmt: skip
    assert np.abs(free.weights[-1] - free.bias).max() > 1e-4


def test_classes_in_another_order_permute_the_outputs(fit: Fit) -> None:
    train_set, validation_set = parts(n_classes=3)
    turned = Dataset(train_set.X, train_set.y, classes=(2, 0, 1))
    config = TrainConfig(batch_size=8, max_epochs=3, dtype="float64", learning_rate=0.2)
    a, b = fit(train_set, validation_set, config), fit(turned, validation_set, config)
    np.testing.assert_allclose(b.weights, a.weights[:, [2, 0, 1]], rtol=1e-11, atol=1e-13)
    assert [e.val_accuracy for e in a.history.evaluations] == [
        e.val_accuracy for e in b.history.evaluations
    ]


def test_first_class_is_the_positive_one_and_its_order_that_of_the_training_set(fit: Fit) -> None:
    train_set, validation_set = parts()
    turned = Dataset(train_set.X, train_set.y, classes=(1, 0))
    config = TrainConfig(model="logistic", batch_size=8, max_epochs=3, dtype="float64")
    a, b = fit(train_set, validation_set, config), fit(turned, validation_set, config)
    np.testing.assert_allclose(b.weights, -a.weights, rtol=1e-12)
    assert a.last is not None
    assert b.last is not None
    assert b.last.val_loss == pytest.approx(a.last.val_loss, rel=1e-12)
    # Rows of class 0, the first, have positive scores.
    scores = train_set.X @ a.weights[:, 0] + a.bias[0]
    assert scores[train_set.y == 0].mean() > 0 > scores[train_set.y == 1].mean()


def test_validation_set_is_scaled_as_the_training_set(fit: Fit) -> None:
    """Stored values mean the same in both parts, whatever scaling the validation set carries."""
    train_set, validation_set = parts(dtype="uint8")
    other = Dataset(validation_set.X.astype(np.float64), validation_set.y, validation_set.classes)
    assert other.scaling != validation_set.scaling
    config = TrainConfig(batch_size=8, max_epochs=2, dtype="float64")
    a, b = fit(train_set, validation_set, config), fit(train_set, other, config)
    assert [e.val_loss for e in a.history.evaluations] == pytest.approx(
        [e.val_loss for e in b.history.evaluations], rel=1e-12
    )


# Same bits ------------------------------------------------------------------------------------

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


def _sweep_on(model: ModelName) -> tuple[Parts, list[TrainConfig]]:
    n_classes = 2 if model == "logistic" else 5
    data = parts(100, 40, n_features=19, n_classes=n_classes, dtype="uint8")
    return data, [config.model_copy(update={"model": model}) for config in SWEEP]


@pytest.mark.parametrize("model", MODELS)
def test_models_trained_together_have_the_bits_of_those_trained_alone(
    fit: Fit, fit_many: FitMany, model: ModelName
) -> None:
    data, configs = _sweep_on(model)
    alone = [fit(*data, config) for config in configs]
    # They stop for different reasons and at different times, or the test shows little.
    assert {r.stop_reason for r in alone} == {
        StopReason.PATIENCE, StopReason.MAX_EPOCHS, StopReason.DIVERGED,
    }  # fmt: skip
    assert len({r.history.steps for r in alone}) >= 4
    for threads in (1, 2, 3):
        for order in (range(len(configs)), reversed(range(len(configs))), (6, 2, 5, 0)):
            numbers = list(order)
            together = fit_many(*data, [configs[i] for i in numbers], threads)
            for i, result in zip(numbers, together, strict=True):
                same_bits(result, alone[i])


@pytest.mark.parametrize("model", MODELS)
def test_many_copies_of_a_configuration_are_equal(fit_many: FitMany, model: ModelName) -> None:
    """More models than a job takes, and a count that no number of threads divides."""
    data, configs = _sweep_on(model)
    first, *others = fit_many(*data, [configs[6]] * 37, 3)
    for other in others:
        same_bits(other, first)


def test_number_of_threads_is_free_where_the_data_is_larger_than_a_block(fit: Fit) -> None:
    data = parts(3000, 1500, n_features=7, n_classes=3, dtype="uint8")
    config = TrainConfig(batch_size=256, max_epochs=2, learning_rate=0.1)
    first = fit(*data, config, 1)
    for threads in (2, 3, 5, None):
        same_bits(fit(*data, config, threads), first)


def test_runs_repeat_and_seeds_differ(fit: Fit) -> None:
    data = parts()
    config = TrainConfig(batch_size=8, max_epochs=2)
    first = fit(*data, config)
    same_bits(fit(*data, config), first)
    other = fit(*data, config.model_copy(update={"seed": 1}))
    assert other.weights.tobytes() != first.weights.tobytes()
    assert other.history.train_loss != first.history.train_loss


def test_seed_is_nothing_where_nothing_is_shuffled(fit: Fit) -> None:
    data = parts()
    config = TrainConfig(batch_size=8, max_epochs=2, shuffle=False)
    a, b = fit(*data, config), fit(*data, config.model_copy(update={"seed": 1}))
    assert a.weights.tobytes() == b.weights.tobytes()


def test_training_leaves_its_data_alone(fit: Fit) -> None:
    data = parts(dtype="uint8")
    before = [part.X.copy() for part in data]
    fit(*data, TrainConfig(batch_size=8, max_epochs=2))
    for part, copy in zip(data, before, strict=True):
        np.testing.assert_array_equal(part.X, copy)


def test_no_configuration_gives_no_result(fit_many: FitMany) -> None:
    assert fit_many(*parts(), []) == []


def test_available_cores_are_those_of_the_process() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


# Ends -----------------------------------------------------------------------------------------

FULL_BATCH = TrainConfig(batch_size=60, max_epochs=40, learning_rate=0.1, dtype="float64")


def _stops_after(patience: int, **options: Any) -> TrainConfig:
    return FULL_BATCH.model_copy(
        update={"early_stopping": EarlyStopping(patience=patience)} | options
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("patience", [1, 2, 10])
def test_patience_ends_a_run_that_many_evaluations_after_the_best(
    fit: Fit, patience: int, model: ModelName
) -> None:
    train_set, validation_set = turning_parts()
    result = fit(train_set, validation_set, _stops_after(patience, model=model))
    losses = [e.val_loss for e in result.history.evaluations]
    assert losses == sorted(losses)
    assert result.stop_reason is StopReason.PATIENCE
    assert len(losses) == patience + 1
    assert result.history.steps == patience + 1
    assert result.best == result.history.evaluations[0]
    assert result.last == result.history.evaluations[patience]
    assert f"after {patience + 1} steps" in result.message
    assert "step 0" in result.message
    # The weights are those after the first step.
    first = fit(
        train_set, validation_set, FULL_BATCH.model_copy(update={"max_epochs": 1, "model": model})
    )
    assert result.weights.tobytes() == first.weights.tobytes()
    assert result.bias.tobytes() == first.bias.tobytes()


@pytest.mark.parametrize("model", MODELS)
def test_early_stopping_returns_the_best_weights_at_the_last_epoch_too(
    fit: Fit, model: ModelName
) -> None:
    train_set, validation_set = turning_parts()
    result = fit(train_set, validation_set, _stops_after(40, model=model))
    assert result.stop_reason is StopReason.MAX_EPOCHS
    assert result.history.steps == 40
    assert result.message == "all 40 epochs done, 40 steps"
    assert result.best is not None
    assert result.best.step == 0
    first = fit(
        train_set, validation_set, FULL_BATCH.model_copy(update={"max_epochs": 1, "model": model})
    )
    assert result.weights.tobytes() == first.weights.tobytes()


@pytest.mark.parametrize("model", MODELS)
def test_without_early_stopping_the_last_weights_are_returned(fit: Fit, model: ModelName) -> None:
    train_set, validation_set = turning_parts()
    last = fit(train_set, validation_set, FULL_BATCH.model_copy(update={"model": model}))
    assert last.stop_reason is StopReason.MAX_EPOCHS
    assert last.best is not None
    assert last.last is not None
    assert (last.best.step, last.last.step) == (0, 39)  # the history keeps both
    stopping = fit(train_set, validation_set, _stops_after(40, model=model))
    assert repr(last.history) == repr(stopping.history)
    assert np.linalg.norm(last.weights) > 2 * np.linalg.norm(stopping.weights)
    assert last.last.weight_norm == pytest.approx(np.linalg.norm(last.weights), rel=1e-12)


def test_steps_after_the_last_evaluation_count(fit: Fit) -> None:
    """Two epochs of five batches, an evaluation after every other step: not after the last, 9."""
    train_set, validation_set = parts()
    config = TrainConfig(
        batch_size=12, max_epochs=2, evaluations_per_epoch=2, dtype="float64", shuffle=False,
        learning_rate=0.1,
    )  # fmt: skip
    result = fit(train_set, validation_set, config)
    assert [e.step for e in result.history.evaluations] == [0, 2, 4, 6, 8]
    assert result.history.steps == 10
    assert result.last is not None
    assert np.linalg.norm(result.weights) != pytest.approx(result.last.weight_norm, rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("early_stopping", [None, EarlyStopping(patience=1000)])
def test_exploding_run_ends_as_diverged(
    fit: Fit, model: ModelName, dtype: str, early_stopping: EarlyStopping | None
) -> None:
    """Each step multiplies the weights by 1 - 2e6."""
    config = TrainConfig.model_validate(
        {"model": model, "learning_rate": 1000, "l2": 1000, "batch_size": 8, "max_epochs": 50,
         "dtype": dtype, "early_stopping": early_stopping}
    )  # fmt: skip
    result = fit(*parts(), config)
    assert result.stop_reason is StopReason.DIVERGED
    steps = result.history.steps
    assert 2 <= steps < 100
    assert result.message == (
        f"diverged: the loss was no longer finite at step {steps - 1} with learning rate 1000; "
        "take a smaller one"
    )
    bad_end = not math.isfinite(result.history.train_loss[-1]) or (
        result.last is not None
        and result.last.step == steps - 1
        and not math.isfinite(result.last.val_loss)
    )
    assert bad_end
    assert all(map(math.isfinite, result.history.train_loss[:-1]))
    assert result.best is not None
    assert math.isfinite(result.best.val_loss)


def test_diverged_run_leaves_the_others_alone(fit: Fit, fit_many: FitMany) -> None:
    data = parts()
    well = TrainConfig(batch_size=8, max_epochs=10)
    ill = well.model_copy(update={"learning_rate": 1000.0, "l2": 1000.0})
    results = fit_many(*data, [well, ill, well.model_copy(update={"l2": 0.1})], 2)
    assert [r.stop_reason for r in results] == [
        StopReason.MAX_EPOCHS, StopReason.DIVERGED, StopReason.MAX_EPOCHS,
    ]  # fmt: skip
    same_bits(results[0], fit(*data, well))
    same_bits(results[2], fit(*data, well.model_copy(update={"l2": 0.1})))


@pytest.mark.parametrize("option", ["l2", "learning_rate"])
def test_numbers_beyond_single_precision_diverge_without_a_warning(fit: Fit, option: str) -> None:
    config = TrainConfig.model_validate({option: 1e39, "batch_size": 8, "max_epochs": 3})
    assert fit(*parts(), config).stop_reason is StopReason.DIVERGED


@pytest.mark.parametrize("validates", [False, True])
@pytest.mark.parametrize("max_epochs", [1, 2, 3, 7])
def test_parameters_stay_finite_wherever_a_run_diverges(
    fit: Fit, max_epochs: int, validates: bool
) -> None:
    train_set, validation_set = parts()
    config = TrainConfig(
        learning_rate=1e37, l2=1000, batch_size=16, max_epochs=max_epochs, evaluations_per_epoch=2
    )
    result = fit(train_set, validation_set if validates else None, config)
    assert result.stop_reason is StopReason.DIVERGED
    assert result.parameters.is_finite


# Callbacks ------------------------------------------------------------------------------------


def test_progress_is_told_of_every_evaluation(fit_many: FitMany) -> None:
    seen: list[tuple[int, int, Evaluation]] = []
    configs = [
        TrainConfig(batch_size=8, max_epochs=2),
        TrainConfig(batch_size=8, max_epochs=2, l2=0.1),
        TrainConfig(batch_size=16, max_epochs=1),
    ]
    results = fit_many(*parts(), configs, 2, progress=lambda i, step, e: seen.append((i, step, e)))
    for i, result in enumerate(results):
        assert [(step, e) for j, step, e in seen if j == i] == [
            (e.step, e) for e in result.history.evaluations
        ]


def test_finished_is_told_of_every_result_in_the_callers_thread(fit_many: FitMany) -> None:
    told: dict[int, TrainResult] = {}
    threads = []

    def finished(i: int, result: TrainResult) -> None:
        assert i not in told
        told[i] = result
        threads.append(threading.current_thread())

    configs = [TrainConfig(batch_size=8, max_epochs=m) for m in (3, 1, 2)]
    results = fit_many(*parts(), configs, 2, finished=finished)
    assert [told[i] for i in range(3)] == results
    assert set(threads) == {threading.current_thread()}


def test_error_in_progress_reaches_the_caller_and_stops_the_other_runs(fit_many: FitMany) -> None:
    last = [-1, -1, -1]

    def progress(i: int, step: int, _evaluation: Evaluation) -> None:
        last[i] = step
        if i == 1 and step >= 3:
            raise ZeroDivisionError("planted")
        time.sleep(0.0005)

    configs = [FULL_BATCH.model_copy(update={"max_epochs": 3000, "l2": l2}) for l2 in (0, 0.1, 0.2)]
    with pytest.raises(ZeroDivisionError, match="planted"):
        fit_many(*parts(), configs, 3, progress=progress)
    assert last[1] == 3
    assert max(last) < 2999
    stopped = list(last)
    time.sleep(0.02)
    assert last == stopped


def test_error_in_finished_reaches_the_caller(fit_many: FitMany) -> None:
    def finished(_i: int, _result: TrainResult) -> None:
        raise ZeroDivisionError("planted")

    with pytest.raises(ZeroDivisionError, match="planted"):
        fit_many(*parts(), [FULL_BATCH] * 2, 2, finished=finished)


# Input that does not fit ----------------------------------------------------------------------


def test_logistic_of_three_classes_is_refused(fit: Fit) -> None:
    with pytest.raises(InputError, match=r"logistic.* two classes, the data has 3: 0, 1, 2"):
        fit(*parts(n_classes=3), TrainConfig(model="logistic"))


def test_different_features_are_refused(fit: Fit) -> None:
    with pytest.raises(InputError, match=r"validation.* 4 features.* 5"):
        fit(blobs(20), blobs(20, n_features=4), TrainConfig())


def test_drop_last_that_leaves_no_batch_is_refused(fit: Fit) -> None:
    with pytest.raises(InputError, match=r"batch_size: 128 .*60 training examples"):
        fit(*parts(), TrainConfig(drop_last=True))


@pytest.mark.parametrize("model", MODELS)
def test_validation_label_unknown_to_the_training_set_is_refused(
    fit: Fit, model: ModelName
) -> None:
    train_set, validation_set = parts()
    strange = Dataset(validation_set.X, validation_set.y + 1)
    with pytest.raises(InputError, match="2, not among the classes 0, 1"):
        fit(train_set, strange, TrainConfig(model=model))


@pytest.mark.parametrize("threads", [0, -1])
def test_no_threads_are_refused(fit_many: FitMany, threads: int) -> None:
    with pytest.raises(InputError, match=f"threads: {threads} was given; at least 1"):
        fit_many(*parts(), [TrainConfig()], threads)


def test_one_bad_configuration_is_refused_before_any_is_trained(fit_many: FitMany) -> None:
    seen: list[int] = []
    configs = [TrainConfig(batch_size=8), TrainConfig(batch_size=100, drop_last=True)]
    with pytest.raises(InputError):
        fit_many(*parts(), configs, progress=lambda i, *_: seen.append(i))
    assert seen == []


def test_engine_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match=r"engine: 'abacus'.*allowed: auto, compiled, reference"):
        train_many(*parts(), [TrainConfig()], engine="abacus")  # type: ignore[arg-type]


def test_engines_agree_to_rounding() -> None:
    pytest.importorskip("numba")
    data, configs = _sweep_on("softmax")
    for a, b in zip(
        train_many(*data, configs, engine="reference"),
        train_many(*data, configs, engine="compiled"),
        strict=True,
    ):
        assert (a.stop_reason, a.history.steps) == (b.stop_reason, b.history.steps)
        np.testing.assert_allclose(a.weights, b.weights, rtol=1e-3, atol=1e-4)
