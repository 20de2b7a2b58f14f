"""An Arrow file (Feather is another name of it) or a stored stream: its batches are the pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.ipc

from onelayer.data.blocks.readers.arrow_messages import Layout, Message, find_batches
from onelayer.data.blocks.readers.arrow_tables import arrow_schema, as_frame, damage_of
from onelayer.data.blocks.readers.places import DataFile
from onelayer.data.files.limits import check_size
from onelayer.data.files.pandas_index import index_columns

_IN_THIS_THREAD = pa.ipc.IpcReadOptions(use_threads=False)  # others compute meanwhile


@dataclass(frozen=True)
class ArrowTable:
    """A file of which it is known where its batches are."""

    file: DataFile
    layout: Layout
    schema: dict[str, pl.DataType]
    index: tuple[str, ...]

    @classmethod
    def of(cls, file: DataFile) -> ArrowTable:
        """Read the metadata of all batches of a file.

        Raises
        ------
        InputError
            If it is damaged.
        """
        with file.open() as stream, damage_of(file.path):
            layout = find_batches(stream, file.size)
            stream.seek(0)
            if layout.is_stream:
                found = pa.ipc.read_schema(pa.py_buffer(stream.read(layout.heads[0].end)))
            else:
                with pa.ipc.open_file(stream) as reader:
                    found = reader.schema
        schema = arrow_schema(found, file.path)
        index = index_columns((found.metadata or {}).get(b"pandas"), tuple(schema))
        return cls(file, layout, schema, index)

    @property
    def source(self) -> str:
        """The path."""
        return self.file.path

    @property
    def lengths(self) -> tuple[int, ...]:
        """Rows of each batch."""
        return tuple(batch.rows for batch in self.layout.batches)

    def read(self, piece: int, names: Sequence[str]) -> pl.DataFrame:
        """Return some columns of a batch."""
        with self.file.open() as stream, damage_of(self.source):
            read = self._of_stream if self.layout.is_stream else self._of_file
            rows = pa.Table.from_batches([read(stream, piece)])
            rows.validate(full=True)  # offsets of lists and text, which lead anywhere
            return as_frame(rows, names, self.source)

    def first_row(self, names: Sequence[str]) -> pl.DataFrame:
        """Return some columns of the first batch that has rows."""
        return self.read(next(i for i, length in enumerate(self.lengths) if length), names)

    def _of_file(self, stream: BinaryIO, piece: int) -> pa.RecordBatch:
        self._check_size([*self.layout.heads, self.layout.batches[piece]])
        with pa.ipc.open_file(stream, options=_IN_THIS_THREAD) as reader:
            return reader.get_batch(piece)

    def _of_stream(self, stream: BinaryIO, piece: int) -> pa.RecordBatch:
        batch = self.layout.batches[piece]
        needed = [*(head for head in self.layout.heads if head.begin < batch.begin), batch]
        self._check_size(needed)
        parts: list[bytes] = []  # what a stream of this batch alone would be
        for message in needed:
            stream.seek(message.begin)
            parts.append(stream.read(message.end - message.begin))
        together = pa.py_buffer(b"".join(parts))
        with pa.ipc.open_stream(together, options=_IN_THIS_THREAD) as reader:
            return reader.read_next_batch()

    def _check_size(self, messages: Sequence[Message]) -> None:
        check_size(sum(message.end - message.begin for message in messages), self.source)
