"""OL206: validation examples that training has seen, exactly or nearly."""

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
from onelayer.diagnosis.statistics import difference_interval
from onelayer.diagnosis.subjects.examples import (
    Rows,
    SharedData,
    blocks,
    dense,
    drawn,
    scaled,
    shared_data,
)  # fmt: skip
from onelayer.diagnosis.words import count, percent
from onelayer.engines import one_blas_thread
from onelayer.study import RunOutcome
from onelayer.words import listed

MATTERS = 0.01
"""A smaller share of known examples moves an accuracy by less than a percentage point."""

CONFIDENCE = 0.999
QUERIES = 500
POOL = 20_000
DIRECTIONS = 16
NEAR = 0.25
"""A neighbour is a near duplicate where the next one is four times as far (after Lowe, 2004)."""

SAID = 5


@dataclass(frozen=True)
class PairedAccuracy:
    """A run's accuracy on the validation examples that training has too, and on the rest."""

    run: str
    accuracy: float
    on_shared: float
    on_rest: float | None


@dataclass(frozen=True)
class SharedExamples(Measurement):
    """How many validation examples are in training as well.

    Rows with hardly a value that differs from their first do not count.

    Attributes
    ----------
    validation, train : int
        How many examples were compared exactly.
    shared : int
        Validation examples that are equal to a training example.
    rows : tuple of (int, int)
        Of the first few: the row in validation, and the one in training; counted from 0.
    repeated : float
        The share of training examples that are equal to another one of training.
    excess_interval : (float, float)
        Of 99.9%, for the share of validation examples that are shared less the share of training
        examples that are repeated: 0 were the parts drawn at random.
    near : int
        Of those examined by distance, validation examples with a near duplicate in training that is
        not equal.
    examined : int
    near_rows : tuple of (int, int)
    near_within : int
        Near duplicates in training of `examined_within` training examples.
    examined_within : int
    accuracies : tuple of PairedAccuracy
        Of each run, on the equal ones and the rest; empty where there are none.
    """

    code: ClassVar[str] = "OL206"
    check: ClassVar[str] = "shared-examples"
    title: ClassVar[str] = "Validation examples that are in training"

    validation: int
    train: int
    shared: int
    rows: tuple[tuple[int, int], ...]
    repeated: float
    excess_interval: tuple[float, float]
    near: int
    examined: int
    near_rows: tuple[tuple[int, int], ...]
    near_within: int
    examined_within: int
    accuracies: tuple[PairedAccuracy, ...] = ()

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return how often either part repeats training."""
        equal, near = "equal to a training example", "nearly equal to one"
        rows = (
            (equal, "validation", 100 * self.shared / self.validation),
            (equal, "training, to another", 100 * self.repeated),
            (near, "validation", 100 * self.near / max(self.examined, 1)),
            (near, "training, to another", 100 * self.near_within / max(self.examined_within, 1)),
        )
        caption = (
            f"Near ones were sought of {count(self.examined, 'validation example')}. Parts that "
            "are drawn at random repeat training alike."
        )
        return (Bars("Examples that training has", caption, "of the examples (%)", rows),)


def look(context: Context) -> list[Finding]:
    """Compare the parts of each data set."""
    with one_blas_thread():
        return [_finding(context, data) for data in shared_data(context)]


def _finding(context: Context, data: SharedData) -> Finding:
    pairs, repeated = equal_rows(data.train, data.validation)
    near = _Near.of(data, {int(v) for v, _ in pairs})
    n, m, shared = data.train.n_examples, data.validation.n_examples, len(pairs)
    excess = difference_interval(shared / m, m, repeated, n, CONFIDENCE)
    measurement = SharedExamples(
        m, n, shared, tuple((int(v), int(t)) for v, t in pairs[:SAID]), repeated, excess,
        len(near.pairs), near.examined, tuple(near.pairs[:SAID]), near.within,
        near.examined_within, _accuracies(context, data, pairs[:, 0]),
    )  # fmt: skip
    parts = f"the {m:,} validation examples of {data.who}"
    said = []
    if shared:
        said.append(_equal_words(measurement, parts, data.runs[0].called))
    near_low = 0.0
    if near.pairs:
        share, within = len(near.pairs) / near.examined, near.within / max(near.examined_within, 1)
        near_low, _ = difference_interval(
            share, near.examined, within, max(near.examined_within, 1), CONFIDENCE
        )
        said.append(
            f"Of {near.examined:,} that were examined by distance {len(near.pairs):,} have a near "
            f"duplicate in training ({_row_words(near.pairs)}), as {near.within:,} of "
            f"{near.examined_within:,} training examples have."
        )
    if not said:
        statement = (
            f"None of {parts} is equal to one of the {n:,} training examples, and none of "
            f"{near.examined:,} that were examined has a near duplicate there."
        )
        return CHECK.clear(data.names, statement, measurement)
    # Images are never equal by chance; rows of tables are, and then training repeats as often.
    leaks = shared / m >= MATTERS and (data.is_image or excess[0] > 0)
    nearly = len(near.pairs) / max(near.examined, 1) >= MATTERS and near_low > 0
    if leaks or nearly:
        advice = (
            "Remove duplicates before the data is split, and keep what belongs together in one "
            "part."
        )
        return CHECK.found(data.names, " ".join(said), measurement, advice=advice)
    if not (data.is_image and shared) and excess[0] <= 0 and near_low <= 0:
        said.append("Training examples repeat one another as often: a random split explains it.")
        return CHECK.clear(data.names, " ".join(said), measurement)
    said.append(
        f"That is less than {percent(MATTERS, 0)} of the examples, and moves an accuracy by less."
    )
    return CHECK.found(data.names, " ".join(said), measurement, severity=Severity.INFO)


def _equal_words(m: SharedExamples, parts: str, called: str) -> str:
    words = (
        f"Of {parts} {m.shared:,} ({percent(m.shared / m.validation, 1)}) "
        f"{'is' if m.shared == 1 else 'are'} equal to a training example ({_row_words(m.rows)}); "
        f"of the training examples {percent(m.repeated, 1)} repeat another."
    )
    a = m.accuracies[0]
    rest = "" if a.on_rest is None else f", on the rest {percent(a.on_rest)}"
    return f"{words} The accuracy of {called} on them is {percent(a.on_shared)}{rest}."


def _row_words(pairs: tuple[tuple[int, int], ...] | list[tuple[int, int]]) -> str:
    return listed([f"row {v} is row {t} of training" for v, t in pairs[:3]])


def _accuracies(context: Context, data: SharedData, rows: Rows) -> tuple[PairedAccuracy, ...]:
    if not len(rows):
        return ()

    def paired(run: RunOutcome) -> PairedAccuracy:
        correct = context.correct(run)
        if correct.ndim > 1:  # of an example with several labels, all are to be right
            correct = np.asarray(correct.all(axis=1))
        is_shared = np.zeros(len(correct), bool)
        is_shared[rows] = True
        rest = None if is_shared.all() else float(correct[~is_shared].mean())
        return PairedAccuracy(run.name, float(correct.mean()), float(correct[rows].mean()), rest)

    return tuple(paired(run) for run in data.runs)


def equal_rows(train: Dataset, validation: Dataset) -> tuple[Rows, float]:
    """Return pairs (row of validation, row of training) that are equal, (n, 2), and a share.

    The share of training examples that are equal to another one of training. Found by a hash of
    64 bits; pairs are then compared.
    """
    packed = all(
        isinstance(part.X, np.ndarray) and part.X.dtype == np.uint8 for part in (train, validation)
    )
    hashes, told = _hashes(train, packed=packed)
    wanted, wanted_told = _hashes(validation, packed=packed)
    distinct, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    place = np.minimum(np.searchsorted(distinct, wanted), len(distinct) - 1)
    rows = np.flatnonzero((distinct[place] == wanted) & wanted_told)
    pairs = np.stack([rows, first[place[rows]]], axis=1).astype(np.int64)
    equal = [
        bool(np.array_equal(dense(validation, slice(v, v + 1)), dense(train, slice(t, t + 1))))
        for v, t in pairs[:1000].tolist()
    ]
    pairs = np.concatenate([pairs[:1000][np.array(equal, bool)], pairs[1000:]])
    is_repeated = counts[np.searchsorted(distinct, hashes)] > 1
    return pairs, float(np.mean(is_repeated & told))


def _hashes(data: Dataset, *, packed: bool) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return a hash of each row, and whether the row has values that tell it from others."""
    d = data.n_features
    factors = np.random.default_rng(16).integers(0, 2**63, d, dtype=np.uint64) * 2 + 1  # odd
    least = min(3, d // 20)
    if not isinstance(data.X, np.ndarray):
        terms = _mixed(data.X.data.astype(np.float64) + 0.0) * factors[data.X.indices]
        total = np.concatenate([[np.uint64(0)], np.cumsum(terms, dtype=np.uint64)])
        hashes = total[data.X.indptr[1:]] - total[data.X.indptr[:-1]]
        return hashes, np.diff(data.X.indptr) > least
    hashes = np.empty(data.n_examples, np.uint64)
    told = np.empty(data.n_examples, bool)
    for block in blocks(data.n_examples, 2048):
        X = np.asarray(data.X[block])
        told[block] = np.count_nonzero(X[:, :1] != X, axis=1) > least
        if packed:
            # Eight pixels at once; what is left of a row is filled with zeros.
            eights = np.pad(X, ((0, 0), (0, -d % 8))).view(np.uint64)
            hashes[block] = _mixed_bits(eights) @ factors[: eights.shape[1]]
        else:
            hashes[block] = _mixed(X.astype(np.float64) + 0.0) @ factors
    return hashes, told


def _mixed(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return the bits of numbers, of which 0 remains 0; −0 was made 0 before."""
    return _mixed_bits(values.view(np.uint64))


def _mixed_bits(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return them with the high bits, which floats differ in, carried to the low ones."""
    return np.asarray(bits ^ (bits >> np.uint64(29)))


@dataclass(frozen=True, eq=False)
class _Near:
    """Near duplicates in training, of validation examples and of training examples."""

    pairs: list[tuple[int, int]]
    examined: int
    within: int
    examined_within: int

    @classmethod
    def of(cls, data: SharedData, equal: set[int]) -> _Near:
        train, validation = data.train, data.validation
        pool = drawn(train.n_examples, POOL, seed=17)
        if len(pool) < 3:
            return cls([], 0, 0, 0)
        rows = drawn(validation.n_examples, QUERIES, seed=18)
        rows = rows[[row not in equal for row in rows.tolist()]]
        own = drawn(len(pool), QUERIES, seed=19)
        project = _Projection(data)
        space = project(train, pool)
        pairs, examined = _near(
            data, validation, rows, project(validation, rows), pool, space, None
        )
        within, of = _near(data, train, pool[own], space[own], pool, space, own)
        return cls(pairs, examined, len(within), of)


class _Projection:
    """Random directions, from raw values; the offset of the scaling cancels in differences."""

    def __init__(self, data: SharedData) -> None:
        scale, _ = data.train.scaling.per_feature(data.train.n_features)
        shape = data.train.n_features, DIRECTIONS
        directions = np.random.default_rng(20).standard_normal(shape)
        # What a value may be at most becomes 1, so that no square of a distance overflows.
        largest = max(float(np.abs(dense(data.train, slice(0, 100))).max()), 1e-30)
        unit = scale[:, None] / np.abs(scale).max() / largest
        self.directions = (directions * unit).astype(np.float32)

    def __call__(self, data: Dataset, rows: Rows) -> NDArray[np.float32]:
        """Return the projections of some examples, (n, directions)."""
        parts = [
            np.asarray(data.X[rows[block]].astype(np.float32) @ self.directions)
            for block in blocks(len(rows))
        ]
        return np.concatenate(parts) if parts else np.empty((0, DIRECTIONS), np.float32)


def _near(
    data: SharedData,
    queried: Dataset,
    rows: Rows,
    queries: NDArray[np.float32],
    pool: Rows,
    space: NDArray[np.float32],
    own: Rows | None,
) -> tuple[list[tuple[int, int]], int]:
    """Return the pairs of a row and a training row that are near, and of how many examples.

    Examples that are equal to a training example are no part of this.

    The neighbours are sought among the projections, and near ones compared by all features.
    """
    if not len(rows):
        return [], 0
    first, second, ratio = _two_nearest(queries, space, own)
    maybe = np.flatnonzero(ratio < 2 * NEAR)
    pairs, equal = [], 0
    for i in maybe.tolist():
        x = scaled(data.train, queried, rows[i : i + 1])
        y, z = (scaled(data.train, data.train, pool[place[i : i + 1]]) for place in (first, second))
        near, far = (float(np.linalg.norm(x.astype(np.float64) - other)) for other in (y, z))
        equal += near == 0
        if 0 < near < NEAR * far:
            pairs.append((int(rows[i]), int(pool[first[i]])))
    return pairs, len(rows) - equal


def _two_nearest(
    queries: NDArray[np.float32], space: NDArray[np.float32], own: Rows | None
) -> tuple[Rows, Rows, NDArray[np.float32]]:
    """Return the nearest and the second nearest point of each query, and how near, as a ratio.

    A query's `own` point does not count.
    """
    centre = space.mean(axis=0)
    A, B = queries - centre, space - centre
    lengths = np.square(B).sum(axis=1)
    first, second = np.empty(len(A), np.int64), np.empty(len(A), np.int64)
    for block in blocks(len(A), 32):  # what is compared fits the cache
        squares = lengths - 2 * (A[block] @ B.T)  # (queries, points), less |a|²
        row = np.arange(len(squares))
        if own is not None:
            squares[row, own[block]] = np.inf
        first[block] = squares.argmin(axis=1)
        squares[row, first[block]] = np.inf
        second[block] = squares.argmin(axis=1)
    near, far = (np.linalg.norm(A - B[place], axis=1) for place in (first, second))
    return first, second, np.divide(near, far, out=np.zeros_like(near), where=far > 0)


CHECK = Check(
    SharedExamples,
    look,
    "Equal rows by a hash of 64 bits, compared; near ones among random projections of a sample, "
    "where the nearest training row is less than a quarter as far as the next, compared with how "
    "often training rows have such a neighbour.",
    ("were the parts drawn at random, validation examples would have duplicates in training as "
     "often as training examples do",),
    covers="99.9%, for the share of validation examples that are in training less that of training "
        "examples that repeat, over all examples like these",
    takes_blocks=False,
)  # fmt: skip
