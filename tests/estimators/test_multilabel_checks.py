"""scikit-learn's own checks of MultilabelRegression.

They label each example with one class. Here each class becomes a column of a matrix, and the most
probable label the prediction: all else, of examples, weights, types and states, is its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.multiclass import check_classification_targets

from onelayer.estimators import MultilabelRegression
from onelayer.estimators.inputs import encode, find_classes, read


class OneColumnAClass(MultilabelRegression):
    """One label an example for a model of several."""

    def _read(self, X: Any, y: Any, weights: Any, **how: Any) -> Any:
        given = read(self, X, y, weights, **how)
        check_classification_targets(given.y)
        return given

    _find_classes = staticmethod(find_classes)

    def _encode(self, y: Any, name: str, weights: Any) -> Any:
        return np.eye(len(self.classes_), dtype=np.uint8)[encode(y, self.classes_, name, weights)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = True
        tags.classifier_tags.multi_label = False
        tags.target_tags.two_d_labels = False
        tags.target_tags.multi_output = False
        tags.target_tags.single_output = True
        return tags

    def decision_function(self, X: Any) -> Any:
        scores = super().decision_function(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict(self, X: Any) -> Any:
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(1)]

    def predict_proba(self, X: Any) -> Any:
        p = np.exp(super().predict_log_proba(X))
        return p / p.sum(axis=1, keepdims=True)

    def predict_log_proba(self, X: Any) -> Any:
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [OneColumnAClass(solver="sgd", max_epochs=40)],
    expected_failed_checks=lambda _: {
        "check_class_weight_classifiers": "with several labels an example is of no class"
    },
)  # type: ignore[untyped-decorator]
def test_scikit_learn_check(estimator: Any, check: Any) -> None:
    check(estimator)


def test_the_class_of_the_checks_is_the_estimator() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = np.repeat(list("abc"), 20)
    checked = OneColumnAClass(max_epochs=5).fit(X, y)
    own = clone(MultilabelRegression(max_epochs=5)).fit(X, y[:, None] == np.array(list("abc")))
    assert checked.coef_.tobytes() == own.coef_.tobytes()
