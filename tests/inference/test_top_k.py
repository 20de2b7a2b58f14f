"""Top-k accuracy and the mean accuracy per class: against scikit-learn, and ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from inference_material import DIGITS, WORDS, Array, logistic, raw_rows, softmax
from sklearn.metrics import balanced_accuracy_score, top_k_accuracy_score

from onelayer.data import Scaling
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.inference.top_k import places
from onelayer.model import LOSSES

MODELS = [softmax(), softmax(classes=WORDS), logistic(), logistic(classes=("b", "a"))]


def labels(classes: tuple[Any, ...], n: int = 3000) -> Array:
    found: Array = np.random.default_rng(5).choice(np.array(classes), n)
    return found


@pytest.mark.parametrize("model", MODELS)
def test_top_k_accuracy_is_that_of_scikit_learn(model: Classifier) -> None:
    X, y = raw_rows(3000), labels(model.classes)
    metrics, p = model.evaluate(X, y), model.predict_proba(X)
    order = np.argsort(np.array(model.classes))
    for k in range(1, len(model.classes)):
        given = p[:, order] if len(order) > 2 else p[:, order[1]]
        expected = top_k_accuracy_score(y, given, k=k, labels=np.array(model.classes)[order])
        assert metrics.top_k_accuracy(k) == expected
        assert metrics.as_json(k)["top_k_accuracy"] == expected
    assert metrics.top_k_accuracy(1) == metrics.accuracy
    assert "top_k" not in metrics.as_json()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kinds", [1, 2, 9])
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning")
def test_balanced_accuracy_is_that_of_scikit_learn(model: Classifier, kinds: int) -> None:
    X = raw_rows(3000)
    y = np.sort(labels(model.classes[:kinds]))
    X, y = X[1000:], y[1000:]  # classes of very different sizes
    metrics = model.evaluate(X, y)
    expected = balanced_accuracy_score(y, model.predict(X))
    assert metrics.balanced_accuracy == pytest.approx(expected, rel=1e-15)
    assert metrics.as_json()["balanced_accuracy"] == metrics.balanced_accuracy


def test_of_equal_scores_the_first_class_comes_first() -> None:
    """So the class in place 0 is the predicted one, however the scores fall together."""
    rng = np.random.default_rng(0)
    scores, targets = rng.integers(0, 3, (5000, 6)).astype(float), rng.integers(0, 6, 5000)
    found = places("softmax", scores, targets)
    pairs = zip(scores, targets, strict=True)
    slow = [np.argsort(-row, kind="stable").tolist().index(k) for row, k in pairs]
    assert found.tolist() == slow
    np.testing.assert_array_equal(found == 0, LOSSES["softmax"].predict(scores) == targets)


def test_models_that_know_nothing_have_the_first_k_classes_on_top() -> None:
    model = softmax(weights=np.zeros((5, 4)), bias=np.zeros(4))
    metrics = model.evaluate(raw_rows(8), [DIGITS[k] for k in (0, 1, 1, 2, 2, 2, 3, 3)])
    assert [metrics.top_k_accuracy(k) for k in (1, 2, 3)] == [1 / 8, 3 / 8, 6 / 8]
    even = logistic(1, weights=np.zeros((1, 1)), bias=np.zeros(1), scaling=Scaling.identity())
    assert even.evaluate([[0.0], [0.0]], [7, 4]).top_k_accuracy(1) == 0.5


@pytest.mark.parametrize("k", [0, -1, 4, 5])
def test_k_that_says_nothing_is_refused(k: int) -> None:
    metrics = softmax().evaluate(raw_rows(8), labels(DIGITS, 8))
    with pytest.raises(InputError, match=f"k: {k} was given; with 4 classes it is from 1 to 3"):
        metrics.top_k_accuracy(k)
