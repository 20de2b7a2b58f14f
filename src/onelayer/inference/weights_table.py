"""The weights of a model as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from onelayer.inference.classifier import Classifier

if TYPE_CHECKING:
    import polars as pl


def weights_table(classifier: Classifier) -> pl.DataFrame:
    """Return ``class, feature, weight, coef``, one row a weight, class after class.

    `weight` is that of the scaled feature, which can be compared between features; `coef` that of
    the value as it is. Features without names are called x0, x1 and so on. A logistic model has the
    weights of its positive class.
    """
    import polars as pl  # loads slowly

    n_features, n_outputs = classifier.weights.shape
    names = classifier.feature_names
    features = [f"x{i}" for i in range(n_features)] if names is None else list(map(str, names))
    return pl.DataFrame(
        {
            "class": np.repeat(list(map(str, classifier.classes[:n_outputs])), n_features).tolist(),
            "feature": features * n_outputs,
            "weight": classifier.weights.astype(np.float64).T.reshape(-1),
            "coef": classifier.raw.weights.T.reshape(-1),
        }
    )
