"""What the metadata of an Arrow file says: its messages and its footer, which are flatbuffers."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

DICTIONARY, BATCH = 2, 3
"""Kinds of messages; 1 is the schema."""

_PLACE = struct.Struct("<q16x")  # of a message; its lengths follow, which are in its header too


class Header(NamedTuple):
    """What a message says of itself: its kind, the rows of a batch, and the bytes of its body."""

    kind: int
    rows: int
    body: int


def header(metadata: bytes) -> Header:
    """Return what the metadata of a message says.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    with _in_bounds("the metadata of a batch is damaged"):
        root = _number(metadata, 0, "<I")
        kind = _field(metadata, root, 1, "<B")
        rows = 0
        if kind == BATCH:
            rows = _field(metadata, _follow(metadata, _slot(metadata, root, 2)), 0, "<q")
        return Header(kind, rows, _field(metadata, root, 3, "<q"))


def places(footer: bytes) -> tuple[list[int], list[int]]:
    """Return where the dictionaries and the batches of a file begin.

    Raises
    ------
    ValueError
        If the footer is damaged.
    """
    with _in_bounds("its footer is damaged"):
        root = _number(footer, 0, "<I")
        return _places(footer, _slot(footer, root, 2)), _places(footer, _slot(footer, root, 3))


def _places(footer: bytes, slot: int) -> list[int]:
    if not slot:
        return []
    vector = _follow(footer, slot)
    end = vector + 4 + _number(footer, vector, "<I") * _PLACE.size
    if end > len(footer):
        raise struct.error
    return [begin for (begin,) in _PLACE.iter_unpack(footer[vector + 4 : end])]


@contextmanager
def _in_bounds(damage: str) -> Iterator[None]:
    try:
        yield
    except struct.error as error:
        raise ValueError(damage) from error


def _number(data: bytes, place: int, form: str) -> int:
    if place < 0:
        raise struct.error
    return int(struct.unpack_from(form, data, place)[0])


def _follow(data: bytes, place: int) -> int:
    return place + _number(data, place, "<I")


def _field(data: bytes, table: int, index: int, form: str) -> int:
    """Return a number of a flatbuffer's table; one that is left out is 0."""
    slot = _slot(data, table, index)
    return _number(data, slot, form) if slot else 0


def _slot(data: bytes, table: int, index: int) -> int:
    """Return where a table has a field; 0 where it is left out."""
    fields = table - _number(data, table, "<i")
    entry = 4 + 2 * index
    offset = _number(data, fields + entry, "<H") if entry < _number(data, fields, "<H") else 0
    return table + offset if offset else 0
