"""What is computed when: Dask and LazyFrames; and which libraries are imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pytest
from scipy import sparse
from sources_material import Own

from onelayer.data.blocks.readers.open import as_block_source
from onelayer.errors import InputError

X = np.arange(42, dtype=np.float32).reshape(21, 2)
Y = np.arange(21) % 3


class Calls(list[int]):
    """Counts the chunks that are computed."""

    def through(self, chunk: Any) -> Any:
        self.append(len(chunk))
        return chunk


def test_nothing_is_computed_where_chunks_are_known() -> None:
    calls = Calls()
    array = da.from_array(X, chunks=(8, 2)).map_blocks(calls.through, meta=X[:0])
    source = as_block_source(array, y=Y)
    assert source.block_lengths == (8, 8, 5)
    assert calls == []
    assert source.read_block(2).X.tobytes() == X[16:].tobytes()
    assert calls == [5]


def test_unknown_lengths_are_computed_once() -> None:
    calls = Calls()
    array = da.from_array(X, chunks=(8, 2)).map_blocks(calls.through, meta=X[:0])
    # Here, where they are counted: a cluster of another test may be the default.
    with dask.config.set(scheduler="threads"):
        source = as_block_source(array[array[:, 0] >= 20], y=Y[10:])
    assert sorted(calls) == [5, 8, 8]
    assert source.block_lengths == (6, 5)  # the first chunk has no row left
    assert source.block_lengths == (6, 5)
    assert len(calls) == 3
    assert source.read_block(1).X.tobytes() == X[16:].tobytes()
    assert source.read_block(1).y.tolist() == Y[16:].tolist()  # type: ignore[union-attr]


def test_a_chunk_is_computed_in_the_thread_that_reads_it() -> None:
    def elsewhere(*_: object, **__: object) -> None:
        raise AssertionError("given to a scheduler")

    source = as_block_source(da.from_array(X, chunks=(8, 2)), y=da.from_array(Y, chunks=8))
    frame = dd.from_pandas(pd.DataFrame({"a": X[:, 0], "y": Y}), npartitions=2)
    table = as_block_source(frame)
    with dask.config.set(scheduler=elsewhere):
        assert source.read_block(0).X.tobytes() == X[:8].tobytes()
        assert table.read_block(0).X.shape == (11, 1)


def test_labels_of_dask_in_other_chunks_or_as_a_series() -> None:
    array = da.from_array(X, chunks=(8, 2))
    words = np.array(["a", "b", "c"])[Y]
    series = dd.from_pandas(pd.Series(words), npartitions=4)
    for y, wanted in (
        (da.from_array(Y, chunks=5), Y),
        (series, words),
        (pd.Series(words), words),
        (Y.astype(float), Y),
        (list(Y), Y),
    ):
        source = as_block_source(array, y=y)
        found = np.concatenate([source.read_block(i).y for i in range(3)])
        assert found.tolist() == wanted.tolist()
    unknown = da.from_array(Y, chunks=5)[da.from_array(np.ones(21, bool), chunks=5)]
    as_block_source(array, y=unknown)
    assert np.isnan(unknown.chunks[0][0])  # somebody else's array stays as it is


def test_matrices_of_labels_and_images_and_sparse_chunks() -> None:
    many = (np.arange(42).reshape(21, 2) % 2).astype(np.int64)
    images = da.from_array(X.reshape(21, 1, 2), chunks=(8, 1, 1))
    block = as_block_source(images, y=da.from_array(many, chunks=(4, 1))).read_block(1)
    assert block.X.tobytes() == X[8:16].tobytes()
    assert block.y is not None
    assert block.y.tolist() == many[8:16].tolist()
    lazy = da.from_array(X, chunks=(8, 2)).map_blocks(
        sparse.csr_array, meta=sparse.csr_array((0, 2), dtype=np.float32)
    )
    block = as_block_source(lazy, y=Y).read_block(1)
    assert block.X.format == "csr"
    assert block.X.toarray().tobytes() == X[8:16].tobytes()


def frames(*pieces: dict[str, Any]) -> Any:
    """Return a Dask dataframe of partitions that need not agree."""
    meta = pd.DataFrame(pieces[0]).iloc[:0]
    return dd.from_map(pd.DataFrame, pieces, meta=meta)


def test_partitions_that_differ() -> None:
    for other, says in (
        ({"a": ["x"], "y": [1]}, "does not hold numbers: 'a'"),
        ({"a": [None], "y": [1]}, "row 3, column 'a' is missing"),
        ({"a": [1e300], "y": [1]}, "'a' is of type Float64, which does not fit the float32"),
        ({"a": np.ones(1, np.float32), "y": ["b"]}, "'y': from row 3 on, the labels are of type"),
    ):
        source = as_block_source(frames({"a": np.ones(2, np.float32), "y": [0, 1]}, other))
        source.read_block(0)
        with pytest.raises(InputError, match=says):
            source.read_block(1)


def test_partitions_without_rows_and_with_lists() -> None:
    with dask.config.set({"dataframe.convert-string": False}):  # which would make text of lists
        source = as_block_source(
            frames(
                {"e": pd.Series([], dtype=object), "y": pd.Series([], dtype=int)},
                {"e": [[1.0, 2.0], [3.0, 4.0]], "y": [0, 1]},
            )
        )
    assert source.block_lengths == (2,)
    assert source.read_block(0).X.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(InputError, match="Dask dataframe: holds no row"):
        as_block_source(frames({"a": pd.Series([], dtype=float), "y": pd.Series([], dtype=int)}))


def test_graphs_that_fail_or_lie() -> None:
    def lies(chunk: Any) -> Any:
        return chunk[:-1]

    def fails(_chunk: Any) -> Any:
        raise RuntimeError("no such thing")

    array = da.from_array(X, chunks=(8, 2))
    source = as_block_source(array.map_blocks(lies, meta=X[:0]), y=Y)
    with pytest.raises(InputError, match=r"block 1: has the shape \(7, 2\), and \(8, 2\) was"):
        source.read_block(1)
    double = array.map_blocks(lambda chunk: chunk.astype(float), meta=X[:0])
    with pytest.raises(InputError, match="block 0: is of type float64, and float32 was promised"):
        as_block_source(double, y=Y).read_block(0)
    source = as_block_source(array.map_blocks(fails, meta=X[:0]), y=Y)
    with pytest.raises(InputError, match=r"block 1: .*failed \(RuntimeError: no such thing\)"):
        source.read_block(1)
    with pytest.raises(InputError, match="21 examples and y has 4 labels"):
        as_block_source(array, y=Y[:4])
    with pytest.raises(InputError, match="21 examples and y has 4 labels"):
        as_block_source(array, y=da.from_array(Y[:4]))
    with pytest.raises(InputError, match="Dask array: the shape is"):
        as_block_source(array[:, 0], y=Y)


def test_a_query_is_run_for_its_rows_and_for_a_slice() -> None:
    calls = Calls()
    frame = pl.DataFrame({"a": X[:, 0], "y": Y}).lazy().map_batches(calls.through)
    source = as_block_source(frame, block_length=8)
    assert len(calls) == 1
    assert source.block_lengths == (8, 8, 5)
    assert len(calls) == 1
    source.read_block(2)
    assert len(calls) == 2


def test_a_query_of_a_file_reads_the_columns_that_are_wanted(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": np.arange(21), "a": X[:, 0], "*": X[:, 1], "y": Y})
    frame.write_parquet(tmp_path / "a.parquet")
    source = as_block_source(pl.scan_parquet(tmp_path / "a.parquet"), drop=["id"])
    assert source.read_block(0).X.tobytes() == X.tobytes()


def test_the_index_of_pandas_is_no_feature(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": X[:, 0], "y": Y}, index=pd.Index(range(5, 26), name="key"))
    frame.to_parquet(tmp_path / "a.parquet")
    pa.feather.write_feather(pa.Table.from_pandas(frame), tmp_path / "b.feather")
    for name in ("a.parquet", "b.feather"):
        assert as_block_source(tmp_path / name).n_features == 1


def test_an_object_is_taken_as_it_is() -> None:
    source = Own(X, Y, (8, 8, 5))
    assert as_block_source(source) is source
    again = as_block_source(X, y=Y)
    assert as_block_source(again) is again


@pytest.mark.parametrize(
    ("program", "unwanted"),
    [
        (
            "import onelayer.data.blocks, onelayer.data.blocks.readers.open",
            {"polars", "pyarrow", "fsspec", "dask", "pandas", "onelayer.data.files"},
        ),
        (
            "import numpy as np; from onelayer.data.blocks.readers.open import as_block_source\n"
            "as_block_source(np.ones((3, 2)), y=[0, 1, 0])",
            {"polars", "pyarrow", "fsspec", "dask", "pandas"},
        ),
        (
            "import numpy as np; from onelayer.data.blocks.readers.open import as_block_source\n"
            "np.savez('a.npz', X=np.ones((3, 2)), y=[0, 1, 0]); as_block_source('a.npz')",
            {"pyarrow", "fsspec", "dask", "pandas"},
        ),
    ],
)
def test_libraries_wait_until_they_are_needed(
    program: str, unwanted: set[str], tmp_path: Path
) -> None:
    program += f"\nimport sys; print(*{unwanted!r} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
