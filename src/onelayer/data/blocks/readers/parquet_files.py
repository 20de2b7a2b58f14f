"""A Parquet file: its row groups are the pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from onelayer.data.blocks.readers.arrow_tables import arrow_schema, as_frame, damage_of
from onelayer.data.blocks.readers.places import DataFile, is_remote
from onelayer.data.files.pandas_index import index_columns

_PAGE = 1 << 16


@dataclass(frozen=True)
class ParquetTable:
    """A file of which the metadata is known."""

    file: DataFile
    metadata: Any
    schema: dict[str, pl.DataType]
    index: tuple[str, ...]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, file: DataFile) -> ParquetTable:
        """Read the metadata at the end of a file.

        Raises
        ------
        InputError
            If it is damaged.
        """
        with _opened(file) as opened:
            found = opened.metadata
            kept, schema = opened.schema_arrow, arrow_schema(opened.schema_arrow, file.path)
        groups = range(found.num_row_groups)
        return cls(
            file,
            found,
            schema,
            index_columns((kept.metadata or {}).get(b"pandas"), tuple(schema)),
            tuple(found.row_group(i).num_rows for i in groups),
        )

    @property
    def source(self) -> str:
        """The path."""
        return self.file.path

    def read(self, piece: int, names: Sequence[str]) -> pl.DataFrame:
        """Return some columns of a row group."""
        with _opened(self.file, self.metadata) as opened:
            # In the caller's thread: others compute meanwhile.
            rows = opened.read_row_group(piece, columns=[*names], use_threads=False)
            return as_frame(rows, names, self.source)

    def first_row(self, names: Sequence[str]) -> pl.DataFrame:
        """Return the first row of some columns."""
        group = next(i for i, length in enumerate(self.lengths) if length)
        with _opened(self.file, self.metadata, by_pages=True) as opened:
            rows = opened.iter_batches(1, [group], [*names], use_threads=False)
            return as_frame(pa.Table.from_batches([next(rows)]), names, self.source)


@contextmanager
def _opened(
    file: DataFile, metadata: Any = None, *, by_pages: bool = False
) -> Iterator[pq.ParquetFile]:
    """Open a file; `by_pages` reads some columns page by page, and not a row group's at once."""
    at_once = is_remote(file.path) and not by_pages
    with (
        file.open() as stream,
        damage_of(file.path),
        pq.ParquetFile(
            stream, metadata=metadata, pre_buffer=at_once, buffer_size=_PAGE if by_pages else 0
        ) as opened,
    ):
        yield opened
