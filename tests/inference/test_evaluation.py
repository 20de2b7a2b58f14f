"""Metrics: against other libraries and against counting by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from inference_material import DIGITS, WORDS, Array, logistic, raw_rows, softmax
from scipy import sparse
from sklearn.metrics import confusion_matrix, log_loss

from onelayer.data import Scaling
from onelayer.errors import InputError
from onelayer.inference import Classifier, Metrics, product, scoring


def labels(classes: tuple[Any, ...], n: int = 3000) -> Array:
    found: Array = np.random.default_rng(5).choice(np.array(classes), n)
    return found


@pytest.mark.parametrize(
    "model", [softmax(), softmax(classes=WORDS), logistic(), logistic(classes=("b", "a"))]
)
def test_metrics_are_those_of_scikit_learn(model: Classifier) -> None:
    X, y = raw_rows(3000), labels(model.classes)
    metrics = model.evaluate(X, y)
    p = model.predict_proba(X)
    order = np.argsort(np.array(model.classes))
    assert metrics.n == 3000
    assert metrics.accuracy == np.mean(model.predict(X) == y)
    assert metrics.log_loss == pytest.approx(
        log_loss(y, p[:, order], labels=np.array(model.classes)[order]), rel=1e-9
    )
    np.testing.assert_array_equal(
        metrics.confusion, confusion_matrix(y, model.predict(X), labels=list(model.classes))
    )
    assert metrics.classes == model.classes
    assert metrics.confusion.sum() == 3000


@pytest.mark.parametrize("model", [softmax(), logistic()])
def test_calibration_is_that_of_a_slow_count(model: Classifier) -> None:
    X, y = raw_rows(3000), labels(model.classes)
    metrics = model.evaluate(X, y)
    top = model.predict_proba(X).max(axis=1)
    right = model.predict(X) == y
    error = 0.0
    for i, found in enumerate(metrics.calibration):
        inside = (top > i / 10) & (top <= (i + 1) / 10)
        assert (found.low, found.high, found.n) == (i / 10, (i + 1) / 10, inside.sum())
        if not inside.any():
            assert found.confidence is None
            assert found.accuracy is None
            continue
        assert found.confidence == pytest.approx(top[inside].mean())
        assert found.accuracy == pytest.approx(right[inside].mean())
        error += inside.mean() * abs(right[inside].mean() - top[inside].mean())
    assert metrics.calibration_error == pytest.approx(error)
    assert sum(found.n for found in metrics.calibration) == 3000
    assert sum(found.n > 0 for found in metrics.calibration) > 4


def test_probability_of_one_half_and_of_one_are_in_the_bins_that_end_there() -> None:
    model = logistic(1, weights=np.ones((1, 1)), bias=np.zeros(1), scaling=Scaling.identity())
    metrics = model.evaluate([[0.0], [1e6]], [7, 7])
    assert [found.n for found in metrics.calibration] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert metrics.calibration[4].confidence == 0.5


def test_calibrated_model_has_a_small_error_and_an_overconfident_one_a_large() -> None:
    X = raw_rows(20_000)
    model = softmax()
    p = model.predict_proba(X).cumsum(axis=1)
    drawn = np.array(DIGITS)[(np.random.default_rng(0).random((20_000, 1)) > p).sum(axis=1)]
    assert model.evaluate(X, drawn).calibration_error < 0.01
    sure = softmax(weights=20 * model.weights, bias=20 * model.bias)
    assert sure.evaluate(X, drawn).calibration_error > 0.1


def test_loss_is_finite_however_wrong_the_model_is() -> None:
    metrics = logistic(1, weights=np.ones((1, 1)), scaling=Scaling.identity()).evaluate(
        [[1e5]] * 3, [4] * 3
    )
    assert metrics.log_loss == pytest.approx(1e5, rel=1e-3)
    assert metrics.accuracy == 0


@pytest.mark.parametrize("model", [softmax(), logistic()])
@pytest.mark.parametrize("strength", [0.1, 1, 30, 1000])
def test_clipped_loss_is_that_of_scikit_learn(model: Classifier, strength: float) -> None:
    model = replace(model, weights=strength * model.weights, bias=strength * model.bias)
    X, y = raw_rows(3000), labels(model.classes)
    metrics, order = model.evaluate(X, y), np.argsort(np.array(model.classes))
    judged: dict[str, Any] = {"labels": np.array(model.classes)[order]}
    theirs = log_loss(y, model.predict_proba(X)[:, order], **judged)
    assert metrics.clipped_log_loss == pytest.approx(theirs, rel=1e-9)
    if strength == 1000:
        assert metrics.log_loss > 1.5 * theirs


def test_class_without_an_example_has_a_row_of_zeros() -> None:
    metrics = softmax().evaluate(raw_rows(50), [DIGITS[1]] * 50)
    assert metrics.confusion[1].sum() == 50
    assert metrics.confusion[[0, 2, 3]].sum() == 0


def test_sparse_rows_are_evaluated_as_dense_ones() -> None:
    X = np.where(raw_rows(6000) > 3, raw_rows(6000), 0)
    y = labels(DIGITS, 6000)
    dense, thin = softmax().evaluate(X, y), softmax().evaluate(sparse.csr_array(X), y)
    np.testing.assert_array_equal(dense.confusion, thin.confusion)
    assert dense.log_loss == pytest.approx(thin.log_loss, rel=1e-12)


def test_metrics_are_plain_values_in_json() -> None:
    metrics = logistic(classes=("no", "yes")).evaluate(raw_rows(100), ["no", "yes"] * 50)
    assert isinstance(metrics, Metrics)
    told = json.loads(json.dumps(metrics.as_json(), allow_nan=False))
    assert told.keys() == {
        "n", "accuracy", "balanced_accuracy", "baseline_accuracy", "most_frequent", "log_loss",
        "clipped_log_loss", "roc_auc", "macro_precision", "macro_recall", "macro_f1", "classes",
        "by_class", "confusion", "calibration", "calibration_error",
    }  # fmt: skip
    assert told["confusion"] == metrics.confusion.tolist()
    assert told["calibration"][0] == {
        "low": 0, "high": 0.1, "n": 0, "confidence": None, "accuracy": None,
    }  # fmt: skip
    assert told["by_class"][1]["label"] == "yes"
    assert told["by_class"][1].keys() == {"label", "n", "precision", "recall", "f1"}


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([3] * 99, "X has 100 examples and y has 99 labels"),
        ([3] * 99 + [9], "the labels hold 9, not among the classes 3, 1, 2, 0"),
        (["3"] * 100, "the labels hold '3', not among the classes"),
        ([], "there are no labels"),
        (3, "the shape is"),
        ([0.5] * 100, "labels of type float64 are not supported"),
    ],
)
def test_labels_that_do_not_fit_are_refused(y: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        softmax().evaluate(raw_rows(100), y)


@pytest.mark.parametrize("model", [softmax(), logistic()])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_metrics_do_not_depend_on_threads_nor_on_blocks(
    model: Classifier, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(20_000, model.n_features)) * (rng.random((20_000, 1)) < 0.7)
    y = rng.choice(np.array(model.classes), len(X))
    expected = model.evaluate(kind(X), y).as_json()
    for threads in (1, 2, 3):
        assert model.evaluate(kind(X), y, threads).as_json() == expected
    monkeypatch.setattr(product, "_VALUES_AT_ONCE", 1000)
    monkeypatch.setattr(scoring, "SPARSE_ROWS", 77)
    assert model.evaluate(kind(X), y).as_json() == expected
