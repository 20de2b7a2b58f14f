"""The data of a study as checks of data look at it: once for the runs that share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.context import Context
from onelayer.study import RunOutcome
from onelayer.words import listed

Rows = NDArray[np.int64]

VALUES = 2_000_000
"""A dense sample holds at most about so many numbers."""

NAMED = 4
"""So many runs, features or rows are named; of the others the number."""


@dataclass(frozen=True, eq=False)
class SharedData:
    """Training and validation examples, and the runs that were made on them.

    Attributes
    ----------
    train, validation : Dataset
    runs : tuple of RunOutcome
    """

    train: Dataset
    validation: Dataset
    runs: tuple[RunOutcome, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the runs."""
        return tuple(run.name for run in self.runs)

    @property
    def who(self) -> str:
        """'the run a' or 'the runs a, b and 3 more'."""
        called = [run.called for run in self.runs]
        return f"the run{'s' * (len(called) > 1)} {listed(called, NAMED)}"

    @property
    def is_image(self) -> bool:
        """Whether a row is an image."""
        return self.train.image_shape is not None

    def feature(self, number: int) -> str:
        """Return what a feature is called: by its name, or its number counted from 0."""
        names = self.runs[0].model.feature_names
        return f"feature {number}" if names is None else names[number]

    def features(self, numbers: Sequence[int] | NDArray[np.integer]) -> str:
        """Return what some features are called, the first few of them."""
        return listed([self.feature(int(j)) for j in numbers], NAMED)


def shared_data(context: Context) -> list[SharedData]:
    """Return each data set of the study once: runs differ in their classes alone."""

    def make() -> list[SharedData]:
        groups: dict[object, list[RunOutcome]] = {}
        for run in context.outcome.runs:
            groups.setdefault(run.run.selection, []).append(run)
        return [SharedData(*context.parts(runs[0]), tuple(runs)) for runs in groups.values()]

    return context.once("shared data", make)


def drawn(n: int, most: int, seed: int = 0) -> Rows:
    """Return at most so many row numbers, drawn without repetition by a seed, in rising order."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def rows_within(data: Dataset, most: int, values: int = VALUES, columns: Rows | None = None) -> int:
    """Return how many examples a dense sample may have, of all features or some, at most."""
    width = data.n_features if columns is None else len(columns)
    return min(most, data.n_examples, max(50, values // width))


def dense(data: Dataset, rows: Rows | slice, columns: Rows | slice | None = None) -> NDArray:  # type: ignore[type-arg]
    """Return raw values of some examples, of all features or of some."""
    part = data.X[rows]
    part = part if columns is None else part[:, columns]
    return np.asarray(part) if isinstance(part, np.ndarray) else part.toarray()


def scaled(
    train: Dataset,
    data: Dataset,
    rows: Rows | slice,
    columns: Rows | None = None,
    dtype: type[np.floating] = np.float32,
) -> NDArray[np.floating]:
    """Return what a model sees of some examples, dense; the scaling is that of training."""
    seen = train.scaling.apply(data.X[rows], dtype)
    seen = seen if columns is None else seen[:, columns]
    return np.asarray(seen if isinstance(seen, np.ndarray) else seen.toarray())


def frequent_features(parts: Sequence[Dataset], most: int) -> Rows | None:
    """Return at most so many features of CSR matrices, those that are oftenest stored in all.

    None: all features, as of dense values.
    """
    length = parts[0].n_features
    if length <= most or not all(part.is_sparse for part in parts):
        return None
    often = sum(_stored(part) for part in parts)
    return np.asarray(np.sort(np.argsort(-np.asarray(often), kind="stable")[:most]))


def _stored(part: Dataset) -> NDArray[np.int64]:
    """Return how many examples have a value of each feature of CSR matrices."""
    n_features = part.n_features
    matrices = part.X.map(lambda X, _rows: X) if part.block_lengths else [part.X]
    return np.sum([np.bincount(X.indices, minlength=n_features) for X in matrices], axis=0)  # type: ignore[no-any-return]


def blocks(n: int, size: int = 4096) -> Iterator[slice]:
    """Yield slices that together are all the rows."""
    yield from (slice(begin, begin + size) for begin in range(0, n, size))


def standardised(X: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return columns with mean 0 and variance 1; constant ones become 0."""
    centred = X - X.mean(axis=0, dtype=np.float64).astype(X.dtype)
    deviation = centred.std(axis=0, dtype=np.float64)
    # What is left of a constant after rounding is no variation.
    is_constant = deviation <= 1e-6 * np.abs(X).max(axis=0)
    return np.where(is_constant, 0, centred / np.where(is_constant, 1, deviation)).astype(
        np.float32
    )
