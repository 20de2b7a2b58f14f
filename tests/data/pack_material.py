"""Sources that packing is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks import ArrayBlocks, Block, PackedBlocks

KINDS = ("uint8", "float16", "float32", "float64", "sparse", "strings", "bools", "matrix")


def material(kind: str, n: int = 1000, d: int = 7, seed: int = 0) -> tuple[Any, NDArray[Any]]:
    """Return rows that all differ, sorted by class, as files are that shuffling is for."""
    draw = np.random.default_rng(seed)
    y: Any = np.sort(draw.integers(0, 5, n)) * 3 - 4
    X: Any = draw.normal(size=(n, d)) * 50 + 100
    X = X.astype(kind if kind in ("float16", "float32", "float64") else np.float32)
    if kind == "uint8":
        X = draw.integers(0, 256, (n, d), dtype=np.uint8)
    if kind == "sparse":
        X[:, 1:] = np.where(X[:, 1:] > 120, X[:, 1:], 0)
        X = sparse.csr_array(X)
    if kind == "strings":
        y = np.array([f"class {label}" for label in y])
    if kind == "bools":
        y = y > 0
    if kind == "matrix":
        y = draw.integers(0, 2, (n, 4)).astype(np.uint8)
    return X, y


def source(kind: str, n: int = 1000, length: int | Sequence[int] = 90) -> ArrayBlocks:
    """Return them as blocks."""
    return ArrayBlocks(*material(kind, n), length)


def whole(packed: PackedBlocks) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return all that is packed, dense."""
    blocks = [packed.read_block(i) for i in range(len(packed.block_lengths))]
    X = [b.X.toarray() if sparse.issparse(b.X) else b.X for b in blocks]
    return np.concatenate(X), np.concatenate([b.y for b in blocks if b.y is not None])


def bits(folder: Path) -> dict[str, bytes]:
    """Return the content of each file of a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@dataclass
class Generated:
    """Blocks that are made when they are read, so that no more than one is in memory.

    Attributes
    ----------
    reads : int
        How many blocks were read.
    """

    n_blocks: int
    length: int
    n_features: int = 100
    reads: int = 0

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float32)

    @property
    def block_lengths(self) -> tuple[int, ...]:
        return (self.length,) * self.n_blocks

    def read_block(self, i: int) -> Block:
        self.reads += 1
        draw = np.random.Generator(np.random.SFC64(i))
        X = draw.random((self.length, self.n_features), np.float32)
        return Block(X, draw.integers(0, 10, self.length))
