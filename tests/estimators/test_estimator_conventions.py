"""Ties, types and extreme numbers are as scikit-learn's own linear classifiers have them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression as Reference

from onelayer.estimators import LogisticRegression, SoftmaxRegression, SoftmaxRegressionCV

BOTH = [LogisticRegression, SoftmaxRegression]


def with_weights(model: Any, weights: Any) -> Any:
    """Return the model with these weights, shape (n_features, n_outputs), and a bias of 0."""
    weights = np.array(weights, np.float64)
    model.classifier_ = replace(model.classifier_, weights=weights, bias=np.zeros(weights.shape[1]))
    return model


# Ties -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("Estimator", [*BOTH, Reference])
def test_a_tie_of_two_classes_is_the_first(Estimator: Any) -> None:
    X, y = np.zeros((4, 1)), np.array(["first", "second"] * 2)
    model = Estimator().fit(X, y)
    assert model.decision_function(X).tolist() == [0, 0, 0, 0]
    assert model.predict_proba(X).tolist() == [[0.5, 0.5]] * 4
    assert set(model.predict(X)) == {"first"}


def test_a_tie_of_several_classes_is_the_first_of_them() -> None:
    y = np.array(["a", "b", "c", "d"])
    model = SoftmaxRegression(max_epochs=1).fit(np.eye(4), y)
    model = with_weights(model, [[0, 1, 1, 0], [2, 0, 0, 2], [0, 0, 0, 0], [0, 0, -1, 0]])
    assert model.predict(np.eye(4)).tolist() == ["b", "a", "a", "a"]
    assert model.predict_proba(np.eye(4)).argmax(axis=1).tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("Estimator", BOTH)
def test_predictions_agree_with_scores_and_probabilities(Estimator: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(-2, 3, (200, 3)).astype(float)
    model = Estimator(max_epochs=1).fit(X, X[:, 0] > 0)
    weights = np.array([[1.0], [-1.0], [1.0]])
    model = with_weights(model, weights if Estimator is LogisticRegression else weights * [1, -1])
    decision = model.decision_function(X)
    assert (decision == 0).sum() > 10
    np.testing.assert_array_equal(model.predict(X), decision > 0)
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X).argmax(axis=1) == 1)


# Extreme numbers --------------------------------------------------------------------------------

EXTREMES = [0.0, 1e-7, 1.0, 40.0, 700.0, 1e4]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("Estimator", BOTH)
def test_no_floating_point_error_whatever_the_scores(Estimator: Any, dtype: str) -> None:
    X = np.array([*EXTREMES, *(-x for x in EXTREMES)], dtype)[:, None]
    X = np.hstack([X, X[::-1] * np.array(6, dtype)])
    model = Estimator(max_epochs=1).fit(X, np.arange(len(X)) % 2)
    weights = np.array([[1.0], [0.0]])
    model = with_weights(model, weights if Estimator is LogisticRegression else weights * [0, 1])
    with np.errstate(all="raise"):
        decision = model.decision_function(X)
        first, second = model.predict_proba(X).T
        logs = model.predict_log_proba(X)
        predicted = model.predict(X)
    np.testing.assert_array_equal(decision, X[:, 0].astype(np.float64))
    np.testing.assert_array_equal(predicted, decision > 0)
    np.testing.assert_allclose(first + second, 1)
    np.testing.assert_allclose(logs[:, 1] - logs[:, 0], decision, rtol=1e-12, atol=1e-12)
    assert second[-1] == 0
    assert first[-1] == 1


@pytest.mark.parametrize("Estimator", BOTH)
def test_scores_as_large_as_float64_has_still_decide(Estimator: Any) -> None:
    X = np.array([[1.0], [-1.0]])
    model = Estimator(max_epochs=1).fit(X, [True, False])
    weights = np.array([[1e308]])
    model = with_weights(model, weights if Estimator is LogisticRegression else weights * [-1, 1])
    with np.errstate(all="raise"):
        assert model.predict(X).tolist() == [True, False]
        assert model.predict_proba(X).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_values_as_large_as_their_type_has_are_no_error(dtype: str) -> None:
    largest = float(np.finfo(dtype).max)
    X = np.tile(np.repeat([largest, -largest], 4).astype(dtype), 16).reshape(-1, 2)
    model = SoftmaxRegression(max_epochs=1).fit(np.eye(2), [0, 1])
    with np.errstate(all="raise"):
        assert np.isfinite(model.predict_proba(X)).all()


# Types of the coefficients ----------------------------------------------------------------------


@pytest.mark.parametrize("computed", [None, "float32", "float64"])
@pytest.mark.parametrize("stored", ["float16", "float32", "float64", "uint8", "int64", "bool"])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, pd.DataFrame])
def test_coefficients_have_the_type_that_scikit_learn_gives_them(
    make: Any, stored: str, computed: Any
) -> None:
    if make is sparse.csr_array and stored == "float16":
        pytest.skip("SciPy has no such matrices")
    X, y = (np.arange(24).reshape(12, 2) % 7 > 2).astype(stored), np.arange(12) % 2
    reference = Reference().fit(make(X), y)
    for Estimator in BOTH:
        model = Estimator(max_epochs=3, dtype=computed).fit(make(X), y)
        assert model.coef_.dtype == reference.coef_.dtype
        assert model.intercept_.dtype == reference.intercept_.dtype


def test_classifier_has_the_coefficients_unrounded() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = X[:, 0] > 0
    options: dict[str, Any] = {"scale": "standard", "dtype": "float64", "max_epochs": 5}
    model = SoftmaxRegression(**options).fit(X.astype(np.float32), y)
    exact = model.classifier_.raw
    assert exact.weights.dtype == np.float64
    assert (exact.weights != exact.weights.astype(np.float32)).any()
    np.testing.assert_array_equal(model.coef_, exact.weights.T.astype(np.float32))
    np.testing.assert_array_equal(model.intercept_, exact.bias.astype(np.float32))
    same = SoftmaxRegression(**options).fit(X.astype(np.float32).astype(np.float64), y)
    assert same.classifier_.to_bytes() == model.classifier_.to_bytes()
    for part in (model.coef_, model.intercept_):
        assert not part.flags.writeable


def test_coefficients_too_large_for_float32_are_its_largest() -> None:
    model = SoftmaxRegression(max_epochs=1).fit(np.eye(2, dtype=np.float32), [0, 1])
    model = with_weights(model, [[1e300, -1e300], [1e-300, 1.0]])
    largest = np.finfo(np.float32).max
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(model.coef_, np.array([[largest, 0], [-largest, 1]]))


def test_last_examples_say_the_type_of_the_coefficients() -> None:
    X, y = np.eye(2), [0, 1]
    model = SoftmaxRegression().partial_fit(X.astype(np.float32), y, classes=y)
    assert model.coef_.dtype == np.float32
    assert model.partial_fit(X, y).coef_.dtype == np.float64
    sweep = SoftmaxRegressionCV(l2=0.0, cv=None, validation_fraction=0.5, max_epochs=1)
    assert sweep.fit(np.eye(4, dtype=np.float32), y * 2).coef_.dtype == np.float32
