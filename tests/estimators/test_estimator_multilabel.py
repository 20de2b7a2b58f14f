"""MultilabelRegression: scikit-learn's conventions for a matrix of labels."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone, is_classifier
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.estimators import LogisticRegression, MultilabelRegression
from onelayer.training import TrainConfig, train

X, Y = make_multilabel_classification(300, 12, n_classes=4, n_labels=2, random_state=0)
X = X / X.std()
FAST: dict[str, Any] = {"max_epochs": 20, "batch_size": 32, "l2": 0.001}


def test_it_is_a_logistic_regression_for_each_label() -> None:
    model = MultilabelRegression(**FAST).fit(X, Y)
    assert model.coef_.shape == (4, 12)
    np.testing.assert_array_equal(model.classes_, range(4))
    for k in range(4):
        alone = LogisticRegression(**FAST).fit(X, Y[:, k])
        np.testing.assert_allclose(model.coef_[k], alone.coef_[0], rtol=1e-9)
        np.testing.assert_allclose(model.predict_proba(X)[:, k], alone.predict_proba(X)[:, 1])
        np.testing.assert_array_equal(model.predict(X)[:, k], alone.predict(X))
        np.testing.assert_allclose(model.decision_function(X)[:, k], alone.decision_function(X))
    assert model.predict(X).dtype == np.int64
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
    assert model.score(X, Y) == accuracy_score(Y, model.predict(X))
    assert 0.3 < model.score(X, Y) < 1


def test_two_labels_keep_a_score_each() -> None:
    model = MultilabelRegression(**FAST).fit(X, Y[:, :2])
    assert model.decision_function(X).shape == (300, 2)
    np.testing.assert_array_equal(model.predict(X), model.decision_function(X) >= 0)


@pytest.mark.parametrize("kind", [csr_array, list, lambda y: y.astype(bool)])
def test_labels_may_be_sparse_lists_or_bools(kind: Any) -> None:
    expected = MultilabelRegression(**FAST).fit(X, Y)
    given = Y.tolist() if kind is list else kind(Y)
    model = MultilabelRegression(**FAST).fit(X, given)
    assert model.coef_.tobytes() == expected.coef_.tobytes()
    assert model.score(X, given) == expected.score(X, Y)
    assert MultilabelRegression(**FAST).fit(csr_array(X), given).coef_.shape == (4, 12)


def test_weights_validation_and_early_stopping() -> None:
    weights = np.r_[np.zeros(100), np.ones(200)]
    model = MultilabelRegression(**FAST | {"batch_size": 1000})
    weighted = clone(model).fit(X, Y, sample_weight=weights)
    np.testing.assert_allclose(weighted.coef_, model.fit(X[100:], Y[100:]).coef_, rtol=1e-9)
    stopping = MultilabelRegression(early_stopping=2, **FAST | {"max_epochs": 500})
    stopping.fit(X[100:], Y[100:], X_val=X[:100], y_val=Y[:100])
    assert stopping.stop_reason_ == "patience"
    held_out = MultilabelRegression(early_stopping=3, **FAST).fit(X, Y)
    assert len(held_out.validation_scores_) > 1


def test_warm_start_and_partial_fit_go_on() -> None:
    whole = MultilabelRegression(**FAST | {"max_epochs": 4}).fit(X, Y)
    warm = MultilabelRegression(warm_start=True, **FAST | {"max_epochs": 2}).fit(X, Y).fit(X, Y)
    np.testing.assert_allclose(warm.coef_, whole.coef_, rtol=1e-9)
    parts = MultilabelRegression(**FAST)
    for _ in range(4):
        parts.partial_fit(X, Y, classes=range(4))
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-9)
    with pytest.raises(InputError, match="y: there are 3 columns; the model has 4 labels"):
        parts.partial_fit(X, Y[:, :3])


def test_it_works_in_pipelines_and_searches() -> None:
    pipeline = make_pipeline(StandardScaler(), MultilabelRegression(**FAST))
    assert np.mean(cross_val_score(pipeline, X, Y, cv=3)) > 0.3
    search = GridSearchCV(
        MultilabelRegression(**FAST), {"l2": [0.0, 1.0]}, scoring="f1_macro", cv=3
    )
    assert search.fit(X, Y).best_params_ == {"l2": 0.0}


def test_it_is_an_estimator() -> None:
    model = MultilabelRegression(**FAST)
    assert is_classifier(model)
    tags = get_tags(model)
    assert tags.classifier_tags.multi_label
    assert not tags.classifier_tags.multi_class
    assert tags.target_tags.two_d_labels
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert clone(model).get_params() == model.get_params()
    again = pickle.loads(pickle.dumps(model.fit(X, Y)))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.n_features_in_ == 12
    assert "MultilabelRegression" in repr(model)
    assert "<svg" in model._repr_html_()
    assert model.classifier_.evaluate_labels(X, Y).accuracy == model.score(X, Y)


def test_it_trains_as_the_engine_does() -> None:
    model = MultilabelRegression(**FAST).fit(X, Y)
    config = TrainConfig(model="multilabel", learning_rate=0.1, dtype="float64", **FAST)
    np.testing.assert_allclose(model.coef_, train(Dataset(X, Y), None, config).weights.T)


@pytest.mark.parametrize(
    ("labels", "how", "message"),
    [
        (Y[:, 0], {}, "y: there is one label an example"),
        (Y + 1, {}, "holds 0 and 1 alone"),
        (Y[:, :1], {}, r"y: the shape is \(300, 1\)"),
        (Y[:10], {}, "inconsistent numbers of samples"),
        (Y, {"class_weight": "balanced"}, "class_weight: with several labels"),
    ],
)
def test_what_cannot_be_used_is_refused(labels: Any, how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MultilabelRegression(**FAST, **how).fit(X, labels)
