"""scikit-learn's own checks of an estimator."""

from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_class_weight_classifiers, parametrize_with_checks

from onelayer.estimators import LogisticRegression, SoftmaxRegression, SoftmaxRegressionCV

STEPS: dict[str, Any] = {"solver": "sgd", "max_epochs": 40}  # enough for all checks but one
ESTIMATORS = [
    LogisticRegression(),
    LogisticRegression(**STEPS),
    SoftmaxRegression(),
    SoftmaxRegression(**STEPS),
    SoftmaxRegressionCV(l2=(1e-3, 1e-2), cv=3),
    SoftmaxRegressionCV(l2=(0, 1e-3), cv=3, **STEPS),
]


# Some checks fit features with a mean of 100, and weights of 1000: the warning is right.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:The best l2")
@parametrize_with_checks(ESTIMATORS)  # type: ignore[untyped-decorator]
def test_scikit_learn_check(estimator: Any, check: Any) -> None:
    if check.func is check_class_weight_classifiers and estimator.solver == "sgd":
        estimator.set_params(max_epochs=200)  # the default: it asks for weights that have converged
    check(estimator)


@pytest.mark.parametrize("Estimator", [LogisticRegression, SoftmaxRegression])
def test_weights_of_a_minimum_are_repeated_rows(Estimator: Any) -> None:
    """Newton's steps are the same for both, so that more digits agree than the tolerance says."""
    rng = np.random.default_rng(0)
    X, y, counts = rng.normal(size=(60, 4)), rng.integers(2, size=60), rng.integers(4, size=60)
    weighted = Estimator().fit(X, y, sample_weight=counts)
    repeated = Estimator().fit(X.repeat(counts, axis=0), y.repeat(counts))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-10)
