"""Estimators in scikit-learn's form, and what they show."""

from onelayer.estimators.displays import LossCurveDisplay, SweepDisplay, WeightsDisplay
from onelayer.estimators.linear import LogisticRegression, SoftmaxRegression
from onelayer.estimators.multilabel import MultilabelRegression
from onelayer.estimators.softmax_cv import SoftmaxRegressionCV

__all__ = [
    "LogisticRegression",
    "LossCurveDisplay",
    "MultilabelRegression",
    "SoftmaxRegression",
    "SoftmaxRegressionCV",
    "SweepDisplay",
    "WeightsDisplay",
]
