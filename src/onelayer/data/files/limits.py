"""Files that expand: how large they are is asked before memory is."""

import gzip
import os
from collections.abc import Iterator
from typing import TextIO

from onelayer.data.memory import available_memory
from onelayer.errors import InputError

MOST_EXPANSION = 1032
"""Deflate cannot make fewer bytes of so many (zlib, "Maximum expansion factor")."""

LONGEST_LINE = 1 << 24
"""Characters of a table's first line, and bytes of any other line of one that is packed."""

MOST_COLUMNS = 250_000
"""Of a table as text, which takes polars some 20 seconds and 2 GB for so many."""

_PIECE = 1 << 20
_SMALL = 1 << 26  # bytes: what cannot expand to more does no harm, whatever it holds


def check_size(size: int, source: str) -> None:
    """Refuse what is larger than the memory.

    Raises
    ------
    InputError
    """
    most = available_memory()
    if size > most:
        raise InputError(
            f"{source}: expands to {size / 1e9:.1f} GB, and {most / 1e9:.1f} GB of memory are "
            "free; give fewer examples, or uncompressed .npy files, which are not loaded whole."
        )


def check_inflated(path: str, source: str) -> None:
    """Refuse a gzip file that expands to more than the memory or to an endless line.

    What it holds is not kept.

    Raises
    ------
    InputError, gzip.BadGzipFile, EOFError, zlib.error
    """
    most = available_memory()
    if os.path.getsize(path) * MOST_EXPANSION <= min(most, _SMALL):
        return
    size = line = 0
    with gzip.open(path) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            first, last = piece.find(b"\n"), piece.rfind(b"\n")
            line += len(piece) if first < 0 else first
            if line > LONGEST_LINE:
                raise InputError(
                    f"{source}: expands to a line longer than {LONGEST_LINE:,} characters; is "
                    "this a table?"
                )
            line = line if first < 0 else len(piece) - 1 - last
            if size > most:
                check_size(size, source)


def short_lines(stream: TextIO, source: str) -> Iterator[str]:
    """Yield the lines of a text.

    Raises
    ------
    InputError
        If one is longer than the names of any table's columns.
    """
    while line := stream.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise InputError(
                f"{source}: the first line is longer than {LONGEST_LINE:,} characters; is this a "
                "table whose first line names the columns?"
            )
        yield line


def check_width(n_columns: int, source: str) -> None:
    """Refuse a table as text that has too many columns.

    Raises
    ------
    InputError
    """
    if n_columns > MOST_COLUMNS:
        raise InputError(
            f"{source}: the first line names {n_columns:,} columns, and text is read with up to "
            f"{MOST_COLUMNS:,}; give the values as a .npy or .npz file."
        )
