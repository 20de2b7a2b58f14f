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
            stream.seek(layout.heads[0].begin)
            head = stream.read(layout.heads[0].end - layout.heads[0].begin)
            found = pa.ipc.read_schema(pa.py_buffer(head))
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
        batch = self.layout.batches[piece]
        needed = [head for head in self.layout.heads if head.begin < batch.begin]
        with self.file.open() as stream, damage_of(self.source):
            # What a stream of this batch alone would be.
            messages = b"".join(self._bytes(stream, message) for message in [*needed, batch])
            options = pa.ipc.IpcReadOptions(use_threads=False)
            with pa.ipc.open_stream(pa.py_buffer(messages), options=options) as reader:
                rows = pa.Table.from_batches([reader.read_next_batch()])
            rows.validate(full=True)  # offsets of lists and text, which lead anywhere
            return as_frame(rows, names, self.source)

    def first_row(self, names: Sequence[str]) -> pl.DataFrame:
        """Return some columns of the first batch that has rows."""
        return self.read(next(i for i, length in enumerate(self.lengths) if length), names)

    def _bytes(self, stream: BinaryIO, message: Message) -> bytes:
        check_size(message.end - message.begin, self.source)
        stream.seek(message.begin)
        return stream.read(message.end - message.begin)
