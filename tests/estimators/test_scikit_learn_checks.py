"""scikit-learn's own checks of an estimator."""

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from onelayer.estimators import LogisticRegression, SoftmaxRegression, SoftmaxRegressionCV

ESTIMATORS = [
    LogisticRegression(),
    SoftmaxRegression(),
    SoftmaxRegressionCV(l2=(0, 1e-3), cv=3),
]


# Some checks fit features with a mean of 100, and weights of 1000: the warning is right.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:The best l2")
@parametrize_with_checks(ESTIMATORS)  # type: ignore[untyped-decorator]
def test_scikit_learn_check(estimator: Any, check: Any) -> None:
    check(estimator)
