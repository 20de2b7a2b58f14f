"""One process at a time."""

from __future__ import annotations

import os
from pathlib import Path

from onelayer.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt


class Lock:
    """A file that one holder has; it is let go when the holder closes it, or dies.

    The file stays: to remove it would let a third process lock another file of the same name.
    """

    def __init__(self, path: Path, what: Path) -> None:
        """Take the lock.

        Raises
        ------
        InputError
            If another process, or another part of this one, has it.
        """
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                msvcrt.locking(self._file, msvcrt.LK_NBLCK, 1)
        except OSError:
            holder = os.read(self._file, 20).decode("ascii", "replace").strip() if fcntl else ""
            os.close(self._file)
            by = f" by process {holder}" if holder else ""
            raise InputError(
                f"{what}: is in use{by}. Wait until it has ended, or name another place."
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def close(self) -> None:
        """Let it go."""
        os.close(self._file)
