"""Estimators in scikit-learn's form."""

from onelayer.estimators.linear import LogisticRegression, SoftmaxRegression

__all__ = ["LogisticRegression", "SoftmaxRegression"]
