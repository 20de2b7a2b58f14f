"""Scores of examples by models that did not train on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Scaling
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.subjects.examples import (
    Rows,
    dense,
    drawn,
    frequent_features,
    rows_within,
    standardised,
)  # fmt: skip
from onelayer.training import ExampleWeights, TrainConfig

FOLDS = 4
STEPS_OF_EXAMPLES = 60_000
"""A model sees about so many examples, in 3 epochs at least and in 60 at most."""

MOST_CELLS = 40_000_000
MOST_EXPANDED = 200
MOST_FREQUENT = 5_000
"""Of a sparse matrix so many features are used, those that are oftenest not 0."""

BINS = 8

L2 = 3e-3


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Scores of some training examples, each by a model of which it was no part.

    Attributes
    ----------
    rows : (n,) int array
        The examples.
    scores : (n, n_classes) float array
    targets : (n,) int array
    """

    rows: Rows
    scores: NDArray[np.float64]
    targets: NDArray[np.int64]


def cross_fit(context: Context, train: Dataset) -> CrossFit:
    """Return the scores of softmax models, each fitted to all folds but one, in one pass.

    Columns of tables are given by which of their quantiles they exceed as well: an additive model,
    so that what it does not understand are labels, and not the shapes of the features' effects.

    Raises
    ------
    OverBudget
        If that would cost more than is left.
    """
    rows = drawn(train.n_examples, rows_within(train, 40_000, MOST_CELLS), seed=4)
    data = _prepared(train, rows)
    folds = np.random.default_rng(5).permutation(len(rows)) % FOLDS
    epochs = int(np.clip(STEPS_OF_EXAMPLES // len(rows), 3, 60))
    config = TrainConfig(
        model="softmax", learning_rate=_rate(data), momentum=0.9, batch_size=64, l2=L2,
        max_epochs=epochs, seed=0,
    )  # fmt: skip
    weights = [ExampleWeights((folds != fold).astype(np.float64)) for fold in range(FOLDS)]
    results = context.train((data, None), [config] * FOLDS, weights=weights)
    scores = np.empty((len(rows), train.n_classes))
    for fold, result in enumerate(results):
        held = np.flatnonzero(folds == fold)
        seen = data.scaling.apply(data.X[held])
        scores[held] = np.asarray(seen @ result.weights) + result.bias
    return CrossFit(rows, scores, np.asarray(data.targets, np.int64))


def _prepared(train: Dataset, rows: Rows) -> Dataset:
    """Return examples that plain steps suit: centred, and of comparable columns."""
    whole = len(rows) == train.n_examples and train.block_lengths is None
    X, y = (train.X, train.y) if whole else (train.X[rows], train.y[rows])
    if not isinstance(X, np.ndarray):
        frequent = frequent_features((train,), MOST_FREQUENT)
        X = X if frequent is None else X[:, frequent]
        deviation = np.sqrt(np.asarray(X.astype(np.float64).power(2).mean(axis=0)).ravel())
        return Dataset(X, y, train.classes, scaling=Scaling(_inverse(deviation), deviation * 0))
    if train.image_shape is None and train.n_features <= MOST_EXPANDED:
        return Dataset(_expanded(np.asarray(X, np.float32)), y, train.classes)
    sample = dense(train, drawn(train.n_examples, rows_within(train, 2000), seed=6))
    sample = sample.astype(np.float64)
    mean, deviation = sample.mean(axis=0), sample.std(axis=0)
    if train.image_shape is not None:  # pixels have one unit
        deviation = np.full_like(mean, np.sqrt(np.mean(deviation**2)))
    scale = _inverse(deviation)
    return Dataset(X, y, train.classes, scaling=Scaling(scale, -mean * scale))


def _inverse(deviation: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(1, deviation, out=np.ones_like(deviation), where=deviation > 0)


def _expanded(X: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the columns and, of those with more than two values, the quantiles they exceed."""
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    columns = [X]
    for column in X.T:
        edges = np.unique(np.quantile(column, inner))
        if not np.isin(column, (column.min(), column.max())).all():
            columns.append((column[:, None] > edges).astype(np.float32))
    return standardised(np.hstack(columns))


def _rate(data: Dataset) -> float:
    """Return a tenth of the rate at which steps on all examples would begin to oscillate."""
    rows = drawn(data.n_examples, rows_within(data, 500), seed=7)
    sample = data.scaling.apply(data.X[rows])
    v = np.random.default_rng(8).standard_normal(data.n_features).astype(np.float32)
    largest = 0.0
    for _ in range(10):
        v = sample.T @ (sample @ v) / np.float32(len(rows))
        largest = float(np.linalg.norm(v))
        v /= np.float32(max(largest, 1e-12))
    # Of the softmax loss no curvature exceeds half of that of the features, and the bias adds 1.
    return 0.1 * 4 / (largest + 1)


def log_probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithms of the softmax of each row."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
