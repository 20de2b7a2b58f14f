"""Blocks that workers of a cluster have read, and hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from onelayer.data import Dataset
from onelayer.data.blocks import ArrayBlocks, Block, BlockMatrix, BlockSource
from onelayer.data.blocks.look import Look, Promised, look_at
from onelayer.data.blocks.room import dense_block_bytes
from onelayer.engines.cluster.matrix import ClusterMatrix, check_memory
from onelayer.engines.cluster.tasks import same
from onelayer.engines.cluster.work import Cluster

if TYPE_CHECKING:
    from distributed import Future


Result = TypeVar("Result")


class ClusterSource:
    """The blocks of a source where they lie: read by workers, once, and kept in their memory.

    Labels come here, features do not.

    Parameters
    ----------
    source : BlockSource
        It is read by workers; arrays are handed to them; chunks of Dask that lie there are used
        where they lie.
    cluster : Cluster

    Attributes
    ----------
    matrix : ClusterMatrix
        The features.

    Raises
    ------
    InputError
        If a block cannot be read, or the source cannot be handed to workers.
    OnelayerError
        If a block is too large for a worker.
    """

    def __init__(self, source: BlockSource, cluster: Cluster) -> None:
        self.source, self.cluster = source, cluster
        self.n_features, self.dtype = source.n_features, source.dtype
        self.block_lengths = tuple(source.block_lengths)
        if (size := dense_block_bytes(source)) is not None:  # known without reading
            check_memory(size, cluster)
        self._blocks = _placed(source, cluster)
        values = [cluster.submit("values", _values, block) for block in self._blocks]
        self.matrix = ClusterMatrix(self, cluster, values)

    def __getattr__(self, name: str) -> Any:
        """Return what else is known of the source, such as the names of its features."""
        if name.startswith("_") or name in ("on_cluster", "source"):
            raise AttributeError(name)
        return getattr(self.source, name)

    def read_block(self, i: int) -> Block:
        """Return the features of block i: they come here."""
        return Block(self.matrix.block(i), None)

    def looks(self) -> Iterator[Look]:
        """Look at each block where it lies; see `onelayer.data.blocks.dataset.scan`."""
        calls = [(look_at, Promised.by(self, i), block) for i, block in enumerate(self._blocks)]
        yield from self.cluster.map("look", calls)
        self.forget_labels()

    def forget_labels(self) -> None:
        """Let workers keep the features alone."""
        self._blocks = []


def _placed(source: BlockSource, cluster: Cluster) -> list[Future[Any]]:
    """Return the blocks of a source on the workers."""
    if hasattr(source, "on_cluster"):  # what it is made of may lie there already
        futures: list[Future[Any]] = source.on_cluster(cluster.client)
        return futures
    count = len(source.block_lengths)
    if isinstance(source, ArrayBlocks):
        return [cluster.submit("take", same, source.read_block(i)) for i in range(count)]
    shared = cluster.submit("open", same, source)
    return [cluster.submit("read", _read, shared, i) for i in range(count)]


def map_blocks(
    source: BlockSource, cluster: Cluster, function: Callable[[Any], Result]
) -> Iterator[Result]:
    """Yield what a function makes of the features of each block, in order; none is kept."""
    shared, called = (cluster.submit("open", same, value) for value in (source, function))
    count = len(source.block_lengths)
    return cluster.map("predict", ((_read_and_call, shared, i, called) for i in range(count)))


def _read_and_call(source: BlockSource, i: int, function: Callable[[Any], Result]) -> Result:
    return function(source.read_block(i).X)


def _read(source: BlockSource, i: int) -> Block:
    return source.read_block(i)


def _values(block: Block) -> Any:
    return block.X


def on_cluster(data: Dataset, cluster: Cluster) -> Dataset:
    """Return a data set in blocks with its features on a cluster, where all work on them is done.

    Whatever is trained on it is trained there. Data that lies there already stays as it is.
    """
    X = data.X
    if isinstance(X, ClusterMatrix):
        return data
    assert isinstance(X, BlockMatrix)
    there = ClusterSource(X.source, cluster)
    there.forget_labels()
    begin, end = X.features
    return data.with_values(there.matrix.columns(begin, end))
