"""OL203: features that are equal, or linear functions of one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import MOST_ROWS, Exhibit, Span, Spans
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.subjects.examples import (
    Rows,
    SharedData,
    blocks,
    dense,
    drawn,
    rows_within,
    shared_data,
    standardised,
)  # fmt: skip
from onelayer.diagnosis.words import count, decimals
from onelayer.words import listed

CORRELATION = 0.9995
SUPPORT = 20
"""Columns that differ from their medians in fewer rows agree by chance too easily."""

REACH = 3.0
"""Standard deviations at which values are cut off: one outlier makes no correlation."""

MOST_COLUMNS = 1500
"""Up to so many columns all pairs are compared; of more, neighbours in a random projection."""

NEIGHBOURS = 8
MOST_PAIRS = 300
"""So many candidates are compared on all rows."""


@dataclass(frozen=True)
class Pair:
    """Two features, by their numbers counted from 0, and their correlation in training."""

    first: int
    second: int
    correlation: float


@dataclass(frozen=True)
class DuplicateFeatures(Measurement):
    """The pairs of features that are linear functions of each other.

    Attributes
    ----------
    n_features : int
    pairs : tuple of Pair
        Those whose correlation over all training examples exceeds the limit, closest first.
    limit : float
        The least correlation that counts, either sign.
    examples : int
        On how many training examples candidates were sought.
    """

    code: ClassVar[str] = "OL203"
    check: ClassVar[str] = "duplicate-features"
    title: ClassVar[str] = "Features that repeat one another"

    n_features: int
    pairs: tuple[Pair, ...]
    limit: float
    examples: int

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the correlations of the closest pairs."""
        rows = tuple(
            Span(f"features {p.first} and {p.second}", abs(p.correlation))
            for p in self.pairs[:MOST_ROWS]
        )
        if not rows:
            return ()
        caption = (
            f"The closest {len(rows)} of {count(len(self.pairs), 'pair')}; beyond {self.limit} "
            "two features say the same."
        )
        axis = "correlation over all training examples, without its sign"
        return (Spans("Features that repeat one another", caption, axis, rows, self.limit),)


def look(context: Context) -> list[Finding]:
    """Report the duplicate features of each data set."""
    return [_finding(data) for data in shared_data(context)]


def _finding(data: SharedData) -> Finding:
    train = data.train
    rows = drawn(train.n_examples, rows_within(train, 300), seed=1)
    pairs = verified(train, candidates(dense(train, rows).astype(np.float32)))
    measurement = DuplicateFeatures(train.n_features, tuple(pairs), CORRELATION, len(rows))
    of = f"of the {train.n_features:,} features of {data.who}"
    if not pairs:
        return CHECK.clear(
            data.names, f"No two {of} are copies or linear functions of each other.", measurement
        )
    shown = listed(
        [
            f"{data.feature(p.first)} and {data.feature(p.second)} "
            f"(r = {decimals(p.correlation, 5)})"
            for p in pairs[:3]
        ]
    )
    statement = (
        f"{count(len(pairs), 'pair')} {of} {'has' if len(pairs) == 1 else 'have'} a correlation "
        f"beyond ±{CORRELATION} over all {train.n_examples:,} training examples, such as {shown}. "
        "The weight of what they say in common is split between them, so neither weight can be "
        "read alone, and a step moves it twice as far."
    )
    if data.is_image:
        statement += " Neighbouring pixels near the border of an image often do that."
        return CHECK.found(data.names, statement, measurement, severity=Severity.INFO)
    advice = "Leave one of each pair out."
    return CHECK.found(data.names, statement, measurement, advice=advice)


def candidates(sample: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return pairs of columns that are nearly collinear in a sample."""
    columns = np.flatnonzero(_support(sample) >= 3)
    Z = _unit(sample[:, columns])
    # The sample's correlation errs; what is just below the limit may be above it over all rows.
    limit = 1 - 2 * (1 - CORRELATION)
    if len(columns) <= MOST_COLUMNS:
        first, second = np.nonzero(np.triu(np.abs(Z.T @ Z) > limit, 1))
    else:
        first, second = _neighbours(Z, limit)
    return list(zip(columns[first].tolist(), columns[second].tolist(), strict=True))


def _support(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return in how many rows each column has another value than its median."""
    return np.asarray(np.count_nonzero(values != np.median(values, axis=0), axis=0))


def _unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return columns of mean 0 and length 1, without what is beyond their reach."""
    Z = standardised(np.clip(standardised(values), -REACH, REACH))
    return Z / np.float32(np.sqrt(len(Z)))


def _neighbours(Z: NDArray[np.float32], limit: float) -> tuple[Rows, Rows]:
    """Return the collinear ones among columns that lie side by side in a random projection."""
    projection = np.abs(np.random.default_rng(0).standard_normal(len(Z), np.float32) @ Z)
    order = np.argsort(projection, kind="stable")
    pairs: list[tuple[int, int]] = []
    for step in range(1, NEIGHBOURS + 1):
        a, b = order[:-step], order[step:]
        close = np.abs(np.einsum("ij,ij->j", Z[:, a], Z[:, b])) > limit
        pairs += zip(np.minimum(a, b)[close], np.maximum(a, b)[close], strict=True)
    unique = np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)
    return unique[:, 0], unique[:, 1]


def verified(train: Dataset, pairs: list[tuple[int, int]]) -> list[Pair]:
    """Return the pairs that are collinear over all training examples, closest first."""
    if not pairs:
        return []
    chosen = np.array(pairs[:MOST_PAIRS], np.int64)
    columns, places = np.unique(chosen, return_inverse=True)
    values = np.concatenate(
        [dense(train, block, columns).astype(np.float32) for block in blocks(train.n_examples)]
    )
    Z = _unit(values)
    enough = _support(values) >= SUPPORT
    found = []
    for (a, b), (i, j) in zip(chosen.tolist(), places.reshape(-1, 2).tolist(), strict=True):
        r = float(np.dot(Z[:, i].astype(np.float64), Z[:, j]))
        if enough[i] and enough[j] and abs(r) > CORRELATION:
            found.append(Pair(a, b, float(np.clip(r, -1, 1))))
    return sorted(found, key=lambda pair: (-abs(pair.correlation), pair.first, pair.second))


CHECK = Check(
    DuplicateFeatures,
    look,
    "Pearson correlations of all pairs on a sample (of many features: neighbours in a random "
    "projection), and of the candidates on all training examples; values beyond three standard "
    "deviations are cut off there.",
    (f"a column with other values than its median in fewer than {SUPPORT} examples is left out",),
)
