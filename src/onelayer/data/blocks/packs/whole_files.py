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
from onelayer.data.blocks.packs.crc import crc32, joined
from onelayer.data.rows import row_blocks
from onelayer.threads import available_cores, for_each

_PAST_CACHE: int | None = getattr(os, "O_DIRECT", None)
_WORTH_IT = 2**20  # bytes
_PART = 2**23  # bytes
_STEP = 2**20  # bytes
_READERS = 2
_CACHED = 0.5
"""A file of which the cache holds this share is read through it."""


def read_whole(
    path: Path, most: int, memory: Buffers, *, past_cache: bool = False, checks: bool = False
) -> tuple[NDArray[np.uint8], int]:
    """Return the bytes of a file and, if wanted, their CRC-32.

    Parts of a large file are read by two threads, each summed up while the processor's cache still
    holds it: nothing can be done before the first block is there, and a core would be idle.

    Parameters
    ----------
    path : Path
    most : int
        It is refused if it has more bytes.
    memory : Buffers
        Where large files are read to.
    past_cache : bool
        Whether to leave the system's cache as it is, if the file is large and not in it.
    checks : bool
        Whether the CRC-32 is wanted; else it is 0.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, or has another size than its folder says.
    """
    if path.is_fifo():  # opening it would wait for one who writes
        raise ValueError("it is a pipe")
    with path.open("rb", buffering=0) as file:
        known = os.fstat(file.fileno())
        size = known.st_size
        if size > most:
            raise ValueError(f"it has {size:,} bytes, and at most {most:,} were expected")
        if size < _WORTH_IT:
            whole, past_cache = np.empty(size, np.uint8), False
        else:
            whole = memory.raw(-(-size // ALIGNED) * ALIGNED)
            past_cache = past_cache and not _is_cached(file, size)
    parts = [_Part(path, known, whole, part, past_cache) for part in row_blocks(size, _PART)]
    found = [0] * len(parts)

    def read(i: int) -> None:
        found[i] = parts[i].read(checks=checks)

    for_each(read, range(len(parts)), min(_READERS, available_cores()))
    checksum = 0
    for part, own in zip(parts, found, strict=True):
        checksum = joined(checksum, own, part.end - part.begin)
    return whole[:size], checksum


class _Part:
    """Some bytes of a file, and where they go to."""

    def __init__(
        self, path: Path, known: os.stat_result, whole: NDArray[np.uint8], part: slice, past: bool
    ) -> None:
        self._path, self._known, self._whole, self._past_cache = path, known, whole, past
        self.begin: int = part.start
        self.end: int = part.stop

    def read(self, *, checks: bool) -> int:
        """Read them; return their CRC-32, or 0."""
        at = self.begin
        there = self._read_past_cache() if self._past_cache else at
        checksum = 0
        with self._path.open("rb", buffering=0) as file:
            if not os.path.samestat(os.fstat(file.fileno()), self._known):
                raise ValueError("it was replaced while it was read")
            file.seek(there)
            while at < self.end:
                to = min(at + _STEP, self.end)
                while there < to:
                    if not (read := file.readinto(self._whole[there:to].data)):
                        raise ValueError("it became shorter while it was read")
                    there += read
                if checks:
                    checksum = crc32(self._whole[at:to].data, checksum)
                at = to
        return checksum

    def _read_past_cache(self) -> int:
        """Read past the cache as far as the system lets us; return up to which byte."""
        done, end = self.begin, -(-self.end // ALIGNED) * ALIGNED
        if _PAST_CACHE is None:
            return done
        path = self._path
        with suppress(OSError):  # a reading through the cache follows, and says what is wrong
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | _PAST_CACHE)
            try:
                while done < end and done % ALIGNED == 0:
                    if not (read := os.preadv(file, [self._whole[done:end].data], done)):
                        break
                    done += read
            finally:
                os.close(file)
        return min(done, self.end)


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
