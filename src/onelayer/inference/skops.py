"""Export to a scikit-learn object, kept by skops, which loads it without running code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.optional import needs
from onelayer.inference.classifier import Classifier
from onelayer.inference.file import write
from onelayer.inference.optional import refuse_multilabel


def export_skops(classifier: Classifier, path: str | Path) -> None:
    """Write a classifier as a scikit-learn object that needs no onelayer.

    It is the object of `as_sklearn`. ``skops.io.load(path)`` loads it with skops' defaults.

    Raises
    ------
    InputError
        If the model is multilabel, the library skops is not installed, or the file cannot be
        written.
    """
    refuse_multilabel(classifier)
    with needs("The export to scikit-learn", "export"):
        from skops import io
    write(Path(path), io.dumps(as_sklearn(classifier)))


def as_sklearn(classifier: Classifier) -> Any:
    """Return a scikit-learn object with the classifier's probabilities for raw values.

    A LogisticRegression whose coefficients hold the scaling. Its options (C, solver) are
    scikit-learn's defaults and say nothing about the training. scikit-learn sorts classes: compare
    columns by ``classes_``. Where two classes tie exactly, `predict` may choose the other.

    Where the classifier replaces missing values, it stands in a Pipeline after a KNNImputer with
    one neighbour and one example, the values to put in place. (A SimpleImputer would be plainer,
    but skops trusts no file that holds one: its state has a ``numpy.dtype``.) This pipeline takes
    no sparse matrices.
    """
    from sklearn.impute import KNNImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    regression = LogisticRegression()
    regression.classes_, regression.coef_, regression.intercept_ = _sorted(classifier)
    regression.n_features_in_ = classifier.n_features
    regression.n_iter_ = np.array([int(classifier.record.get("steps", 1))], np.int32)
    first = regression
    whole = regression
    if classifier.fill is not None:
        first = KNNImputer(n_neighbors=1).fit(classifier.fill[None])
        whole = Pipeline([("imputer", first), ("classifier", regression)])
    if classifier.feature_names is not None:
        # Of the first step alone: between the steps there are arrays without names.
        first.feature_names_in_ = np.array(classifier.feature_names, dtype=object)
    return whole


def _sorted(
    classifier: Classifier,
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
    """Return classes, coefficients and intercepts as scikit-learn orders them.

    Of two classes it keeps one score, the log-odds of the second.
    """
    weights, bias = classifier.raw.weights.T, classifier.raw.bias
    if classifier.model == "logistic":
        weights = np.vstack([weights, np.zeros_like(weights)])
        bias = np.append(bias, 0.0)
    order = np.argsort(np.array(classifier.classes), kind="stable")
    classes, weights, bias = np.array(classifier.classes)[order], weights[order], bias[order]
    if len(classes) == 2:
        return classes, weights[1:] - weights[:1], bias[1:] - bias[:1]
    return classes, weights, bias
