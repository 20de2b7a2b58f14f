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


def to_a_tolerance(estimator: Any) -> dict[str, str]:
    """Return the checks that ask for more digits than a minimum is found to.

    Weights as repeated rows are the same minimum, approached otherwise: see the test below.
    """
    if estimator.solver == "sgd":
        return {}
    name = "check_sample_weight_equivalence_on_{}_data"
    why = "equal to the tolerance, not to 1e-7"
    return {name.format(kind): why for kind in ("dense", "sparse")}


# Some checks fit features with a mean of 100, and weights of 1000: the warning is right.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:The best l2")
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    ESTIMATORS, expected_failed_checks=to_a_tolerance
)
def test_scikit_learn_check(estimator: Any, check: Any) -> None:
    if check.func is check_class_weight_classifiers and estimator.solver == "sgd":
        estimator.set_params(max_epochs=200)  # the default: it asks for weights that have converged
    check(estimator)


@pytest.mark.parametrize("Estimator", [LogisticRegression, SoftmaxRegression])
def test_weights_of_a_minimum_are_repeated_rows(Estimator: Any) -> None:
    rng = np.random.default_rng(0)
    X, y, counts = rng.normal(size=(60, 4)), rng.integers(2, size=60), rng.integers(4, size=60)
    weighted = Estimator(tolerance=1e-12).fit(X, y, sample_weight=counts)
    repeated = Estimator(tolerance=1e-12).fit(X.repeat(counts, axis=0), y.repeat(counts))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)
