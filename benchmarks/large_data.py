"""Embeddings in blocks that are made as they are read, and what trains on them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onelayer.data.blocks import Block
from onelayer.data.blocks.packs.packed import PackedBlocks
from onelayer.training import TrainConfig

BATCH = 256


@dataclass(frozen=True)
class Shape:
    """Of float16 data: features, classes, rows of a block, and blocks that peers are given."""

    features: int
    classes: int
    rows: int
    blocks: int

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.features:,} features, {self.classes} classes"


WIDE = Shape(6144, 100, 5000, 1)
SHAPES = (WIDE, Shape(784, 10, 20_000, 3), Shape(60, 2, 100_000, 5))
"""Of the first the matrix product bounds the rate, of the last one all that is beside it."""


class Embeddings:
    """Class centres and noise, made anew at each read: a pure function of the block's number."""

    def __init__(self, shape: Shape, blocks: int) -> None:
        self.shape, self.block_lengths = shape, (shape.rows,) * blocks
        self.n_features, self.dtype = shape.features, np.dtype(np.float16)
        rng = np.random.default_rng(0)
        size = shape.classes, shape.features
        self._centres = rng.standard_normal(size, np.float32) * 0.05
        self._noise = rng.standard_normal((2 * shape.rows, shape.features), np.float32)

    def read_block(self, i: int) -> Block:
        """Return block i."""
        rng = np.random.default_rng(i + 1)
        y = rng.integers(0, self.shape.classes, self.shape.rows)
        X = self._noise[rng.permutation(len(self._noise))[: self.shape.rows]]
        X *= np.where(rng.random(self.n_features) < 0.5, -1, 1).astype(np.float32)
        X += self._centres[y]
        return Block(X.astype(np.float16), y)


class First:
    """The first blocks of a folder, as a source."""

    def __init__(self, folder: Path, blocks: int) -> None:
        self._source = PackedBlocks(folder)
        self.n_features, self.dtype = self._source.n_features, self._source.dtype
        self.block_lengths = self._source.block_lengths[:blocks]
        self.read_block = self._source.read_block


def config(**how: object) -> TrainConfig:
    """Return one pass without evaluations."""
    shared = {"order": "blocks", "batch_size": BATCH, "max_epochs": 1, "learning_rate": 0.01}
    return TrainConfig.model_validate(shared | how)


def grid(count: int, **how: object) -> list[TrainConfig]:
    """Return so many models that share a pass."""
    return [config(learning_rate=float(r), **how) for r in np.logspace(-3, -1, count)]


def forget(folder: Path) -> None:
    """Let the system forget what it holds of some files, so that they are read from the disk."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
