"""A whole file in memory, read through the system's cache or past it.

What passes through the cache is copied, and other files have to leave for it. Past it the disk
writes into our own memory, which takes a tenth of the processor's time, or less. Linux calls that
O_DIRECT; elsewhere, and on file systems that refuse it, files are read through the cache.
"""

from __future__ import annotations

import ctypes
import io
import mmap
import os
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.blocks.buffers import ALIGNED, Buffers

_PAST_CACHE: int | None = getattr(os, "O_DIRECT", None)
_WORTH_IT = 2**20  # bytes
_CACHED = 0.5
"""A file of which the cache holds this share is read through it."""


def read_whole(
    path: Path, most: int, memory: Buffers, *, past_cache: bool = False
) -> NDArray[np.uint8]:
    """Return the bytes of a file.

    Parameters
    ----------
    path : Path
    most : int
        It is refused if it has more bytes.
    memory : Buffers
        Where large files are read to.
    past_cache : bool
        Whether to leave the system's cache as it is, if the file is large and not in it.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, or has another size than its folder says.
    """
    if path.is_fifo():  # opening it would wait for one who writes
        raise ValueError("it is a pipe")
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise ValueError(f"it has {size:,} bytes, and at most {most:,} were expected")
        if size < _WORTH_IT:
            content = np.empty(size, np.uint8)
        else:
            whole = memory.raw(-(-size // ALIGNED) * ALIGNED)
            content = whole[:size]
            if past_cache and not _is_cached(file, size):
                file.seek(_read_past_cache(path, whole, size))
        _read_rest(file, content)
    return content


def _read_rest(file: io.FileIO, content: NDArray[np.uint8]) -> None:
    """Read what comes after the place that a file is at."""
    rest = content[file.tell() :].data
    while len(rest):
        if not (read := file.readinto(rest)):
            raise ValueError("it became shorter while it was read")
        rest = rest[read:]


def _read_past_cache(path: Path, whole: NDArray[np.uint8], size: int) -> int:
    """Read a file past the cache as far as the system lets us; return how many bytes are read."""
    if _PAST_CACHE is None:
        return 0
    done = 0
    with suppress(OSError):  # a reading through the cache follows, and says what is wrong
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | _PAST_CACHE)
        try:
            while done < size and done % ALIGNED == 0:
                if not (read := os.preadv(file, [whole[done:].data], done)):
                    break
                done += read
        finally:
            os.close(file)
    return min(done, size)


def _is_cached(file: io.FileIO, size: int) -> bool:
    """Whether the system's cache holds much of a file; True where it does not tell."""
    if (libc := _libc()) is None:
        return True
    pages = np.zeros(-(-size // mmap.PAGESIZE), np.uint8)
    try:
        with closing(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)) as view:
            begin = np.frombuffer(view, np.uint8).ctypes.data
            place, length = ctypes.c_void_p(begin), ctypes.c_size_t(size)
            if libc.mincore(place, length, ctypes.c_void_p(pages.ctypes.data)):
                return True
    except (OSError, ValueError):
        return True
    return float((pages & 1).mean()) >= _CACHED


@cache
def _libc() -> Any:
    """Return the C library, where it knows what is cached."""
    with suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL(None)
        _ = libc.mincore
        return libc
    return None
