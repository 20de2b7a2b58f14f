"""One process at a time."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from onelayer.errors import InputError, OnelayerError
from onelayer.storage.files import said

try:
    fcntl: Any = import_module("fcntl")
except ImportError:  # Windows
    fcntl = None
    msvcrt: Any = import_module("msvcrt")


class Lock:
    """A file that one holder has. The system lets it go when the holder dies.

    Parameters
    ----------
    path : Path
    what : Path
        What is locked by it, for the message.

    Raises
    ------
    InputError
        If another process, or another part of this one, has it.
    OnelayerError
        If the file cannot be made or written.
    """

    def __init__(self, path: Path, what: Path) -> None:
        self._path = path
        while True:
            with said(path):
                self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                _lock(self._file)
            except OSError:
                holder = os.read(self._file, 20).decode("ascii", "replace").strip()
                os.close(self._file)
                by = f" by process {holder}" if holder else ""
                raise InputError(
                    f"{what}: is in use{by}. Wait until it has ended, or name another place."
                ) from None
            # A holder that ended just now has removed the file that was opened here.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._file), os.stat(path)):
                    break
            os.close(self._file)
        try:
            with said(path):
                os.ftruncate(self._file, 0)
                os.write(self._file, f"{os.getpid()}\n".encode())
        except OnelayerError:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return the lock."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let it go."""
        self.close()

    def close(self) -> None:
        """Let it go."""
        with suppress(OSError):  # on Windows nobody removes what is open
            os.unlink(self._path)
        os.close(self._file)


def _lock(file: int) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
