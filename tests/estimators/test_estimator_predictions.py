"""Predictions are those of the classifier that an estimator has, and depend on the row alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from onelayer.estimators import LogisticRegression, SoftmaxRegression, SoftmaxRegressionCV
from onelayer.inference import Classifier

pytestmark = pytest.mark.filterwarnings("ignore:The best l2")

FAST: dict[str, Any] = {"max_epochs": 3, "scale": "minmax"}
ESTIMATORS = [
    LogisticRegression(**FAST),
    SoftmaxRegression(**FAST),
    SoftmaxRegressionCV(l2=[0, 0.1], cv=2, **FAST),
]
METHODS = ("predict_proba", "predict_log_proba", "decision_function", "predict")

X, y = load_digits(return_X_y=True)
X = np.hstack([X, X[:, ::-1] * 1.37, X * 0.11] * 4)  # wide enough for BLAS to share among threads
X, y = X[:700], y[:700]


@pytest.mark.parametrize("dtype", ["float64", "float32", "uint8"])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_bits_of_a_row_depend_on_the_row_alone(estimator: Any, make: Any, dtype: str) -> None:
    given = make(X.astype(dtype))
    two_classes = isinstance(estimator, LogisticRegression)
    model = estimator.fit(given[:200], y[:200] % 2 if two_classes else y[:200])
    whole = {name: getattr(model, name)(given) for name in METHODS}
    for name in METHODS:
        method = getattr(model, name)
        for i in (0, 1, 47, 48, 333, 699):
            assert method(given[i : i + 1])[0].tobytes() == whole[name][i].tobytes(), (name, i)
        assert method(given[5:91]).tobytes() == whole[name][5:91].tobytes(), name
        for threads in (1, 2, 4):
            with threadpool_limits(threads, user_api="blas"):
                model.n_jobs = threads
                assert method(given).tobytes() == whole[name].tobytes(), (name, threads)
        model.n_jobs = None


@pytest.mark.parametrize("labels", [["b", "a"], [True, False], [7, -2], [2.0, 1.0]])
@pytest.mark.parametrize("Estimator", [LogisticRegression, SoftmaxRegression])
def test_classifier_predicts_as_its_estimator(Estimator: Any, labels: Any, tmp_path: Path) -> None:
    names = np.array(labels)[y % 2]
    model = Estimator(**FAST).fit(X, names)
    model.classifier_.save(tmp_path / "model.safetensors")
    loaded = Classifier.load(tmp_path / "model.safetensors")
    assert loaded.predict(X).astype(str).tolist() == model.predict(X).astype(str).tolist()
    columns = [[str(c) for c in loaded.classes].index(str(c)) for c in model.classes_]
    np.testing.assert_array_equal(loaded.predict_proba(X)[:, columns], model.predict_proba(X))
    np.testing.assert_allclose(model.coef_.shape, (len(model.intercept_), X.shape[1]))
    margin = X @ model.coef_[-1] + model.intercept_[-1]
    if Estimator is SoftmaxRegression:
        margin -= X @ model.coef_[0] + model.intercept_[0]
    np.testing.assert_allclose(model.decision_function(X), margin, rtol=1e-9, atol=1e-12)
    assert model.predict(X).tolist() == model.classes_[(margin > 0).astype(int)].tolist()
    right = model.predict_proba(X)[np.arange(len(X)), np.searchsorted(model.classes_, names)]
    assert (right > 0.5).mean() > 0.8


@pytest.mark.parametrize("scale", ["none", "standard", "minmax"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_a_file_keeps_all_of_an_estimator(
    estimator: Any, dtype: str, scale: Any, tmp_path: Path
) -> None:
    """Names, classes, scaling, and each bit of the probabilities; also after going on."""
    frame = pd.DataFrame(X[:300, :64].astype(dtype)).rename(columns="pixel {}".format)
    words = np.array(["even", "odd"])[y[:300] % 2]
    model = clone(estimator).set_params(scale=scale, learning_rate=1e-4).fit(frame, words)
    if hasattr(model, "partial_fit"):
        model.partial_fit(frame[:100], words[:100])
    model.classifier_.save(tmp_path / "model.safetensors")
    loaded = Classifier.load(tmp_path / "model.safetensors")
    assert loaded.to_bytes() == model.classifier_.to_bytes()
    assert loaded.feature_names == tuple(model.feature_names_in_)
    assert set(loaded.classes) == set(model.classes_)
    assert loaded.scaling == model.scaling_
    columns = [loaded.classes.index(label) for label in model.classes_]
    for given in (frame, frame[7:8]):
        expected = model.predict_proba(given)
        assert loaded.predict_proba(given)[:, columns].tobytes() == expected.tobytes()
        assert loaded.predict(given).tolist() == model.predict(given).tolist()


def test_weights_of_classes_weigh_their_own_class() -> None:
    target = np.where(y > 4, "high", "low")
    explicit = np.where(y > 4, 5.0, 0.5)
    by_class = LogisticRegression(class_weight={"high": 5, "low": 0.5}, **FAST).fit(X, target)
    by_example = LogisticRegression(**FAST).fit(X, target, explicit)
    np.testing.assert_allclose(by_class.coef_, by_example.coef_, rtol=1e-9)


def test_coefficients_cannot_be_changed_behind_the_model() -> None:
    model = SoftmaxRegression(**FAST).fit(X, y)
    with pytest.raises(ValueError, match="read-only"):
        model.coef_[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        model.intercept_[0] = 1
