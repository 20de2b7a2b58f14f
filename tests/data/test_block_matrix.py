"""Blocks as a matrix, and as a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from onelayer.data import Dataset, block_dataset, class_by_class, fit_scaling
from onelayer.data.blocks import ArrayBlocks, Block, BlockMatrix
from onelayer.data.blocks.packs.pack import pack
from onelayer.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 100)


class Counting(ArrayBlocks):
    """Remembers which blocks were read."""

    def __init__(self, *how: Any) -> None:
        super().__init__(*how)
        self.read: list[int] = []

    def read_block(self, i: int) -> Block:
        self.read.append(i)
        return super().read_block(i)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_rows_are_those_of_the_whole(kind: str) -> None:
    whole: Any = X if kind == "dense" else sparse.csr_array(np.where(X > 0.5, X, 0))
    matrix = BlockMatrix(ArrayBlocks(whole, None, [30, 1, 49, 20]))

    def same(rows: Any) -> None:
        own, other = matrix[rows], whole[rows]
        if kind == "sparse":
            own, other = own.toarray(), other.toarray()
        assert own.tobytes() == other.tobytes()

    assert matrix.shape == whole.shape
    assert matrix.is_sparse == (kind == "sparse")
    for rows in (slice(0, 30), slice(5, 9), slice(25, 85), slice(99, None), slice(7, 7)):
        same(rows)
    for numbers in ([3], [99, 0, 30, 31, 3, 3], RNG.permutation(100), np.zeros(0, int)):
        same(np.array(numbers, np.int64))
    part = matrix.columns(2, 5)
    assert part.shape == (100, 3)
    own = part[np.array([31, 2])]
    assert (own if kind == "dense" else own.toarray()).tobytes() == np.ascontiguousarray(
        (whole if kind == "dense" else whole.toarray())[[31, 2], 2:5]
    ).tobytes()


def test_no_more_blocks_are_read_than_needed() -> None:
    source = Counting(X, Y, 25)
    matrix = BlockMatrix(source)
    matrix[60:70]
    matrix[np.array([51, 99, 52])]
    assert sorted(source.read) == [2, 3]  # the first of them was held
    source.read.clear()
    held = BlockMatrix(source, memory=10 * X.nbytes)
    for _ in range(3):
        held[0:100]
    assert sorted(source.read) == [0, 1, 2, 3]


def test_data_set_is_that_of_the_arrays() -> None:
    whole = Dataset(X, Y, scaling=fit_scaling(X, "standard"))
    blocks = block_dataset(ArrayBlocks(X, Y, 30), scaling="standard")
    assert blocks.block_lengths == (30, 30, 30, 10)
    assert blocks.classes == whole.classes
    assert blocks.targets.tobytes() == whole.targets.tobytes()
    for own, other in zip(blocks.scaling.per_feature(6), whole.scaling.per_feature(6), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-12, atol=1e-12)


def test_scaling_takes_one_pass() -> None:
    source = Counting(X, Y, 25)
    block_dataset(source, scaling="minmax")
    assert source.read == [0, 1, 2, 3]


def test_where_a_source_does_not_say_it_is_looked_whether_values_are_sparse() -> None:
    class Silent:
        n_features, dtype, block_lengths = 6, X.dtype, (25,) * 4
        read_block = Counting(sparse.csr_array(X), Y, 25).read_block

    assert BlockMatrix(Silent()).is_sparse


class Wrong(ArrayBlocks):
    """Breaks its promise in block 2."""

    def __init__(self, block: Block) -> None:
        super().__init__(X, Y, 25)
        self.block = block

    def read_block(self, i: int) -> Block:
        return self.block if i == 2 else super().read_block(i)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Block(X[:24], Y[:24]), r"block 2: it is float32 of the shape \(24, 6\)"),
        (Block(X[:25].astype(np.float64), Y[:25]), "block 2: it is float64"),
        (Block(np.where(X[:25] > 2, np.nan, X[:25]), Y[:25]), r"block 2: X: example \d+, feature"),
        (Block(X[:25], None), "have no labels"),
        (Block(X[:25], Y[:24]), "25 examples and 24 labels"),
    ],
)
def test_blocks_that_break_their_promise_are_refused(block: Block, message: str) -> None:
    with pytest.raises(InputError, match=message):
        block_dataset(Wrong(block))


def test_a_block_that_changes_later_is_refused() -> None:
    source = Wrong(Block(X[50:75], Y[50:75]))
    data = block_dataset(source)
    source.block = Block(X[:7], Y[:7])
    with pytest.raises(InputError, match="block 2 has the shape"):
        data.X[40:60]


def test_memory_maps_stay_maps(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    block = BlockMatrix(ArrayBlocks(mapped, None, 40)).block(1)
    assert isinstance(block, np.memmap)


def test_blocks_of_one_class_each_are_noticed() -> None:
    data = Dataset(X, Y)
    ordered = np.argsort(Y, kind="stable")
    lengths = np.bincount(Y).tolist()
    by_class = Dataset(X[ordered], Y[ordered])
    assert class_by_class(by_class.in_blocks(lengths))
    assert not class_by_class(data.in_blocks(25))
    assert not class_by_class(by_class)
    nearly_one = Dataset(X, np.arange(100) == 0)
    assert not class_by_class(nearly_one.in_blocks(25))


def test_classes_and_shape_of_a_packed_folder_are_kept(tmp_path: Path) -> None:
    source = ArrayBlocks(X, Y, 30)
    packed = pack(source, tmp_path / "packed", classes=(2, 0, 1), block_length=40)
    data = block_dataset(packed)
    assert data.classes == (2, 0, 1)
    assert data.block_lengths == (40, 40, 20)
    assert block_dataset(packed, classes=(0, 1, 2)).classes == (0, 1, 2)
