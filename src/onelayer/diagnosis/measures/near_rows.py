"""Rows that have a near duplicate in training, by random projections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.subjects.examples import Rows, SharedData, blocks, dense, drawn, scaled

QUERIES = 500
POOL = 20_000
DIRECTIONS = 16
NEAR = 0.25
"""A neighbour is a near duplicate where the next one is four times as far (after Lowe, 2004)."""


@dataclass(frozen=True, eq=False)
class NearRows:
    """Near duplicates in training, of validation examples and of training examples."""

    pairs: list[tuple[int, int]]
    examined: int
    within: int
    examined_within: int

    @classmethod
    def of(cls, data: SharedData, equal: set[int]) -> NearRows:
        """Look for them; validation rows that are equal to a training row are left out."""
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
