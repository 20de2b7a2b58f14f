"""Blocks that lie on the workers of a cluster."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from onelayer.data import Dataset
from onelayer.data.blocks import ArrayBlocks, BlockMatrix, BlockSource
from onelayer.engines.cluster.tasks import same
from onelayer.engines.cluster.work import Cluster
from onelayer.errors import OnelayerError

if TYPE_CHECKING:
    from distributed import Future

Result = TypeVar("Result")

_TIMES_A_BLOCK = 3
"""So many blocks a worker must be able to hold: its own, the next one, and what it computes."""


class ClusterMatrix(BlockMatrix):
    """A matrix whose blocks workers have read, and hold.

    Rows that are asked for travel to the client; `map` lets the work travel to the blocks.

    Parameters
    ----------
    X : BlockMatrix
    cluster : Cluster

    Raises
    ------
    OnelayerError
        If a block is too large for a worker.
    """

    def __init__(self, X: BlockMatrix, cluster: Cluster) -> None:
        self.__dict__ |= X.__dict__
        self._held = OrderedDict()
        self.cluster = cluster
        _check_memory(X.block_bytes, cluster)
        self._futures = _placed(X.source, cluster, len(X.lengths))

    def future(self, i: int) -> Future[Any]:
        """Return block i where it lies, with all of its features."""
        return self._futures[i]

    def map(self, function: Callable[[Any, slice], Result]) -> Iterator[Result]:
        """Yield what a function makes of each block and the numbers of its rows, in order."""
        pending: deque[Future[Any]] = deque()
        features = None if self.shape[1] == self.source.n_features else (self._begin, self._end)
        for i in range(len(self.lengths)):
            pending.append(
                self.cluster.submit(
                    "look", _on_block, function, self._futures[i], features, self.rows_of(i)
                )
            )
            if len(pending) > 2 * self.cluster.threads:
                yield self.cluster.results([pending.popleft()])[0]
        while pending:
            yield self.cluster.results([pending.popleft()])[0]

    def _read(self, i: int) -> Any:
        return self.cluster.results([self._futures[i]])[0]


def _check_memory(largest: int, cluster: Cluster) -> None:
    memory = cluster.least_memory
    if memory is not None and _TIMES_A_BLOCK * largest > memory:
        raise OnelayerError(
            f"A block has {largest / 1e6:,.0f} MB, and a worker of the cluster may hold "
            f"{memory / 1e6:,.0f} MB: it needs {_TIMES_A_BLOCK} times a block. Give workers more "
            "memory, or make smaller blocks: onelayer data pack --block-length."
        )


def _on_block(
    function: Callable[[Any, slice], Result], X: Any, features: tuple[int, int] | None, rows: slice
) -> Result:
    return function(X if features is None else X[:, features[0] : features[1]], rows)


def _placed(source: BlockSource, cluster: Cluster, count: int) -> list[Future[Any]]:
    """Return the blocks of a source: read by workers, or handed to them from this memory."""
    if hasattr(source, "on_cluster"):  # they lie there already
        futures: list[Future[Any]] = source.on_cluster(cluster.client)
        return futures
    if isinstance(source, ArrayBlocks):
        return [cluster.submit("take", same, source.read_block(i).X) for i in range(count)]
    shared = cluster.submit("open", same, source)
    return [cluster.submit("read", _read, shared, i) for i in range(count)]


def _read(source: BlockSource, i: int) -> Any:
    return source.read_block(i).X


def on_cluster(data: Dataset, cluster: Cluster) -> Dataset:
    """Return a data set in blocks with its features on a cluster, where all work on them is done.

    Whatever is trained on it is trained there. Data that lies there already stays as it is.
    """
    X = data.X
    if isinstance(X, ClusterMatrix):
        return data
    assert isinstance(X, BlockMatrix)
    return data.with_values(ClusterMatrix(X, cluster))
