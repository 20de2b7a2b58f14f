"""What a single feature predicts, and a model of all the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.context import Context
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
FEATURES = 1000
"""Of a sparse matrix so many features are tried, those that are oftenest not 0."""

BINS = 128
PER_BIN = 10
CANDIDATES = 20
"""So many features, those whose means differ most between classes, are tried alone."""

COPY = 0.9
"""Features of a larger correlation with the suspicious one are left out with it."""

L2 = 1e-3
PASSES = 60


@dataclass(frozen=True, eq=False)
class Samples:
    """Scaled samples of both parts: the features' numbers, and the rows of validation."""

    features: Rows
    X: NDArray[np.float32]
    y: NDArray[np.int64]
    X_validation: NDArray[np.float32]
    y_validation: NDArray[np.int64]
    rows: Rows
    n_classes: int


def samples_of(data: SharedData) -> Samples:
    """Draw examples of both parts, and of a sparse matrix the commonest features."""
    train, validation = data.train, data.validation
    columns = frequent_features((train, validation), FEATURES)
    most = rows_within(train, EXAMPLES, columns=columns)
    chosen = drawn(train.n_examples, most, seed=14)
    held = drawn(validation.n_examples, most, seed=15)
    return Samples(
        np.arange(train.n_features) if columns is None else columns,
        scaled(train, train, chosen, columns),
        np.asarray(train.targets[chosen], np.int64),
        scaled(train, validation, held, columns),
        np.asarray(validation.encode(train.classes)[held], np.int64),
        held,
        train.n_classes,
    )


def strongest(parts: Samples) -> Rows:
    """Return the features whose means differ most between the classes, of their variance."""
    Z = standardised(parts.X)
    one_hot = np.eye(parts.n_classes, dtype=np.float32)[parts.y]
    sizes = np.maximum(one_hot.sum(axis=0), 1)
    explained = (np.square(one_hot.T @ Z) / sizes[:, None]).sum(axis=0)
    return np.argsort(-explained, kind="stable")[:CANDIDATES]


def stump_errors(parts: Samples, feature: int) -> NDArray[np.bool_]:
    """Return which validation examples the commonest class of their range gets wrong."""
    column = parts.X[:, feature]
    ranges = min(BINS, len(column) // PER_BIN)
    edges = np.unique(np.quantile(column, np.linspace(0, 1, ranges + 1), method="lower")[:-1])
    bins = np.searchsorted(edges, column)
    table = np.bincount(
        bins * parts.n_classes + parts.y, minlength=(len(edges) + 1) * parts.n_classes
    ).reshape(-1, parts.n_classes)
    # Where a range has no example the commonest class of all is the guess.
    guess = (table + np.bincount(parts.y, minlength=parts.n_classes) * 1e-6).argmax(axis=1)
    seen = np.searchsorted(edges, parts.X_validation[:, feature])
    return np.asarray(guess[seen] != parts.y_validation)


def others_than(X: NDArray[np.float32], feature: int) -> Rows:
    """Return the features that vary and are no copies of this one."""
    Z = standardised(X)
    r = Z.T @ Z[:, feature] / len(Z)
    varies = np.square(Z).sum(axis=0) > 0
    return np.flatnonzero((np.abs(r) < COPY) & varies)


def errors_of_a_model(context: Context, parts: Samples, kept: Rows) -> NDArray[np.bool_]:
    """Return which validation examples a softmax model of some features gets wrong."""
    mean, deviation = parts.X[:, kept].mean(axis=0), parts.X[:, kept].std(axis=0)
    Z = (parts.X[:, kept] - mean) / deviation
    present = np.unique(parts.y)
    data = Dataset(Z, parts.y, classes=present.tolist())
    (optimum,) = context.search(data, [Objective("softmax", L2)], tolerance=0.02, max_passes=PASSES)
    scores = (parts.X_validation[:, kept] - mean) / deviation @ optimum.parameters.weights
    predicted = present[(scores + optimum.parameters.bias).argmax(axis=1)]
    return np.asarray(predicted != parts.y_validation)
