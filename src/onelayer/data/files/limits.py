"""Files that expand: how large they are is asked before memory is."""

import gzip
import os
from collections.abc import Iterator
from typing import TextIO

from onelayer.errors import InputError

MOST_EXPANSION = 1032
"""Deflate cannot make fewer bytes of so many (zlib, "Maximum expansion factor")."""

LONGEST_LINE = 1 << 24
"""Characters of a table's first line: some millions of columns."""

_PIECE = 1 << 20


def available_memory() -> float:
    """Return how many bytes can be had; infinite where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return float("inf")


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
    """Refuse a gzip file that expands to more than the memory, without keeping what it holds.

    Raises
    ------
    InputError, gzip.BadGzipFile, EOFError, zlib.error
    """
    if os.path.getsize(path) * MOST_EXPANSION <= available_memory():
        return
    size = 0
    with gzip.open(path) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
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
