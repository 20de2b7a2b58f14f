"""Features that lie on the workers of a cluster, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from scipy import sparse

from onelayer.data import Rows
from onelayer.data.blocks import BlockMatrix, BlockSource
from onelayer.data.blocks.matrix import nbytes, parts_of
from onelayer.data.blocks.selection import by_block, rows_of_block
from onelayer.engines.blas import one_blas_thread
from onelayer.engines.blocked.part import joined_values
from onelayer.engines.cluster.tasks import same
from onelayer.engines.cluster.work import Cluster
from onelayer.errors import OnelayerError

if TYPE_CHECKING:
    from distributed import Future

Result = TypeVar("Result")

_TIMES_A_BLOCK = 3
"""So many blocks a worker must be able to hold: its own, the next one, and what it computes."""


class ClusterMatrix(BlockMatrix):
    """A matrix whose blocks workers hold: work travels to them, and they do not travel.

    Rows that are asked for by their numbers come here.

    Parameters
    ----------
    source : BlockSource
    cluster : Cluster
    values : sequence of Future
        The features of each block.

    Attributes
    ----------
    nbytes : int
        Of all blocks as they lie there, about.

    Raises
    ------
    OnelayerError
        If a block is too large for a worker.
    """

    def __init__(
        self, source: BlockSource, cluster: Cluster, values: Sequence[Future[Any]]
    ) -> None:
        self.cluster, self._values = cluster, list(values)
        self._rows: list[Rows | None] = [None] * len(values)
        super().__init__(source)

    def future(self, i: int) -> Future[Any]:
        """Return block i where it lies, with all of its features."""
        assert self._rows[i] is None
        return self._values[i]

    def select(self, rows: Rows) -> ClusterMatrix:
        """Return some rows, where they lie; see `onelayer.data.blocks.select_rows`."""
        places = by_block(self, rows)
        part = copy(self)
        part.lengths = tuple(len(own) for _, own in places)
        part._values = [self._values[i] for i, _ in places]
        part._rows = [own if (all_ := self._rows[i]) is None else all_[own] for i, own in places]
        part._begins = np.concatenate([[0], np.cumsum(part.lengths, dtype=np.int64)])
        return part

    def map(self, function: Callable[..., Result], *by_row: Any) -> Iterator[Result]:
        """Yield what a function makes of each block, in order; see `BlockMatrix.map`."""
        shared = self.cluster.submit("function", same, function)
        calls = []
        for i, values in enumerate(self._values):
            rows = self.rows_of(i)
            own = parts_of(by_row, rows)
            calls.append((_on_block, shared, values, self._rows[i], self._features, rows, *own))
        return self.cluster.map("look", calls)

    def together(self, function: Callable[[Any], Result], rows: Rows) -> Result:
        """Return what a function makes of some rows, on one worker."""
        part = self.select(rows)
        call = _on_all, function, part._values, part._rows, part._features
        found: Result = next(self.cluster.map("look", [call]))
        return found

    def __getitem__(self, rows: slice | Rows) -> Any:
        """Return some rows, in the order in which they are asked for: these come here."""
        wanted, places = np.unique(np.arange(len(self))[rows], return_inverse=True)
        parts = list(self.select(wanted).map(_own))
        return joined_values(parts)[places] if parts else self.no_rows()

    @property
    def _features(self) -> tuple[int, int] | None:
        whole = self._end - self._begin == self.source.n_features
        return None if whole else (self._begin, self._end)

    def _are_sparse(self) -> bool:
        """Look at the first block; refuse blocks that are too large for a worker."""
        form = self.cluster.submit("form", _form, self._values[0])
        sparse_ones, size = self.cluster.results([form])[0]
        of_a_row = size / self.lengths[0]
        check_memory(round(of_a_row * max(self.lengths)), self.cluster)
        self.nbytes = round(of_a_row * sum(self.lengths))
        return bool(sparse_ones)

    def _read(self, i: int) -> Any:
        return self.cluster.results(
            [self.cluster.submit("rows", _chosen, self._values[i], self._rows[i], None)]
        )[0]


def check_memory(largest: int, cluster: Cluster) -> None:
    """Refuse blocks of so many bytes, if a worker has too little memory for them.

    Raises
    ------
    OnelayerError
    """
    memory = cluster.least_memory
    if memory is not None and _TIMES_A_BLOCK * largest > memory:
        raise OnelayerError(
            f"A block has {largest / 1e6:,.0f} MB, and a worker of the cluster may hold "
            f"{memory / 1e6:,.0f} MB: it needs {_TIMES_A_BLOCK} times a block. Give workers more "
            "memory, or make smaller blocks: onelayer data pack --block-length."
        )


def _form(X: Any) -> tuple[bool, int]:
    return bool(sparse.issparse(X)), nbytes(X)


def _chosen(X: Any, rows: Rows | None, features: tuple[int, int] | None) -> Any:
    X = X if rows is None else rows_of_block(X, rows)
    return X if features is None else X[:, features[0] : features[1]]


def _on_block(
    function: Callable[..., Result],
    X: Any,
    rows: Rows | None,
    features: tuple[int, int] | None,
    numbers: slice,
    *by_row: Any,
) -> Result:
    with one_blas_thread():  # as where blocks are read here
        return function(_chosen(X, rows, features), numbers, *by_row)


def _on_all(
    function: Callable[[Any], Result],
    blocks: Sequence[Any],
    rows: Sequence[Rows | None],
    features: tuple[int, int] | None,
) -> Result:
    parts = [_chosen(X, own, features) for X, own in zip(blocks, rows, strict=True)]
    with one_blas_thread():
        return function(joined_values(parts))


def _own(X: Any, _numbers: slice) -> Any:
    return X
