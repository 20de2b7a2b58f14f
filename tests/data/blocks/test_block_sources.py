"""Every kind of source: the same examples, to the byte, however they are read."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sources_material import (
    DENSE,
    FILES,
    REMOTE,
    SPARSE,
    Array,
    Examples,
    Make,
    arrays,
    memory_map,
    parquet_lists,
    parts,
    shards_csr,
    shards_npz,
    shards_x_name,
)

from onelayer.data import block_dataset
from onelayer.data.blocks import ArrayBlocks, Block, BlockSource
from onelayer.data.blocks.readers import places
from onelayer.data.blocks.readers.open import as_block_source
from onelayer.data.blocks.readers.ranges import RangeFile
from onelayer.training import TrainConfig, train

LENGTHS = (8, 8, 5)
WORDS = np.array(["cat", "dog", "a longer word"])


def name_of(make: Make) -> str:
    return make.__name__


def examples(folder: Path, dtype: str = "float32", words: bool = False) -> Examples:
    rng = np.random.default_rng(3)
    X = rng.integers(0, 200, (sum(LENGTHS), 5)).astype(dtype)
    if X.dtype.kind == "f":
        X = X / X.dtype.type(7)
    X[rng.random(X.shape) < 0.3] = 0
    y: Array = rng.integers(0, 3, len(X))
    return Examples(folder, X, WORDS[y] if words else y, LENGTHS)


def assert_block(block: Block, X: Array, y: Array) -> None:
    found = block.X.toarray() if sparse.issparse(block.X) else block.X
    assert found.dtype == X.dtype
    assert found.shape == X.shape
    assert found.flags.c_contiguous
    assert found.tobytes() == X.tobytes()
    assert block.y is not None
    assert block.y.dtype.kind == y.dtype.kind
    assert block.y.tolist() == y.tolist()


@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("make", [*DENSE, *SPARSE], ids=name_of)
def test_blocks_are_the_rows_of_the_arrays(make: Make, words: bool, tmp_path: Path) -> None:
    e = examples(tmp_path, words=words)
    source = make(e)
    assert isinstance(source, BlockSource)
    assert source.block_lengths == LENGTHS
    assert source.n_features == 5
    assert source.dtype == np.float32
    for i, rows in reversed([*parts(LENGTHS), *parts(LENGTHS)]):  # in any order, and again
        assert_block(source.read_block(i), e.X[rows], e.y[rows])


@pytest.mark.parametrize("make", [*DENSE, *SPARSE], ids=name_of)
def test_threads_read_the_same(make: Make, tmp_path: Path) -> None:
    e = examples(tmp_path)
    source = make(e)
    asked = [*parts(LENGTHS)] * 8

    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(lambda part: source.read_block(part[0]), asked)]

    for block, (_, rows) in zip(found, asked, strict=True):
        assert_block(block, e.X[rows], e.y[rows])


@pytest.mark.parametrize("make", [*DENSE, *SPARSE], ids=name_of)
def test_a_source_can_be_sent_to_another_process(make: Make, tmp_path: Path) -> None:
    e = examples(tmp_path, words=True)
    source = pickle.loads(pickle.dumps(make(e)))
    for i, rows in parts(LENGTHS):
        assert_block(source.read_block(i), e.X[rows], e.y[rows])


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float64", "int16", "int64", "bool"])
@pytest.mark.parametrize("make", DENSE, ids=name_of)
def test_types_are_kept_or_hold_the_values(make: Make, dtype: str, tmp_path: Path) -> None:
    e = examples(tmp_path, dtype)
    if make.__name__ == "own_object" and dtype in ("int16", "int64", "bool"):
        pytest.skip("an object has its types as they are kept")
    source = make(e)
    wanted = {"int16": "float32", "int64": "float64", "bool": "float32"}.get(dtype, dtype)
    assert source.dtype == wanted
    for i, rows in parts(LENGTHS):
        assert_block(source.read_block(i), e.X[rows].astype(wanted), e.y[rows])


@pytest.mark.parametrize(("dtype", "wanted"), [("float64", "float64"), ("uint8", "float32")])
@pytest.mark.parametrize("make", SPARSE, ids=name_of)
def test_types_of_sparse_values(make: Make, dtype: str, wanted: str, tmp_path: Path) -> None:
    e = examples(tmp_path, dtype)
    source = make(e)
    assert source.dtype == wanted
    for i, rows in parts(LENGTHS):
        block = source.read_block(i)
        assert sparse.issparse(block.X)
        assert_block(block, e.X[rows].astype(wanted), e.y[rows])


class Counted(io.FileIO):
    """A file that counts the bytes that are read."""

    total = 0

    def readinto(self, buffer: Any) -> int:
        got = super().readinto(buffer) or 0
        Counted.total += got
        return got

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size) or b""
        Counted.total += len(found)
        return found

    def readall(self) -> bytes:
        found = super().readall()
        Counted.total += len(found)
        return found


@pytest.fixture
def bytes_read(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count the bytes that sources read from files, here and elsewhere."""
    Counted.total = 0
    plain = RangeFile.readinto

    def counted(self: RangeFile, buffer: Any) -> int:
        got = plain(self, buffer)
        Counted.total += got
        return got

    monkeypatch.setattr(RangeFile, "readinto", counted)
    monkeypatch.setattr(
        places, "open", lambda path, _mode: io.BufferedReader(Counted(path)), raising=False
    )
    return lambda: Counted.total


@pytest.mark.parametrize("make", FILES, ids=name_of)
def test_lengths_are_known_without_the_values(
    make: Make, tmp_path: Path, bytes_read: Callable[[], int]
) -> None:
    lengths = (9000, 9000, 7000)
    rng = np.random.default_rng(0)
    X = rng.random((sum(lengths), 20), dtype=np.float32)
    source = make(Examples(tmp_path, X, rng.integers(0, 3, len(X)), lengths))
    opened = bytes_read()
    assert source.block_lengths == lengths
    if make in REMOTE:  # opened twice: in the folder, and there
        opened //= 2
    assert 0 < opened < 0.12 * X.nbytes
    for i in range(len(lengths)):
        source.read_block(i)
    assert bytes_read() > 0.8 * X.nbytes  # some are packed


def test_the_length_of_lists_is_known_from_some_pages(
    tmp_path: Path, bytes_read: Callable[[], int]
) -> None:
    lengths = (36000, 36000, 28000)
    rng = np.random.default_rng(0)
    X = rng.random((sum(lengths), 20), dtype=np.float32)
    source = parquet_lists(Examples(tmp_path, X, rng.integers(0, 3, len(X)), lengths))
    assert source.n_features == 20
    assert bytes_read() < 0.25 * X.nbytes


@pytest.mark.parametrize("make", [arrays, memory_map, shards_npz, shards_x_name], ids=name_of)
def test_bytes_in_the_other_order(make: Make, tmp_path: Path) -> None:
    e = examples(tmp_path)
    swapped = Examples(tmp_path, e.X.astype(">f4"), e.y.astype(">i8"), LENGTHS)
    assert_block(make(swapped).read_block(1), e.X[8:16], e.y[8:16])


@pytest.mark.parametrize("make", [arrays, shards_npz, shards_x_name, shards_csr], ids=name_of)
def test_matrices_of_labels(make: Make, tmp_path: Path) -> None:
    many = np.random.default_rng(0).integers(0, 2, (sum(LENGTHS), 3))
    source = make(Examples(tmp_path, examples(tmp_path).X, many, LENGTHS))
    y = source.read_block(1).y
    assert y is not None
    assert y.dtype == np.uint8
    assert y.tolist() == many[8:16].tolist()


def test_shards_without_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "X-0.npy", np.ones((3, 2), np.float32))
    assert as_block_source(tmp_path).read_block(0).y is None
    np.savez(tmp_path / "X.npz", X=np.ones((3, 2), np.float32))
    block = as_block_source(tmp_path / "X.npz").read_block(0)
    assert block.y is None
    assert block.X.tolist() == [[1, 1]] * 3


@pytest.mark.parametrize("make", [*DENSE, *SPARSE], ids=name_of)
def test_models_have_the_same_bits_whatever_the_kind(make: Make, tmp_path: Path) -> None:
    e = examples(tmp_path, words=True)
    X = sparse.csr_array(e.X) if make in SPARSE else e.X
    config = TrainConfig(order="blocks", batch_size=3, max_epochs=2)
    here = train(block_dataset(ArrayBlocks(X, e.y, LENGTHS)), None, config)
    found = train(block_dataset(make(e)), None, config)
    assert found.weights.tobytes() == here.weights.tobytes()
    assert found.bias.tobytes() == here.bias.tobytes()
