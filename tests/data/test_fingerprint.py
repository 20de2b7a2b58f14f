"""Fingerprints: the same for the same data however it lies, another for any change."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from onelayer.data import fingerprint

X = np.random.default_rng(0).integers(0, 255, (3000, 7)).astype(np.uint8)
Y = np.arange(3000) % 5


def thin() -> Any:
    return sparse.random_array((9000, 7), density=0.3, rng=np.random.default_rng(1), format="csr")


def test_fingerprint_is_a_fixed_number() -> None:
    assert fingerprint(np.zeros((2, 1), np.uint8), np.array(["a", "b"])) == (
        "2686d4d6e03529c311b0e081fdc18cf7ae4e26c9d36cf4e8139ce2c929ec5a66"
    )


def test_layout_in_memory_changes_nothing(tmp_path: Path) -> None:
    first = fingerprint(X, Y)
    np.save(tmp_path / "X.npy", X)
    wide = np.zeros((6000, 14), np.uint8)
    wide[::2, ::2] = X
    for same in (np.asfortranarray(X), wide[::2, ::2], np.load(tmp_path / "X.npy", mmap_mode="r")):
        assert fingerprint(same, Y) == first


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first = fingerprint(X, Y)
    # By its name in sys.modules: the package has a function of the same name.
    monkeypatch.setattr(import_module("onelayer.data.fingerprint"), "_BLOCK_BYTES", 100)
    assert fingerprint(X, Y) == first


def test_every_change_shows() -> None:
    one = X.copy()
    one[2999, 6] += 1
    found = {
        fingerprint(a, b)
        for a, b in (
            (X, Y), (one, Y), (X[:-1], Y), (X.astype(np.int16), Y), (X.astype(np.float32), Y),
            (X.reshape(3000, 7, 1), Y), (X.reshape(7, 3000), Y), (X, Y[::-1]),
            (X, Y.astype(np.int32)), (X, Y.astype(str)), (sparse.csr_array(X), Y),
            (np.empty((0, 7), np.uint8), Y), (X[::-1], Y),
        )
    }  # fmt: skip
    assert len(found) == 13


def test_sparse_fingerprint_is_of_the_values() -> None:
    A = thin()
    y = np.zeros(9000)
    first = fingerprint(A, y)
    wide = A.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    turned = A.copy()
    turned.has_sorted_indices = False
    start, end = turned.indptr[5000], turned.indptr[5001]
    assert end - start > 1
    turned.indices[start:end] = turned.indices[start:end][::-1].copy()
    turned.data[start:end] = turned.data[start:end][::-1].copy()
    for same in (wide, turned, sparse.csr_matrix(A)):
        assert fingerprint(same, y) == first
    other = A.copy()
    other.data[-1] *= 2
    moved = A.copy()
    moved.indices[-1] = (set(range(7)) - set(A[[8999]].indices)).pop()
    for changed in (other, moved, A[::-1], A.astype(np.float32), A.toarray()):
        assert fingerprint(changed, y) != first
