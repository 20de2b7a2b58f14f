"""The same examples in every kind of source."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks import Block, BlockSource
from onelayer.data.blocks.readers.open import as_block_source

Array = NDArray[Any]


def parts(lengths: Sequence[int]) -> Iterator[tuple[int, slice]]:
    """Yield the number and the rows of each block."""
    ends = [0, *itertools.accumulate(lengths)]
    for i, (begin, end) in enumerate(itertools.pairwise(ends)):
        yield i, slice(begin, end)


def arrow_table(X: Array, y: Array, lists: str = "") -> pa.Table:
    """Return examples as a table: a column a feature, or one of lists, "open" or "fixed"."""
    values = pa.array(X.reshape(-1))
    if lists:
        width = X.shape[1]
        column = (
            pa.FixedSizeListArray.from_arrays(values, width)
            if lists == "fixed"
            else pa.ListArray.from_arrays(
                pa.array(np.arange(0, X.size + 1, width, dtype=np.int32)), values
            )
        )
        return pa.table({"embedding": column, "label": y.tolist()})
    columns = {f"f{j}": pa.array(np.ascontiguousarray(X[:, j])) for j in range(X.shape[1])}
    return pa.table(columns | {"label": y.tolist()})


def write_parquet(path: Path | str, table: pa.Table, lengths: Sequence[int]) -> None:
    with pq.ParquetWriter(path, table.schema) as writer:
        for _, rows in parts(lengths):
            writer.write_table(table.slice(rows.start, rows.stop - rows.start))


def write_arrow(
    path: Path | str,
    table: pa.Table,
    lengths: Sequence[int],
    stream: bool = False,
    compression: str | None = None,
) -> None:
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(path, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        for _, rows in parts(lengths):
            piece = table.slice(rows.start, rows.stop - rows.start).combine_chunks()
            for batch in piece.to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]:
                writer.write_batch(batch)


@dataclass(frozen=True)
class Examples:
    """What a kind of source is made of."""

    folder: Path
    X: Array
    y: Array
    lengths: tuple[int, ...]

    def blocks(self) -> Iterator[tuple[int, Array, Array]]:
        for i, rows in parts(self.lengths):
            yield i, self.X[rows], self.y[rows]


def arrays(e: Examples) -> BlockSource:
    return as_block_source(e.X, y=e.y, block_length=e.lengths[0])


def memory_map(e: Examples) -> BlockSource:
    np.save(e.folder / "X.npy", e.X)
    X = np.load(e.folder / "X.npy", mmap_mode="r")
    return as_block_source(X, y=e.y, block_length=e.lengths[0])


def csr(e: Examples) -> BlockSource:
    return as_block_source(sparse.csr_array(e.X), y=e.y, block_length=e.lengths[0])


def shards_npz(e: Examples) -> BlockSource:
    for i, X, y in e.blocks():
        np.savez(e.folder / f"part-{8 + i}.npz", X=X, y=y)  # 8, 9, 10: not as text is sorted
    return as_block_source(e.folder)


def shards_compressed(e: Examples) -> BlockSource:
    for i, X, y in e.blocks():
        np.savez_compressed(e.folder / f"{8 + i}.npz", features=np.asfortranarray(X), labels=y)
    return as_block_source(str(e.folder))


def shards_name_x(e: Examples) -> BlockSource:
    for i, X, y in e.blocks():
        np.save(e.folder / f"data.{8 + i}.X.npy", X)
        np.save(e.folder / f"data.{8 + i}.y.npy", y)
    return as_block_source(e.folder)


def shards_x_name(e: Examples) -> BlockSource:
    for i, X, y in e.blocks():
        np.save(e.folder / f"X-{i:04d}.npy", X)
        np.save(e.folder / f"y-{i:04d}.npy", y)
    (e.folder / "README.txt").write_text("not a shard")
    return as_block_source(e.folder)


def shards_csr(e: Examples) -> BlockSource:
    for i, X, y in e.blocks():
        matrix = sparse.csr_array(X)
        np.savez(
            e.folder / f"{i}.npz", format="csr", shape=X.shape, data=matrix.data,
            indices=matrix.indices, indptr=matrix.indptr, y=y,
        )  # fmt: skip
    return as_block_source(e.folder)


def shards_csr_of_scipy(e: Examples) -> BlockSource:
    for i, X, y in e.blocks():
        sparse.save_npz(e.folder / f"{i}.npz", sparse.csr_array(X))
        np.save(e.folder / f"{i}.y.npy", y)
    return as_block_source(e.folder)


def parquet_file(e: Examples) -> BlockSource:
    write_parquet(e.folder / "all.parquet", arrow_table(e.X, e.y), e.lengths)
    return as_block_source(e.folder / "all.parquet")


def parquet_folder(e: Examples) -> BlockSource:
    for i, X, y in e.blocks():
        write_parquet(e.folder / f"part.{8 + i}.parquet", arrow_table(X, y), [0, len(X), 0])
    (e.folder / "_SUCCESS").touch()
    return as_block_source(e.folder, target="label")


def parquet_lists(e: Examples) -> BlockSource:
    write_parquet(e.folder / "all.parquet", arrow_table(e.X, e.y, "open"), e.lengths)
    return as_block_source(e.folder / "all.parquet")


def parquet_fixed_lists(e: Examples) -> BlockSource:
    write_parquet(e.folder / "all.parquet", arrow_table(e.X, e.y, "fixed"), e.lengths)
    return as_block_source(e.folder / "all.parquet")


def arrow_file(e: Examples) -> BlockSource:
    write_arrow(e.folder / "all.arrow", arrow_table(e.X, e.y), e.lengths)
    return as_block_source(e.folder / "all.arrow")


def arrow_stream(e: Examples) -> BlockSource:
    write_arrow(e.folder / "all.arrow", arrow_table(e.X, e.y), e.lengths, stream=True)
    return as_block_source(e.folder / "all.arrow")


def polars_file(e: Examples) -> BlockSource:
    frame = pl.DataFrame(arrow_table(e.X, e.y))
    frame.write_ipc(e.folder / "all.arrow", record_batch_size=e.lengths[0])
    return as_block_source(e.folder / "all.arrow")


def feather_folder(e: Examples) -> BlockSource:
    for i, X, y in e.blocks():
        path = e.folder / f"{8 + i}.feather"
        write_arrow(path, arrow_table(X, y), [0, len(X)], compression="zstd")
    return as_block_source(e.folder)


def arrow_lists(e: Examples) -> BlockSource:
    write_arrow(e.folder / "all.ipc", arrow_table(e.X, e.y, "open"), e.lengths, compression="lz4")
    return as_block_source(e.folder / "all.ipc")


def arrow_fixed_lists(e: Examples) -> BlockSource:
    write_arrow(e.folder / "all.ipc", arrow_table(e.X, e.y, "fixed"), e.lengths)
    return as_block_source(e.folder / "all.ipc")


def arrow_categories(e: Examples) -> BlockSource:
    table = arrow_table(e.X, e.y)
    labels = table["label"].combine_chunks()
    if pa.types.is_string(labels.type):
        table = table.set_column(table.num_columns - 1, "label", labels.dictionary_encode())
    write_arrow(e.folder / "all.arrow", table, e.lengths)
    return as_block_source(e.folder / "all.arrow")


def lazy_frame(e: Examples) -> BlockSource:
    frame = pl.from_arrow(arrow_table(e.X, e.y))
    assert isinstance(frame, pl.DataFrame)
    return as_block_source(frame.lazy(), target="label", block_length=e.lengths[0])


def lazy_lists(e: Examples) -> BlockSource:
    frame = pl.from_arrow(arrow_table(e.X, e.y, "open"))
    assert isinstance(frame, pl.DataFrame)
    return as_block_source(frame.lazy(), block_length=e.lengths[0])


def dask_array(e: Examples) -> BlockSource:
    import dask.array as da

    X = da.from_array(e.X, chunks=(e.lengths, 2))
    return as_block_source(X, y=da.from_array(e.y, chunks=-1))


def dask_unknown(e: Examples) -> BlockSource:
    import dask.array as da

    X = da.from_array(e.X, chunks=(e.lengths, -1))
    y = da.from_array(e.y, chunks=(e.lengths,))
    kept = da.from_array(np.ones(len(e.y), bool), chunks=(e.lengths,))
    return as_block_source(X[kept], y=y[kept])


def dask_frame(e: Examples) -> BlockSource:
    import dask.dataframe as dd

    pieces = [arrow_table(X, y).to_pandas() for _, X, y in e.blocks()]
    return as_block_source(dd.concat([dd.from_pandas(piece, npartitions=1) for piece in pieces]))


@dataclass
class Own:
    """Somebody's own source."""

    X: Array
    y: Array
    block_lengths: tuple[int, ...]

    @property
    def n_features(self) -> int:
        return int(self.X.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.X.dtype

    def read_block(self, i: int) -> Block:
        rows = dict(parts(self.block_lengths))[i]
        return Block(self.X[rows], self.y[rows])


def own_object(e: Examples) -> BlockSource:
    return as_block_source(Own(e.X, e.y, e.lengths))


def memory_shards(e: Examples) -> BlockSource:
    shards_npz(e)
    return as_block_source(uploaded(e.folder, "memory://shards"))


def memory_pairs(e: Examples) -> BlockSource:
    shards_x_name(e)
    return as_block_source(uploaded(e.folder, "memory://pairs"))


def memory_parquet(e: Examples) -> BlockSource:
    parquet_folder(e)
    return as_block_source(uploaded(e.folder, "memory://parquet"))


def memory_arrow(e: Examples) -> BlockSource:
    arrow_file(e)
    return as_block_source(uploaded(e.folder, "memory://arrow") + "/all.arrow")


def file_parquet(e: Examples) -> BlockSource:
    parquet_folder(e)
    return as_block_source(f"file://{e.folder}")


def uploaded(folder: Path, address: str) -> str:
    """Copy the files of a folder to an address, and return it."""
    import fsspec

    system, path = fsspec.url_to_fs(address)
    if system.exists(path):
        system.rm(path, recursive=True)
    system.makedirs(path, exist_ok=True)
    for file in folder.iterdir():
        system.pipe_file(f"{path}/{file.name}", file.read_bytes())
    return address


Make = Callable[[Examples], BlockSource]

REMOTE: list[Make] = [memory_shards, memory_pairs, memory_parquet, memory_arrow, file_parquet]
FILES: list[Make] = [
    shards_npz, shards_name_x, shards_x_name, parquet_file, parquet_folder, parquet_fixed_lists,
    arrow_file, arrow_stream, polars_file, feather_folder, arrow_fixed_lists,
    arrow_categories, shards_compressed, *REMOTE,
]  # fmt: skip
DENSE: list[Make] = [
    arrays, memory_map, *FILES, parquet_lists, arrow_lists, lazy_frame, lazy_lists, dask_array,
    dask_unknown, dask_frame, own_object,
]  # fmt: skip
SPARSE: list[Make] = [csr, shards_csr, shards_csr_of_scipy]
