"""The estimators inside scikit-learn's tools."""

import pickle
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression as Reference
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from onelayer.estimators import LogisticRegression, SoftmaxRegression, SoftmaxRegressionCV
from onelayer.estimators.settings import as_threads

X, y = load_digits(return_X_y=True)
X, y, X_val, y_val = X[:600], y[:600], X[600:900], y[600:900]
FAST: dict[str, Any] = {"max_epochs": 20, "scale": "minmax"}


@pytest.fixture(name="_routing")
def fixture_routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("_routing")
def test_pipeline_transforms_the_validation_examples() -> None:
    model = SoftmaxRegression(early_stopping=3, max_epochs=50, batch_size=32)
    model.set_fit_request(X_val=True, y_val=True)
    steps = [("scale", StandardScaler()), ("model", model)]
    pipeline = Pipeline(steps, transform_input=["X_val"]).fit(X, y, X_val=X_val, y_val=y_val)
    scaler = StandardScaler().fit(X)
    alone = clone(model).fit(scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val)
    np.testing.assert_array_equal(pipeline[-1].coef_, alone.coef_)
    assert pipeline[-1].validation_scores_ == alone.validation_scores_


@pytest.mark.usefixtures("_routing")
def test_weights_are_routed_through_a_search() -> None:
    weights = np.random.default_rng(0).uniform(0, 2, len(y))
    model = SoftmaxRegression(**FAST).set_fit_request(sample_weight=True)
    model.set_score_request(sample_weight=True)
    search = GridSearchCV(model, {"l2": [0.0, 1.0]}, cv=3)
    search.fit(X, y, sample_weight=weights)
    assert search.best_params_ == {"l2": 0.0}
    alone = clone(model).fit(X, y, weights)
    np.testing.assert_array_equal(search.best_estimator_.coef_, alone.coef_)


def test_search_in_processes_is_as_in_one() -> None:
    grid = {"l2": [0.0, 0.1], "early_stopping": [None, {"patience": 2}]}
    searches = [GridSearchCV(SoftmaxRegression(**FAST), grid, cv=3, n_jobs=n).fit(X, y)
                for n in (1, 2)]  # fmt: skip
    np.testing.assert_array_equal(*(s.cv_results_["mean_test_score"] for s in searches))


def test_one_thread_works_inside_a_parallel_job() -> None:
    jobs = joblib.Parallel(n_jobs=2, backend="threading")
    assert jobs(joblib.delayed(as_threads)(None) for _ in range(2)) == [1, 1]


def test_cross_val_score() -> None:
    models = (SoftmaxRegression(l2=0.001), Reference(C=1 / (2 * 0.001 * 400)))
    ours, theirs = (
        cross_val_score(make_pipeline(StandardScaler(), model), X, y, cv=3).mean()
        for model in models
    )
    assert ours == pytest.approx(theirs, abs=0.01)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration(method: Any) -> None:
    model = CalibratedClassifierCV(LogisticRegression(**FAST), method=method, cv=3)
    model.fit(X, y > 4, sample_weight=np.ones(len(y)))
    assert model.score(X_val, y_val > 4) > 0.8


def test_meta_estimators_take_them() -> None:
    assert OneVsRestClassifier(LogisticRegression(**FAST)).fit(X, y).score(X_val, y_val) > 0.85
    assert SelectFromModel(SoftmaxRegression(**FAST)).fit(X, y).transform(X).shape[1] < 64


@pytest.mark.filterwarnings("ignore:The best l2")
@pytest.mark.parametrize(
    "model", [LogisticRegression(), SoftmaxRegression(), SoftmaxRegressionCV(l2=[0, 1e-3], cv=3)]
)
def test_clone_and_pickle(model: Any) -> None:
    model = clone(model).set_params(**FAST)
    target = y > 4
    fitted = clone(model).fit(X, target)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert again.history_ == fitted.history_
    assert not hasattr(clone(fitted), "coef_")
