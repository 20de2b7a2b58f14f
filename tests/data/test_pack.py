"""Packed blocks hold every example once, at places that depend on the seed alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pack_material import KINDS, bits, material, source, whole
from scipy import sparse
from scipy.stats import chisquare

from onelayer.data.blocks import ArrayBlocks, BlockSource, PackedBlocks, pack


@pytest.mark.parametrize("kind", KINDS)
def test_each_example_is_there_once_with_its_label(kind: str, tmp_path: Path) -> None:
    X, y = material(kind)
    packed = pack(source(kind), tmp_path / "out", block_length=128)
    assert isinstance(packed, BlockSource)
    assert packed.block_lengths == (128,) * 7 + (104,)
    dense = X.toarray() if kind == "sparse" else X
    assert packed.dtype == X.dtype
    assert packed.n_features == 7
    found, labels = whole(packed)
    before = {(row.tobytes(), label.tobytes()) for row, label in zip(dense, y, strict=True)}
    assert len(before) == 1000
    labels = labels.astype(y.dtype)
    after = {(row.tobytes(), label.tobytes()) for row, label in zip(found, labels, strict=True)}
    assert after == before
    if kind != "matrix":
        assert packed.classes == tuple(np.unique(y).tolist())
        counts = [int((y == label).sum()) for label in packed.classes]
        assert packed.manifest.class_counts == tuple(counts)
        assert packed.class_counts is not None
        assert packed.class_counts[3].tolist() == [
            np.count_nonzero(packed.read_block(3).y == label) for label in packed.classes
        ]


@pytest.mark.parametrize("kind", ["uint8", "sparse", "strings"])
def test_the_memory_changes_no_byte(kind: str, tmp_path: Path) -> None:
    pack(source(kind), tmp_path / "much", block_length=128)
    pack(source(kind), tmp_path / "little", block_length=128, memory=31_000)
    assert bits(tmp_path / "much") == bits(tmp_path / "little")
    assert not (tmp_path / "little" / "packing").exists()


def test_another_seed_gives_another_order(tmp_path: Path) -> None:
    orders = []
    for seed in (0, 1):
        packed = pack(source("float64"), tmp_path / str(seed), block_length=1000, seed=seed)
        orders.append(whole(packed)[0][:, 0].tolist())
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_blocks_are_samples_of_the_whole(tmp_path: Path) -> None:
    """The source is sorted by class, and blocks have each class as often as chance has it."""
    X, y = np.arange(40_000, dtype=np.float32)[:, None], np.repeat(np.arange(10), 4000)
    packed = pack(ArrayBlocks(X, y, 999), tmp_path / "out", block_length=1000)
    assert packed.class_counts is not None
    statistics = [chisquare(counts).statistic for counts in packed.class_counts]
    # 9 degrees of freedom, 40 blocks, drawn without replacement.
    assert np.mean(statistics) == pytest.approx(9 * 39 / 40, abs=3 * np.sqrt(18 / 40))
    rows = whole(packed)[0][:, 0]
    assert abs(np.corrcoef(rows[:-1], rows[1:])[0, 1]) < 4 / np.sqrt(len(rows))
    assert abs(np.corrcoef(rows, np.arange(len(rows)))[0, 1]) < 4 / np.sqrt(len(rows))


@pytest.mark.parametrize("kind", ["uint8", "float16", "float64", "sparse"])
def test_statistics_are_those_of_the_whole(kind: str, tmp_path: Path) -> None:
    X, _ = material(kind)
    dense = (X.toarray() if kind == "sparse" else X).astype(np.float64)
    found = pack(source(kind), tmp_path / "out", block_length=128).moments
    assert found.count == 1000
    np.testing.assert_allclose(found.mean, dense.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(found.deviation, dense.std(axis=0), rtol=1e-12)
    assert found.low.tolist() == dense.min(axis=0).tolist()
    assert found.high.tolist() == dense.max(axis=0).tolist()


def test_statistics_of_values_far_from_zero(tmp_path: Path) -> None:
    """The sum of squares minus the square of the sum would have no digit left."""
    draw = np.random.default_rng(0)
    X = 1e9 + draw.normal(size=(5000, 3))
    packed = pack(ArrayBlocks(X, np.arange(5000) % 2), tmp_path / "out", block_length=700)
    np.testing.assert_allclose(packed.moments.deviation, X.std(axis=0), rtol=1e-6)


def test_values_too_large_for_moments_are_packed_all_the_same(tmp_path: Path) -> None:
    X = np.array([[1e200], [-1e200]])
    packed = pack(ArrayBlocks(X, np.arange(2)), tmp_path / "out")
    assert packed.moments.squares.tolist() == [np.inf]
    assert packed.moments.high.tolist() == [1e200]


def test_classes_in_an_order_of_ones_own(tmp_path: Path) -> None:
    packed = pack(source("float32"), tmp_path / "out", classes=[8, 5, 2, -1, -4, 99])
    assert packed.classes == (8, 5, 2, -1, -4, 99)
    assert packed.manifest.class_counts[5] == 0
    _, targets = packed.read_targets(0)
    labels = packed.read_block(0).y
    assert labels is not None
    assert [packed.classes[k] for k in targets] == labels.tolist()


def test_a_pack_is_a_source_to_pack(tmp_path: Path) -> None:
    first = pack(source("strings"), tmp_path / "first", block_length=128)
    second = pack(first, tmp_path / "second", block_length=100, seed=3)
    assert sorted(map(bytes, whole(first)[0])) == sorted(map(bytes, whole(second)[0]))
    assert second.fingerprint != first.fingerprint
    assert PackedBlocks(tmp_path / "second").fingerprint == second.fingerprint


def test_one_example_and_one_feature(tmp_path: Path) -> None:
    packed = pack(ArrayBlocks(np.ones((1, 1)), np.array(["a"])), tmp_path / "out")
    assert packed.block_lengths == (1,)
    assert whole(packed)[1].tolist() == ["a"]


def test_sparse_rows_without_values(tmp_path: Path) -> None:
    X = sparse.csr_array((50, 4), dtype=np.float64)
    packed = pack(ArrayBlocks(X, np.arange(50), 7), tmp_path / "out", block_length=20)
    assert whole(packed)[0].shape == (50, 4)
    assert packed.moments.high.tolist() == [0, 0, 0, 0]
