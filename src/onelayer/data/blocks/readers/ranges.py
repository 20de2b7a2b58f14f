"""A file elsewhere, of which ranges of bytes are read."""

from __future__ import annotations

import io
from typing import Any

from onelayer.errors import InputError


class RangeFile(io.RawIOBase):
    """A file of an fsspec file system, each read of which asks for the bytes that it needs.

    fsspec's own open files read ahead by megabytes, where a header is some hundred bytes, and two
    readers of ``memory://`` get one position.

    Parameters
    ----------
    system : fsspec file system
    path : str
        The file there.
    source : str
        What messages call it.
    size : int
        In bytes.
    """

    def __init__(self, system: Any, path: str, source: str, size: int) -> None:
        self._system, self._path, self._source, self._size = system, path, source, size
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to another position, and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("a position before the beginning of the file")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the file goes, and return the number of bytes.

        Raises
        ------
        InputError
            If fewer come than there should be, or the storage fails.
        """
        view = memoryview(buffer).cast("B")
        want = max(0, min(len(view), self._size - self._position))
        if not want:
            return 0
        end = self._position + want
        try:
            found = self._system.cat_file(self._path, start=self._position, end=end)
        except Exception as error:  # each kind of storage has its own
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(
                f"{self._source}: cannot be read ({reason}); check it and try again."
            ) from error
        if len(found) != want:
            raise InputError(
                f"{self._source}: gave {len(found):,} bytes where {want:,} were asked for; check "
                "that it is whole, and that its server gives parts of files."
            )
        view[:want] = found
        self._position = end
        return want
