"""Where the record batches of an Arrow file begin, and how many rows each has.

The columnar format (its version 1, "Serialization and interprocess communication"): a file is
``ARROW1`` with two bytes of padding, and then a stream. A stream is a sequence of messages: four
bytes of ones, the length of the metadata, the metadata as a flatbuffer, and a body. The body's
length and the rows are in the metadata, so that bodies are passed over. pyarrow tells the rows of a
batch only after it has read it.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

MAGIC = b"ARROW1\0\0"
_END = b"ARROW1"
_CONTINUED = 0xFFFFFFFF
_DICTIONARY, _BATCH = 2, 3  # kinds of messages; 1 is the schema
_MOST_METADATA = 1 << 28


class Message(NamedTuple):
    """A message in a file: its bytes from `begin` to before `end`, and its rows if it has any."""

    begin: int
    end: int
    rows: int


class Layout(NamedTuple):
    """The messages of a file: schema and dictionaries, which every reader needs, and batches."""

    heads: tuple[Message, ...]
    batches: tuple[Message, ...]


def find_batches(file: BinaryIO, size: int) -> Layout:
    """Return where the messages of a file are; bodies are not read.

    Raises
    ------
    ValueError
        If the file is cut off or damaged, or has no message.
    """
    heads: list[Message] = []
    batches: list[Message] = []
    is_stream = file.read(len(MAGIC)) != MAGIC
    begin = 0 if is_stream else len(MAGIC)
    file.seek(max(0, size - len(_END)))
    if not is_stream and file.read(len(_END)) != _END:
        raise ValueError("it is cut off")
    while True:
        file.seek(begin)
        prefix = file.read(8)
        if is_stream and heads and begin == size:  # its end need not be marked
            break
        if len(prefix) < 8:
            raise ValueError("it is cut off")
        marker, length = struct.unpack("<II", prefix)
        if marker != _CONTINUED or length > _MOST_METADATA:
            raise ValueError("it is no Arrow file of today's format")
        if not length:  # the end of the stream
            break
        metadata = file.read(length)
        kind, rows, body = _message(metadata)
        end = begin + len(prefix) + length + body
        if len(metadata) < length or body < 0 or rows < 0 or end > size:
            raise ValueError("it is cut off")
        (batches if kind == _BATCH else heads).append(Message(begin, end, rows))
        begin = end
    if not heads:
        raise ValueError("it has no schema")
    return Layout(tuple(heads), tuple(batches))


def _message(metadata: bytes) -> tuple[int, int, int]:
    """Return the kind of a message, the rows of a batch, and the length of the body."""
    try:
        root = struct.unpack_from("<I", metadata, 0)[0]
        kind = _field(metadata, root, 1, "<B")
        body = _field(metadata, root, 3, "<q")
        rows = 0
        if kind == _BATCH:
            place = _place(metadata, root, 2)
            batch = place + struct.unpack_from("<I", metadata, place)[0]
            rows = _field(metadata, batch, 0, "<q")
    except struct.error as error:
        raise ValueError("the metadata of a batch is damaged") from error
    return kind, rows, body


def _field(metadata: bytes, table: int, index: int, form: str) -> int:
    """Return a number of a flatbuffer's table; one that is left out is 0."""
    place = _place(metadata, table, index)
    return int(struct.unpack_from(form, metadata, place)[0]) if place else 0


def _place(metadata: bytes, table: int, index: int) -> int:
    """Return where a table has a field; 0 where it is left out."""
    fields = table - struct.unpack_from("<i", metadata, table)[0]
    if fields < 0:
        raise struct.error
    size = struct.unpack_from("<H", metadata, fields)[0]
    entry = 4 + 2 * index
    offset = struct.unpack_from("<H", metadata, fields + entry)[0] if entry < size else 0
    return table + offset if offset else 0
