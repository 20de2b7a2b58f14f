"""OL202: features that are constant in training, and those of them that vary in validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Bars, Exhibit
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.statistics import log_choose
from onelayer.diagnosis.subjects.examples import (
    Rows,
    SharedData,
    blocks,
    dense,
    drawn,
    rows_within,
    shared_data,
)  # fmt: skip
from onelayer.diagnosis.words import count, number, percent

CHANCE = 1e-4
"""A random split makes a feature vary in validation alone in fewer than so many studies."""


@dataclass(frozen=True)
class ConstantFeatures(Measurement):
    """The features that have one value in all training examples.

    Attributes
    ----------
    n_features : int
    constant : tuple of int
        Numbers of the features that are constant in training, counted from 0.
    varying : tuple of int
        Those of them that have another value in validation.
    differing : tuple of int
        In how many validation examples, for each of these.
    chance : float
        How likely a random split is to leave at least one feature so often to validation alone:
        a bound over all constant features; 1 where none varies.
    """

    code: ClassVar[str] = "OL202"
    check: ClassVar[str] = "constant-features"
    title: ClassVar[str] = "Features that are constant in training"

    n_features: int
    constant: tuple[int, ...]
    varying: tuple[int, ...]
    differing: tuple[int, ...]
    chance: float

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return how many features vary, and where."""
        alike = len(self.constant) - len(self.varying)
        rows = (
            ("vary in training", "", float(self.n_features - len(self.constant))),
            ("constant in both parts", "", float(alike)),
            ("constant in training alone", "", float(len(self.varying))),
        )
        caption = (
            f"Of {count(self.n_features, 'feature')} {len(self.constant):,} never vary in training"
        )
        if self.varying:
            most = max(self.differing)
            caption += f"; one of these has another value in {count(most, 'validation example')}"
        return (Bars("Features that vary", f"{caption}.", "features", rows),)


def look(context: Context) -> list[Finding]:
    """Report the constant features of each data set."""
    return [_finding(data) for data in shared_data(context)]


def _finding(data: SharedData) -> Finding:
    train, validation = data.train, data.validation
    constant, values = constant_features(train)
    differing = differing_rows(validation, constant, values)
    varies = differing > 0
    chance = min(1.0, len(constant) * chance_of_a_split(train, validation, differing))
    measurement = ConstantFeatures(
        train.n_features,
        tuple(constant.tolist()),
        tuple(constant[varies].tolist()),
        tuple(differing[varies].tolist()),
        chance,
    )
    of = f"of the {train.n_features:,} features of {data.who}"
    if not len(constant):
        return CHECK.clear(data.names, f"None {of} is constant in training.", measurement)
    statement = (
        f"{len(constant):,} {of} {'has' if len(constant) == 1 else 'have'} a single value in all "
        f"{train.n_examples:,} training examples ({data.features(constant)}): no model can learn "
        "anything from a feature that does not vary."
    )
    if not varies.any():
        statement += " They are constant in validation, too."
        if data.is_image:
            statement += " Pixels that are dark in every image are common and do no harm."
        return CHECK.found(data.names, statement, measurement, severity=Severity.INFO)
    most = int(differing.argmax())
    share = differing[most] / validation.n_examples
    statement += (
        f" In validation {count(int(varies.sum()), 'of them varies', 'of them vary')}: "
        f"{data.feature(constant[most])} most, in {count(int(differing[most]), 'example')} "
        f"({percent(share)})."
    )
    if chance > CHANCE:
        statement += " A random split can do that to values that are so rare."
        return CHECK.found(data.names, statement, measurement, severity=Severity.INFO)
    statement += (
        f" A random split would do that with a probability of at most {number(chance)}: the two "
        "parts were made differently."
    )
    advice = "Find out why the feature never varies in training, or leave it out."
    return CHECK.found(data.names, statement, measurement, advice=advice)


def constant_features(data: Dataset) -> tuple[Rows, NDArray[np.float64]]:
    """Return the numbers of the constant features, and the value of each."""
    if not isinstance(data.X, np.ndarray):
        first = dense(data, slice(0, 1))[0]
        numbers = np.flatnonzero(_sparse_differing(data, first) == 0)
        return numbers, first[numbers].astype(np.float64)
    sample = dense(data, drawn(data.n_examples, rows_within(data, 500)))
    candidates = np.flatnonzero((sample == sample[0]).all(axis=0))
    values = sample[0, candidates]
    is_constant = differing_rows(data, candidates, values) == 0
    return candidates[is_constant], values[is_constant].astype(np.float64)


def differing_rows(data: Dataset, columns: Rows, values: NDArray) -> NDArray[np.int64]:  # type: ignore[type-arg]
    """Return in how many examples each of some columns has another value than its own of these."""
    if not isinstance(data.X, np.ndarray):
        wanted = np.zeros(data.n_features)
        wanted[columns] = values
        return _sparse_differing(data, wanted)[columns]
    differing = np.zeros(len(columns), np.int64)
    if len(columns):
        for block in blocks(data.n_examples):
            differing += (np.take(data.X[block], columns, axis=1) != values).sum(axis=0)
    return differing


def _sparse_differing(data: Dataset, values: NDArray) -> NDArray[np.int64]:  # type: ignore[type-arg]
    """Return the same for all columns of a CSR matrix."""
    indices, stored = data.X.indices, data.X.data
    length = data.n_features
    nonzero = np.bincount(indices[stored != 0], minlength=length)
    equal = np.bincount(indices[stored == values[indices]], minlength=length)
    return np.where(values == 0, nonzero, data.n_examples - equal)


def chance_of_a_split(train: Dataset, validation: Dataset, differing: NDArray[np.int64]) -> float:
    """Return how likely all the rows with another value are to fall into validation by chance."""
    k = int(differing.max(initial=0))
    m, n = validation.n_examples, train.n_examples + validation.n_examples
    return min(float(np.exp(log_choose(m, k) - log_choose(n, k))), 1.0)


CHECK = Check(
    ConstantFeatures,
    look,
    "Every value of a feature is compared with its first; whether the split may have come about at "
    "random is counted as draws without replacement (hypergeometric), for all constant features.",
    takes_blocks=False,
)
