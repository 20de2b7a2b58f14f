"""What a sweep is scored by: the same in the choice and in `score`, also where classes lack."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import get_scorer, log_loss, make_scorer
from sklearn.model_selection import KFold

from onelayer.errors import InputError
from onelayer.estimators import SoftmaxRegression, SoftmaxRegressionCV

X, y = load_digits(n_class=4, return_X_y=True)
X = X / 16
X, y, X_val, y_val = (
    X[:300],
    np.array(list("abcd"))[y[:300]],
    X[300:],
    np.array(list("abcd"))[y[300:]],
)
FAST: dict[str, Any] = {"l2": [0, 0.01], "max_epochs": 15, "batch_size": 32, "dtype": "float64"}
IN_ORDER = np.argsort(y, kind="stable")

pytestmark = pytest.mark.filterwarnings("ignore:The best:UserWarning")


# The score of an estimator ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "scoring",
    [
        "accuracy",
        "balanced_accuracy",
        "top_k_accuracy",
        "f1_macro",
        "neg_log_loss",
        "roc_auc_ovr",
        "neg_brier_score",
    ],
)
def test_score_is_by_the_scorer_that_chose(scoring: str) -> None:
    sweep = SoftmaxRegressionCV(scoring=scoring, **FAST).fit(X, y, X_val=X_val, y_val=y_val)
    expected = get_scorer(scoring)(sweep, X_val, y_val)
    assert sweep.score(X_val, y_val) == expected
    assert sweep.best_score_ == pytest.approx(expected, rel=1e-12)


def test_score_of_a_callable() -> None:
    def letters_right(model: Any, X: Any, y: Any) -> int:
        assert set(y) <= set("abcd")
        return int((model.predict(X) == y).sum())

    sweep = SoftmaxRegressionCV(scoring=letters_right, cv=3, **FAST).fit(X, y)
    assert sweep.score(X_val, y_val) == (sweep.predict(X_val) == y_val).sum()


def test_score_by_default_is_minus_the_log_loss() -> None:
    sweep = SoftmaxRegressionCV(**FAST).fit(X, y, X_val=X_val, y_val=y_val)
    assert sweep.score(X_val, y_val) == sweep.best_score_
    expected = -log_loss(y_val, sweep.predict_proba(X_val))
    assert sweep.score(X_val, y_val) == pytest.approx(expected, rel=1e-12)
    few = np.flatnonzero(y_val == "b")[:3]
    labels = sweep.classes_
    expected = -log_loss(y_val[few], sweep.predict_proba(X_val[few]), labels=labels)
    assert sweep.score(X_val[few], y_val[few]) == pytest.approx(expected, rel=1e-9)
    with pytest.raises(InputError, match="y: the labels hold 'z', not among the classes"):
        sweep.score(X_val[few], ["z"] * 3)


@pytest.mark.parametrize("scoring", [None, "neg_log_loss", "accuracy"])
def test_weights_count_in_the_score(scoring: Any) -> None:
    sweep = SoftmaxRegressionCV(scoring=scoring, cv=3, **FAST).fit(X, y)
    weights = np.arange(len(y_val)) % 3
    repeated = sweep.score(X_val.repeat(weights, axis=0), y_val.repeat(weights))
    assert sweep.score(X_val, y_val, weights) == pytest.approx(repeated, rel=1e-12)
    assert sweep.score(X_val, y_val, sample_weight=weights) != sweep.score(X_val, y_val)


# Classes that lack ------------------------------------------------------------------------------


@pytest.mark.parametrize("scoring", [None, "neg_log_loss"])
def test_a_fold_that_trains_without_a_class_gives_it_little_probability(scoring: Any) -> None:
    """In one batch an epoch is a step, and `partial_fit` is told of classes that do not occur."""
    options: dict[str, Any] = {"l2": 0.01, "batch_size": 1000}
    folds = KFold(4)
    ordered, labels = X[IN_ORDER], y[IN_ORDER]
    sweep = SoftmaxRegressionCV(cv=folds, scoring=scoring, max_epochs=30, **options)
    sweep.fit(ordered, labels)
    expected = []
    for train, test in folds.split(ordered):
        assert len(set(labels[train])) < 4 or len(set(labels[test])) < 4
        model = SoftmaxRegression(**options)
        for _ in range(30):
            model.partial_fit(ordered[train], labels[train], classes=list("abcd"))
        probabilities = model.predict_proba(ordered[test])
        expected.append(-log_loss(labels[test], probabilities, labels=list("abcd")))
    found = sweep.results_["scores"].to_list()[0]
    assert found == pytest.approx(expected, rel=1e-8)
    assert min(found) < -2
    assert np.isfinite(found).all()


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("early_stopping", [None, 3])
@pytest.mark.parametrize("scoring", [None, "accuracy", "f1_macro", "neg_brier_score"])
def test_no_scorer_is_at_a_loss(scoring: Any, early_stopping: Any, class_weight: Any) -> None:
    rows = IN_ORDER[np.isin(y[IN_ORDER], ["a", "b", "c"])]
    folds = [(np.flatnonzero(y[rows] != c), np.flatnonzero(y[rows] == c)) for c in "abc"]
    sweep = SoftmaxRegressionCV(
        cv=folds, scoring=scoring, early_stopping=early_stopping, class_weight=class_weight, **FAST
    ).fit(X[rows], y[rows])
    assert np.isfinite(sweep.best_score_)
    if scoring == "accuracy":
        assert sweep.best_score_ == 0  # nobody can know a class that was never shown
    assert sweep.classes_.tolist() == ["a", "b", "c"]
    if early_stopping is None:  # otherwise all folds say that training only does harm
        assert (sweep.predict(X[rows]) == y[rows]).mean() > 0.9


def test_two_classes_of_which_a_fold_has_one() -> None:
    two = np.isin(y, ["a", "b"])
    labels = y[two]
    folds = [(np.flatnonzero(labels == c), np.flatnonzero(labels != c)) for c in "ab"]
    sweep = SoftmaxRegressionCV(cv=folds, scoring="neg_log_loss", **FAST).fit(X[two], labels)
    own = SoftmaxRegressionCV(cv=folds, **FAST).fit(X[two], labels)
    np.testing.assert_allclose(
        np.array(sweep.results_["scores"].to_list()),
        np.array(own.results_["scores"].to_list()),
        rtol=1e-9,
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_a_scorer_that_has_no_value_is_refused() -> None:
    folds = KFold(4)
    sweep = SoftmaxRegressionCV(cv=folds, scoring="roc_auc_ovr", **FAST)
    with pytest.raises(
        InputError, match=r"scoring: roc_auc_ovr has no value on a fold with .* of the 4 classes"
    ):
        sweep.fit(X[IN_ORDER], y[IN_ORDER])


def test_labels_that_a_scorer_has_are_kept() -> None:
    scorer = make_scorer(
        log_loss, response_method="predict_proba", greater_is_better=False, labels=list("abcd")
    )
    sweep = SoftmaxRegressionCV(cv=3, scoring=scorer, **FAST).fit(X, y)
    by_name = SoftmaxRegressionCV(cv=3, scoring="neg_log_loss", **FAST).fit(X, y)
    assert sweep.best_score_ == by_name.best_score_
