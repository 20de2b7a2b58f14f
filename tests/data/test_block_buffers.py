"""The memory of blocks that were read is used again once nobody holds it."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from onelayer.data.blocks import ArrayBlocks
from onelayer.data.blocks.buffers import ALIGNED, Buffers
from onelayer.data.blocks.packs.pack import pack
from onelayer.data.blocks.packs.packed import PackedBlocks

FLOAT = np.dtype(np.float32)
SHAPE = (1024, 512)  # 2 MB


def address(array: np.ndarray) -> int:
    """Return where an array begins."""
    return int(array.__array_interface__["data"][0])


def test_memory_that_nobody_holds_is_used_again() -> None:
    buffers = Buffers()
    first = buffers.empty(SHAPE, FLOAT)
    place = address(first)
    del first
    for _ in range(20):
        again = buffers.empty(SHAPE, FLOAT)
        assert address(again) == place
        assert (again.shape, again.dtype) == (SHAPE, FLOAT)
        assert again.flags.c_contiguous
        del again
    assert len(buffers._owners) == 1


@pytest.mark.parametrize("view", [lambda a: a, lambda a: a[5:7, ::2], lambda a: a.T.view(np.int32)])
def test_memory_that_a_view_holds_is_left_alone(view) -> None:  # type: ignore[no-untyped-def]
    buffers = Buffers()
    held = view(buffers.empty(SHAPE, FLOAT))
    held[...] = 7
    other = buffers.empty(SHAPE, FLOAT)
    assert not np.shares_memory(held, other)
    other[...] = 8
    assert (held == 7).all()


def test_smaller_arrays_use_it_too_and_what_is_too_small_goes() -> None:
    buffers = Buffers()
    taken = buffers.empty(SHAPE, FLOAT)
    place = address(taken)
    del taken
    smaller = buffers.empty((600, 512), FLOAT)
    assert address(smaller) == place
    del smaller
    larger = buffers.empty((2048, 512), FLOAT)
    assert larger.nbytes == 2048 * 512 * 4
    assert [len(owner) for owner in buffers._owners] == [larger.nbytes + ALIGNED]


def test_memory_begins_where_disks_can_write() -> None:
    buffers = Buffers()
    held = [buffers.raw(size) for size in (10**6, 2**21, 3 * 2**20 + 1)]
    assert all(address(raw) % ALIGNED == 0 for raw in held)
    assert [len(raw) for raw in held] == [10**6, 2**21, 3 * 2**20 + 1]


def test_an_array_a_little_larger_uses_it_too() -> None:
    buffers = Buffers()
    taken = buffers.empty((1023, 511), FLOAT)
    place = address(taken)
    del taken
    assert address(buffers.empty(SHAPE, FLOAT)) == place


def test_another_process_gets_no_memory() -> None:
    buffers = Buffers()
    buffers.empty(SHAPE, FLOAT)
    assert len(pickle.dumps(buffers)) < 200


def test_packed_blocks_read_one_after_the_other_take_the_memory_of_one(tmp_path: Path) -> None:
    X = np.arange(6 * 1024 * 256, dtype=np.float32).reshape(-1, 256)
    y = np.arange(len(X)) % 3
    pack(ArrayBlocks(X, y, 1024), tmp_path / "packed", block_length=1024)
    source = PackedBlocks(tmp_path / "packed")
    seen = []
    for i in range(6):
        seen.append(source.read_block(i).X.sum(dtype=np.float64))
    assert len(source._buffers._owners) == 1
    assert sum(seen) == X.sum(dtype=np.float64)
    held = [source.read_block(i).X for i in range(6)]
    assert sum(block.sum(dtype=np.float64) for block in held) == X.sum(dtype=np.float64)
