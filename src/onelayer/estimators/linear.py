"""Logistic and softmax regression as scikit-learn estimators."""

from __future__ import annotations

from onelayer.estimators.documents import documented
from onelayer.estimators.one_model import OneModel


@documented
class LogisticRegression(OneModel):
    """Logistic regression for two classes: the exact minimum, or mini-batch gradient descent.

    The objective is C + l2 * |w|^2, with C the mean cross-entropy of the probabilities
    sigmoid(x·w + b) of the second class. docs/l2.md converts `l2` from other libraries.

    Parameters
    ----------
    <parameters>

    Attributes
    ----------
    <attributes>

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from onelayer import LogisticRegression
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = LogisticRegression(scale="standard", early_stopping=True).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    _model = "logistic"
    _order = slice(None, None, -1)


@documented
class SoftmaxRegression(OneModel):
    """Softmax regression for any classes: the exact minimum, or mini-batch gradient descent.

    The objective is C + l2 * |W|^2, with C the mean cross-entropy of the probabilities
    softmax(x·W + b). docs/l2.md converts `l2` from other libraries. There is a row of
    `coef_` for each class, also for two classes.

    Parameters
    ----------
    <parameters>

    Attributes
    ----------
    <attributes>

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from onelayer import SoftmaxRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> model = SoftmaxRegression(scale="minmax").fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    _model = "softmax"
