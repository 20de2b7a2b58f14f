"""Where the record batches of an Arrow file begin, and how many rows each has.

The columnar format (its version 1, "Serialization and interprocess communication"): a stream is a
sequence of messages: four bytes of ones, which old ones lack, the length of the metadata, the
metadata, and a body. The body's length and the rows are in the metadata, so that bodies are passed
over. A file is ``ARROW1`` with padding, messages, and a footer, which alone says where they are: in
which order they come, and what else is between them, is up to its writer. pyarrow tells the rows of
a batch only after it has read it.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from onelayer.data.blocks.readers.arrow_metadata import BATCH, DICTIONARY, header, places

_MAGIC = b"ARROW1"
_CONTINUED = 0xFFFFFFFF
_TAIL = struct.Struct(f"<i{len(_MAGIC)}s")  # the length of the footer before it
_MOST_METADATA = 1 << 28


class Message(NamedTuple):
    """A message in a file: its bytes from `begin` to before `end`, and its rows if it has any."""

    kind: int
    begin: int
    end: int
    rows: int


class Layout(NamedTuple):
    """The batches of a file, and the messages that every reader of one needs as well.

    Those are the dictionaries; of a stream its schema comes first.
    """

    is_stream: bool
    heads: tuple[Message, ...]
    batches: tuple[Message, ...]


def find_batches(file: BinaryIO, size: int) -> Layout:
    """Return where the messages of a file are; bodies are not read.

    Raises
    ------
    ValueError
        If the file is cut off or damaged, or has no message.
    """
    is_stream = file.read(len(_MAGIC)) != _MAGIC
    messages = _in_stream(file, size) if is_stream else _in_file(file, size)
    batches = tuple(message for message in messages if message.kind == BATCH)
    heads = tuple(message for message in messages if message.kind != BATCH)
    return Layout(is_stream, heads, batches)


def _in_file(file: BinaryIO, size: int) -> list[Message]:
    """Return what the footer tells of, batches in its order."""
    end = size - _TAIL.size
    file.seek(max(0, end))
    tail = file.read()
    if end < 0 or not tail.endswith(_MAGIC):
        raise ValueError("it is cut off")
    length, _ = _TAIL.unpack(tail)
    if not 0 < length <= end:
        raise ValueError("its footer is damaged")
    file.seek(end - length)
    found: list[Message] = []
    for kind, begins in zip((DICTIONARY, BATCH), places(file.read(length)), strict=True):
        for begin in begins:
            message = _message(file, begin, end - length)
            if message is None or message.kind != kind:
                raise ValueError("its footer is damaged")
            found.append(message)
    return found


def _in_stream(file: BinaryIO, size: int) -> list[Message]:
    found: list[Message] = []
    begin = 0
    while not found or begin < size:  # its end need not be marked
        message = _message(file, begin, size)
        if message is None:
            break
        found.append(message)
        begin = message.end
    if not found:
        raise ValueError("it has no schema")
    return found


def _message(file: BinaryIO, begin: int, size: int) -> Message | None:
    """Return the message that begins somewhere; None for the mark of the end."""
    file.seek(begin)
    length = _length(file)
    if length == _CONTINUED:
        length = _length(file)
    if not length:
        return None
    if length > _MOST_METADATA:
        raise ValueError("it is no Arrow file")
    metadata = file.read(length)
    found = header(metadata)
    end = file.tell() + found.body
    if len(metadata) < length or found.body < 0 or found.rows < 0 or end > size:
        raise ValueError("it is cut off")
    return Message(found.kind, begin, end, found.rows)


def _length(file: BinaryIO) -> int:
    data = file.read(4)
    if len(data) < 4:
        raise ValueError("it is cut off")
    return int.from_bytes(data, "little")
