"""Peers, and relations that hold between trainings."""

import math
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from training_material import (
    MODELS,
    Fit,
    parts,
)

from onelayer.data import Dataset, load
from onelayer.model import ModelName
from onelayer.training import (
    TrainConfig,
)


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
