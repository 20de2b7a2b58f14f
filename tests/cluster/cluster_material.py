"""Clusters of worker processes on this machine, and data for them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.blocks import ArrayBlocks, Block, BlockSource
from onelayer.training import TrainResult

CLASSES, FEATURES = 4, 12


@contextmanager
def local_cluster(workers: int, **how: Any) -> Iterator[tuple[Any, Any]]:
    """Yield a cluster of worker processes with one thread each, and a client of it."""
    import dask
    import distributed

    # On a loaded machine a worker that was killed takes longer to start anew than Dask waits.
    patient = dask.config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"})
    local: Any = distributed.LocalCluster
    connect: Any = distributed.Client
    given = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "memory_limit": 0} | how
    with (
        patient,
        local(n_workers=workers, processes=True, **given) as cluster,
        connect(cluster) as client,
    ):
        yield cluster, client


def examples(n: int, seed: int = 0, features: int = FEATURES) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return examples of classes that overlap."""
    rng = np.random.default_rng(seed)
    y = rng.integers(CLASSES, size=n)
    centres = np.random.default_rng(99).normal(size=(CLASSES, features))
    return (centres[y] + rng.normal(size=(n, features))).astype(np.float32), y


def until(holds: Callable[[], bool], seconds: float = 180) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


class OnDisk:
    """A source that others can read too: plain values, copied as a file's are."""

    def __init__(self, X: Any, y: NDArray[Any], length: int) -> None:
        self._blocks = ArrayBlocks(X, y, length)
        self.n_features, self.dtype = self._blocks.n_features, self._blocks.dtype
        self.block_lengths = self._blocks.block_lengths

    def read_block(self, i: int) -> Block:
        block = self._blocks.read_block(i)
        assert block.y is not None
        return Block(block.X.copy(), block.y.copy())


def bits(results: Sequence[TrainResult]) -> str:
    """Return a hash of all that training gave: weights, losses, evaluations, final numbers."""
    sha = hashlib.sha256()
    for result in results:
        for array in (result.weights, result.bias, np.asarray(result.history.train_loss)):
            sha.update(np.ascontiguousarray(array).tobytes())
        sha.update(repr((result.history.evaluations, result.final, result.stop_reason)).encode())
    return sha.hexdigest()


def source(n: int = 400, length: int = 90, seed: int = 0) -> BlockSource:
    """Return a source of a few blocks, of which the last is shorter."""
    return OnDisk(*examples(n, seed), length)
