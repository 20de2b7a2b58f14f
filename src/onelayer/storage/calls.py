"""The calls by which anything on disk is changed. Everything else stands on these.

They are few and in one place, so that a test can stand under them: stop the program at any of them,
and lose what was not yet synced.
"""

from __future__ import annotations

import os
from pathlib import Path


def create(path: Path) -> int:
    """Open a new file for writing; return its descriptor."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)


def write(file: int, content: bytes | memoryview) -> int:
    """Write some of the content; return how many bytes."""
    return os.write(file, content)


def sync(file: int) -> None:
    """Wait until a file's content is on disk."""
    os.fsync(file)


def close(file: int) -> None:
    """Close a file."""
    os.close(file)


def rename(old: Path, new: Path) -> None:
    """Give a file another name, in place of whatever had it."""
    os.replace(old, new)


def unlink(path: Path) -> None:
    """Remove a file."""
    os.unlink(path)


def mkdir(path: Path) -> None:
    """Make a folder."""
    os.mkdir(path)


def rmdir(path: Path) -> None:
    """Remove an empty folder."""
    os.rmdir(path)


def sync_folder(path: Path) -> None:
    """Wait until a folder's names are on disk, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows keeps names by itself
        return
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
