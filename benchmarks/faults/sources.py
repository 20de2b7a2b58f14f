"""Real data as material for runs: small random parts of digits, MNIST and tables."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from onelayer.data import Dataset, load
from real_tables import tables

MOST = 4_000
"""Examples of a source that are drawn from; the rest is left alone."""

TABLES = ("AER HMDA", "ISLR OJ", "modeldata credit_data", "openintro email", "DAAG spam7")
"""Those of the real tables that are large enough to be split anew by every seed."""

SOURCES = ("digits", "mnist", *TABLES)


@dataclass(frozen=True)
class Material:
    """Examples to make a run of, in random order.

    Attributes
    ----------
    X : (n, n_features) float array
        Scaled: pixels in [-1, 1], columns of tables with mean 0 and variance 1.
    y : (n,) int array
        Classes from 0 on.
    image_shape : (int, int) or None
    """

    X: NDArray[np.float64]
    y: NDArray[np.int64]
    image_shape: tuple[int, int] | None = None

    def split(self, validation: float = 0.3) -> tuple[Dataset, Dataset]:
        """Return the first examples to train on, and the rest to validate on."""
        return parts(self.X, self.y, round(len(self.y) * (1 - validation)), self.image_shape)


def parts(
    X: NDArray[np.float64],
    y: NDArray[np.int64],
    n_train: int,
    image_shape: tuple[int, int] | None = None,
) -> tuple[Dataset, Dataset]:
    """Return two data sets of the same classes."""
    classes = range(int(y.max()) + 1)
    first, second = slice(None, n_train), slice(n_train, None)
    return (
        Dataset(X[first].astype(np.float32), y[first], classes, image_shape),
        Dataset(X[second].astype(np.float32), y[second], classes, image_shape),
    )


def material(source: str, rng: np.random.Generator, n: int = 2_000) -> Material:
    """Return so many examples of a source, drawn without repetition, in random order."""
    X, y, shape = _whole(source)
    rows = rng.permutation(len(y))[:n]
    return Material(X[rows], y[rows], shape)


@cache
def _whole(source: str) -> tuple[NDArray[np.float64], NDArray[np.int64], tuple[int, int] | None]:
    if source in ("digits", "mnist"):
        loaded = load(source, **({"train": MOST, "validation": 1} if source == "mnist" else {}))
        used = loaded if source == "digits" else loaded[:1]
        X = np.concatenate([d.scaling.apply(d.X, np.dtype(np.float64)) for d in used])
        y = np.concatenate([d.targets for d in used]).astype(np.int64)
        return X, y, used[0].image_shape
    for table in tables(most=MOST):
        if table.name == source:
            X = np.concatenate([table.X, table.X_test])
            return X, np.concatenate([table.y, table.y_test]).astype(np.int64), None
    raise KeyError(source)
