"""The multilabel objective: a sum of logistic ones, its gradient, and its extremes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from onelayer.model import LOSSES, Objective, Parameters, check_gradients

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 7))
Y = RNG.integers(0, 2, (40, 3)).astype(np.uint8)
AT = Parameters(RNG.normal(size=(7, 3)), RNG.normal(size=3))


@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize("weights", [None, np.linspace(0.1, 1.9, 40)])
def test_value_and_gradient_are_sums_of_logistic_ones(penalize_bias: bool, weights: Any) -> None:
    whole = Objective("multilabel", 0.1, penalize_bias)
    one = Objective("logistic", 0.1, penalize_bias)
    gradient = whole.gradient(AT, X, Y, weights)
    value = 0.0
    for k in range(3):
        own = Parameters(AT.weights[:, k : k + 1], AT.bias[k : k + 1])
        targets = 1 - Y[:, k].astype(int)  # of two classes the first is the positive one
        value += one.value(own, X, targets, weights)
        expected = one.gradient(own, X, targets, weights)
        np.testing.assert_allclose(gradient.weights[:, k], expected.weights[:, 0], rtol=1e-12)
        np.testing.assert_allclose(gradient.bias[k], expected.bias[0], rtol=1e-12)
    assert whole.value(AT, X, Y, weights) == pytest.approx(value, rel=1e-12)


def test_the_gradient_is_that_of_differences() -> None:
    checks = check_gradients(X, Y, 3)
    assert [check.objective.model for check in checks] == ["multilabel"] * 3
    assert all(check.passed for check in checks)

    def without_a_label(objective: Objective, *arguments: Any) -> Parameters:
        right = objective.gradient(*arguments)
        right.weights[:, 1] *= 0.99
        return right

    assert not any(check.passed for check in check_gradients(X, Y, 3, gradient=without_a_label))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loss_is_finite_for_any_score(dtype: str) -> None:
    loss = LOSSES["multilabel"]
    scores = np.array([[1e30, -1e30], [0, 0]], dtype)
    for targets in ([[1, 0], [0, 1]], [[0, 1], [1, 0]]):
        values = loss.values(scores, np.array(targets, np.uint8))
        assert np.isfinite(values).all()
        assert np.isfinite(loss.residuals(scores, np.array(targets, np.uint8))).all()
    assert loss.values(scores, np.array([[1, 0], [0, 1]]))[0] == 0
    assert loss.values(scores, np.array([[0, 1], [0, 1]])).tolist() == pytest.approx(
        [2e30, 2 * np.log(2)]
    )


def test_a_label_is_predicted_from_one_half_on() -> None:
    loss = LOSSES["multilabel"]
    scores = np.array([[0.0, -1e-9], [3.0, np.nan]])
    assert loss.predict(scores).tolist() == [[1, 0], [1, 0]]
    assert loss.is_right(scores, np.array([[1, 0], [1, 0]])).tolist() == [True, False]
    assert loss.is_right(scores, np.array([[1, 1], [0, 0]])).tolist() == [False, False]
