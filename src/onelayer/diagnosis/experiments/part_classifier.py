"""Models that tell validation from training examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.statistics import mann_whitney
from onelayer.diagnosis.subjects.examples import (
    Rows,
    SharedData,
    drawn,
    frequent_features,
    rows_within,
    scaled,
    standardised,
)  # fmt: skip
from onelayer.model import Objective

EXAMPLES = 2000
"""Of either part so many are told apart, at most."""

FEATURES = 1000
"""Of a sparse matrix so many features are looked at, those that are oftenest not 0."""

FOLDS = 2
L2 = 0.03
SQUARES_UP_TO = 200
"""Of so few features the squares are looked at, too: they show other spreads."""

PASSES = 30


def both_parts(
    data: SharedData,
) -> tuple[NDArray[np.float32], NDArray[np.bool_], Rows | None]:
    """Return standardised features of examples of both parts, mixed, and which are validation's.

    And the numbers of the features, where these are not all; squares follow them.
    """
    columns = frequent_features((data.train, data.validation), FEATURES)
    parts = [
        scaled(
            data.train,
            part,
            drawn(part.n_examples, rows_within(part, EXAMPLES, columns=columns), seed),
            columns,
        )
        for part, seed in ((data.train, 10), (data.validation, 11))
    ]
    is_validation = np.repeat([False, True], [len(part) for part in parts])
    X = standardised(np.concatenate(parts))
    if X.shape[1] <= SQUARES_UP_TO:
        X = np.hstack([X, standardised(np.square(np.clip(X, -5, 5)))])
    order = np.random.default_rng(12).permutation(len(X))
    return X[order], is_validation[order], columns


def area_under_curve(
    context: Context, X: NDArray[np.float32], is_validation: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return the mean area under the curve of models on the half that they did not see.

    And its standard error where the parts are alike: each half's is known exactly.
    """
    if X.shape[1] > len(X):  # as many random directions tell as much, and cost less
        mix = np.random.default_rng(13).standard_normal((X.shape[1], len(X) // 4), np.float32)
        X = standardised(X @ mix)
    X = X / np.float32(np.sqrt(max(1, X.shape[1] / 50)))
    data = Dataset(X, is_validation.astype(np.int64), classes=(1, 0))
    fold = np.arange(len(X)) % FOLDS
    weights = [_balanced(is_validation) * (fold != held) for held in range(FOLDS)]
    optima = context.search(
        data, [Objective("logistic", L2)] * FOLDS, weights=weights, tolerance=0.02,
        max_passes=PASSES,
    )  # fmt: skip
    areas, variances = [], []
    for held, optimum in enumerate(optima):
        scores = X[fold == held] @ optimum.parameters.weights[:, 0]
        area, variance = mann_whitney(scores, is_validation[fold == held])
        areas.append(area)
        variances.append(variance)
    return float(np.mean(areas)), float(np.sqrt(np.sum(variances)) / FOLDS)


def _balanced(is_validation: NDArray[np.bool_]) -> NDArray[np.float64]:
    share = is_validation.mean()
    return np.asarray(np.where(is_validation, 0.5 / share, 0.5 / (1 - share)))
