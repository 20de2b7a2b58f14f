"""Files that are there as a whole or not at all, and that stay once they are there."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from onelayer.errors import InputError, OnelayerError
from onelayer.storage import calls

PARTIAL = ".partial"
"""How the name of a file that is being written ends."""

_ADVICE = {
    errno.ENOSPC: "The disk is full: make room",
    errno.EDQUOT: "Your share of the disk is full: make room",
    errno.EFBIG: "The file would be larger than this process may write: raise the limit",
    errno.EROFS: "The file system cannot be written to: name another folder",
    errno.EACCES: "You may not write there: name another folder",
    errno.EPERM: "You may not write there: name another folder",
    errno.ENOENT: "The folder is gone: make it again",
    errno.ENOTDIR: "The folder is gone: make it again",
    errno.EISDIR: "A folder has its name: move that away",
    errno.ELOOP: "Links lead in a circle there: name another place",
}


class Writing:
    """A file that is being written beside its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(
            f".{path.name}.{os.getpid()}.{threading.get_ident()}{PARTIAL}"
        )
        with said(path):
            self._descriptor = calls.create(self._beside)

    def write(self, content: bytes | bytearray | memoryview) -> int:
        """Write all of the content; return its length in bytes."""
        rest = memoryview(content).cast("B")
        with said(self._path):
            while len(rest):
                rest = rest[calls.write(self._descriptor, rest) :]
        return len(content)

    def take_place(self) -> None:
        """Let the file take its place."""
        with said(self._path):
            calls.sync(self._descriptor)
            calls.rename(self._beside, self._path)
            calls.sync_folder(self._path.parent)

    def close(self, *, taken: bool) -> None:
        """Close the file, and remove it where it did not take its place."""
        with suppress(OSError):
            calls.close(self._descriptor)
            if not taken:
                calls.unlink(self._beside)


@contextmanager
def replacing(path: Path) -> Iterator[Writing]:
    """Open a file that takes its place at `path` when the block ends well.

    It is written beside, synced, renamed, and its folder synced: after a crash or a loss of power
    there is the old content or the new, never a part.

    Raises
    ------
    OnelayerError
        If it cannot be written: what was at `path` is as before then.
    """
    file, taken = Writing(path), False
    try:
        yield file
        file.take_place()
        taken = True
    finally:
        file.close(taken=taken)


def write_file(path: Path, content: bytes | bytearray | memoryview) -> None:
    """Write a file, whole or not at all; see `replacing`."""
    with replacing(path) as file:
        file.write(content)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where they are not there.

    Raises
    ------
    InputError
        If there is a file of that name.
    OnelayerError
        If it cannot be made.
    """
    missing = []
    while not path.is_dir():
        if path.exists():
            raise InputError(f"{path}: is a file; name a folder.")
        missing.append(path)
        path = path.parent
    with said(path):
        for folder in reversed(missing):
            with suppress(FileExistsError):  # another thread was quicker
                calls.mkdir(folder)
            calls.sync_folder(folder.parent)


def remove_file(path: Path) -> None:
    """Remove a file, if it is there.

    Raises
    ------
    OnelayerError
        If it cannot be removed.
    """
    with said(path), suppress(FileNotFoundError):
        calls.unlink(path)
        calls.sync_folder(path.parent)


def remove_folder(path: Path) -> None:
    """Remove a folder and the files in it, if it is there; it may hold no other folders.

    Raises
    ------
    OnelayerError
        If it cannot be removed.
    """
    if not path.is_dir():
        return
    with said(path):
        for file in sorted(path.iterdir()):
            calls.unlink(file)
        calls.rmdir(path)
        calls.sync_folder(path.parent)


@contextmanager
def said(path: Path) -> Iterator[None]:
    """Turn what the system says into one message that names the path and what to do."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "Look after the disk")
        raise OnelayerError(
            f"{path}: cannot be written: {error.strerror or error}. {advice}, and give the same "
            "command again."
        ) from None
