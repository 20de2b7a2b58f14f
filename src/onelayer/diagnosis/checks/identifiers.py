"""OL204: a feature that names the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Curve, Exhibit, Lines, thinned
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
)  # fmt: skip
from onelayer.diagnosis.words import count

CHANCE = 1e-6
"""Values that are drawn at random keep so far apart in fewer than so many columns."""

SAMPLE = 2000
DISTINCT = 20
"""A sorted column with fewer values than this is a group, and says nothing of single rows."""


@dataclass(frozen=True)
class Identifiers(Measurement):
    """The features that name the rows.

    Attributes
    ----------
    n_features : int
    identifiers : tuple of int
        Numbers of the features, counted from 0, that have another value in every training example,
        at distances as even as those of a count.
    sorted : tuple of int
        Those that only rise or only fall with the row's number, and have at least 20 values.
    shown : int or None
        The first of them, of which `curve` has the values in rising order.
    curve : Curve or None
    """

    code: ClassVar[str] = "OL204"
    check: ClassVar[str] = "identifiers"
    title: ClassVar[str] = "An identifier among the features"

    n_features: int
    identifiers: tuple[int, ...]
    sorted: tuple[int, ...]
    shown: int | None = None
    curve: Curve | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the values of the first such feature, in rising order."""
        if self.curve is None:
            return ()
        caption = f"Values of feature {self.shown} over all training examples, in rising order"
        caption += ": they keep apart as numbers of rows do" if self.identifiers else ""
        lines = ((f"feature {self.shown}", self.curve),)
        title = "A feature that goes with the row"
        return (Lines(title, f"{caption}.", "place in that order", "value", lines),)


def look(context: Context) -> list[Finding]:
    """Report the identifiers of each data set."""
    return [_finding(data) for data in shared_data(context)]


def _finding(data: SharedData) -> Finding:
    train = data.train
    n = train.n_examples
    if n < 2 * DISTINCT:
        statement = f"{data.who[0].upper()}{data.who[1:]} has {count(n, 'training example')}"
        return CHECK.cant_tell(
            data.names, f"{statement}: too few to tell a count of rows from a measurement."
        )
    counts, rising = identifiers(train), in_order(train)
    first = next(iter([*counts.tolist(), *rising.tolist()]), None)
    measurement = Identifiers(
        train.n_features, tuple(counts.tolist()), tuple(rising.tolist()), first,
        None if first is None else _in_rising_order(train, first),
    )  # fmt: skip
    if len(counts):
        statement = (
            f"{data.features(counts)} of {data.who} "
            f"{'has' if len(counts) == 1 else 'have'} another value in each of {n:,} training "
            "examples, and these keep apart as the numbers of rows do and measured values do not."
        )
        both = np.intersect1d(counts, rising)
        if len(both):
            statement += f" {data.features(both)} goes with the row's number without exception."
        statement += " An identifier says nothing of examples that are yet to come."
        return CHECK.found(
            data.names, _capital(statement), measurement, advice="Leave it out of the features."
        )
    if len(rising):
        statement = (
            f"The training examples of {data.who} are sorted by {data.features(rising)}: it only "
            "rises or only falls with the row's number. It may stand for the time or the order in "
            "which the examples were collected."
        )
        return CHECK.found(
            data.names, statement, measurement, severity=Severity.INFO,
            advice="See that the feature means something for new examples, and shuffle the rows.",
        )  # fmt: skip
    statement = f"None of the {train.n_features:,} features of {data.who} names the rows."
    return CHECK.clear(data.names, statement, measurement)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def identifiers(train: Dataset) -> Rows:
    """Return the columns whose values are all different, and farther apart than by chance."""
    columns = _with_distinct_values(train)
    if not len(columns):
        return columns
    rows = drawn(train.n_examples, rows_within(train, SAMPLE), seed=2)
    keeps_apart = chance_of_gaps(dense(train, rows, columns)) * train.n_features < CHANCE
    columns = columns[keeps_apart]
    values = _columns(train, columns)
    different = [len(np.unique(values[:, i])) == len(values) for i in range(len(columns))]
    return np.asarray(columns[np.array(different, bool)])


def chance_of_gaps(values: NDArray) -> NDArray[np.float64]:  # type: ignore[type-arg]
    """Return how likely the least gap of each column is to be so large for uniform draws.

    Of n of them over a range R the least gap exceeds g with a probability of about
    exp(-n² g / R) (Pyke, 1965); for draws that cluster it is smaller still.
    """
    ordered = np.sort(values.astype(np.float64), axis=0)
    n = len(ordered)
    width = np.maximum(ordered[-1] - ordered[0], np.finfo(float).tiny)
    return np.asarray(np.exp(-(n**2) * np.diff(ordered, axis=0).min(axis=0) / width))


def in_order(train: Dataset) -> Rows:
    """Return the columns that only rise or only fall with the row's number."""
    rows = drawn(train.n_examples, rows_within(train, 200), seed=3)
    columns = _mostly_stored(train)
    columns = columns[_monotone(dense(train, rows, columns))]
    return columns[_monotone(_columns(train, columns))] if len(columns) else columns


def _in_rising_order(train: Dataset, column: int) -> Curve:
    values = np.sort(_columns(train, np.array([column]))[:, 0].astype(np.float64))
    return thinned(np.arange(len(values)), values)


def _monotone(values: NDArray) -> Rows:  # type: ignore[type-arg]
    steps = np.sign(np.diff(values.astype(np.float64), axis=0))
    one_way = (steps >= 0).all(axis=0) | (steps <= 0).all(axis=0)
    return np.asarray(np.flatnonzero(one_way & (np.abs(steps).sum(axis=0) >= DISTINCT - 1)))


def _with_distinct_values(train: Dataset) -> Rows:
    """Return the columns that have no value twice in a small sample."""
    rows = drawn(train.n_examples, rows_within(train, 300), seed=2)
    columns = _mostly_stored(train)
    ordered = np.sort(dense(train, rows, columns), axis=0)
    different = (np.diff(ordered.astype(np.float64), axis=0) > 0).all(axis=0)
    return np.asarray(columns[different])


def _mostly_stored(train: Dataset) -> Rows:
    """Return the columns that may have another value in every row: of CSR, few zeros."""
    if isinstance(train.X, np.ndarray):
        return np.arange(train.n_features)
    stored = np.bincount(train.X.indices, minlength=train.n_features)
    return np.flatnonzero(stored >= train.n_examples - 1)


def _columns(train: Dataset, columns: Rows) -> NDArray:  # type: ignore[type-arg]
    parts = [dense(train, block, columns) for block in blocks(train.n_examples)]
    return np.asarray(np.concatenate(parts))


CHECK = Check(
    Identifiers,
    look,
    "The least gap between the values of a column, against that of as many uniform draws (Pyke, "
    "1965); and whether a column only rises or only falls with the row's number.",
    (
        "numbers drawn from a range far larger than the square of their count look like "
        "measurements",
    ),
    takes_blocks=False,
)
