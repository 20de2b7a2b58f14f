"""Files of data where they lie: in a folder of this machine, or elsewhere, by fsspec."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from onelayer.data.blocks.readers.ranges import RangeFile
from onelayer.data.optional import needs
from onelayer.data.permissions import may_not_be_read
from onelayer.errors import InputError

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(::.+)?://")
_BUFFER = 1 << 16


@dataclass(frozen=True)
class DataFile:
    """A file as it was when it was found; it is opened anew by each reader.

    Attributes
    ----------
    path : str
        A path of this machine, or an address such as ``s3://bucket/name``.
    size : int
        In bytes.
    changed : int
        When, in nanoseconds; 0 where that is not known.
    """

    path: str
    size: int
    changed: int = 0

    @property
    def name(self) -> str:
        """Its name in its folder."""
        return name_of(self.path)

    def open(self) -> BinaryIO:
        """Return the open file.

        Raises
        ------
        InputError
            If it is gone or was changed since it was found.
        """
        if is_remote(self.path):
            system, path = _system(self.path)
            with reached(self.path, again=True):
                system.invalidate_cache(path)  # of what the listing of its folder said
                now = DataFile(self.path, _size(system.info(path), self.path))
            self._check_unchanged(now)
            return io.BufferedReader(RangeFile(system, path, self.path, self.size), _BUFFER)
        with reached(self.path, again=True):
            file = open(self.path, "rb")  # noqa: SIM115 - the reader closes it
        try:
            self._check_unchanged(_local(self.path, os.fstat(file.fileno())))
        except InputError:
            file.close()
            raise
        return file

    def _check_unchanged(self, now: DataFile) -> None:
        if now != self:
            sizes = f" ({self.size:,} bytes then, {now.size:,} now)" * (now.size != self.size)
            raise InputError(
                f"{self.path}: was changed since it was opened first{sizes}; start anew with files "
                "that stay as they are."
            )


def is_remote(path: str) -> bool:
    """Whether a path is an address, such as ``s3://bucket/name``."""
    return _REMOTE.match(path) is not None


def name_of(path: str) -> str:
    """Return the last part of a path."""
    return re.split(r"/|\\" if os.sep == "\\" else "/", path.rstrip("/"))[-1]


def find(path: str) -> DataFile | list[DataFile]:
    """Return the file at a path; of a folder the files in it, in the natural order of their names.

    Those whose names begin with a dot or an underscore are left out, and so are folders.

    Raises
    ------
    InputError
        If there is none, it cannot be reached, or a library that is needed for it is missing.
    """
    found = _find_remote(path) if is_remote(path) else _find_local(path)
    if isinstance(found, list):
        return sorted(
            (file for file in found if not file.name.startswith((".", "_"))),
            key=lambda file: natural(file.name),
        )
    return found


def natural(name: str) -> tuple[Any, ...]:
    """Return a key that sorts names as people count: ``part-2`` before ``part-10``."""
    parts = re.split(r"([0-9]+)", name)
    return (*(int(part) if i % 2 else part for i, part in enumerate(parts)), name)


@contextmanager
def reached(path: str, *, again: bool = False) -> Iterator[None]:
    """Turn whatever goes wrong on the way to a file into one message.

    `again` says that it was there before. Libraries of remote storage raise errors of their own
    kinds, so that all are caught there.
    """
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError as error:
        if again:
            raise InputError(
                f"{path}: is gone, and was there when the data were opened; start anew with files "
                "that stay as they are."
            ) from error
        raise InputError(f"{path}: there is no such file or folder; check the path.") from error
    except PermissionError as error:
        raise may_not_be_read(path) from error
    except Exception as error:
        if not (is_remote(path) or isinstance(error, OSError | MemoryError)):
            raise
        reason = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
        raise InputError(
            f"{path}: cannot be read ({str(reason).splitlines()[0]}); check it and try again."
        ) from error


def _find_local(path: str) -> DataFile | list[DataFile]:
    with reached(path):
        if not os.path.isdir(path):
            found = os.stat(path)
            if not stat.S_ISREG(found.st_mode):
                raise InputError(f"{path}: is neither a file nor a folder; give one of them.")
            return _local(path, found)
        with os.scandir(path) as entries:
            return [_local(entry.path, entry.stat()) for entry in entries if entry.is_file()]


def _find_remote(path: str) -> DataFile | list[DataFile]:
    system, inner = _system(path)
    with reached(path):
        system.invalidate_cache()
        info = system.info(inner)
        if info["type"] != "directory":
            return DataFile(path, _size(info, path))
        return [
            DataFile(system.unstrip_protocol(entry["name"]), _size(entry, entry["name"]))
            for entry in system.ls(inner, detail=True)
            if entry["type"] == "file"
        ]


def _system(path: str) -> tuple[Any, str]:
    """Return fsspec's file system for an address, and the path in it."""
    with needs(f"{path}: reading it", "large"):
        import fsspec
    try:
        system, inner = fsspec.url_to_fs(path)
    except ImportError as error:  # that of one kind of storage, such as s3fs
        raise InputError(f"{path}: {error}.") from error
    except ValueError as error:
        raise InputError(f"{path}: is no address that is known ({error}).") from error
    return system, inner


def _local(path: str, found: os.stat_result) -> DataFile:
    return DataFile(path, found.st_size, found.st_mtime_ns)


def _size(info: dict[str, Any], path: str) -> int:
    size = info.get("size")
    if size is None:
        raise InputError(f"{path}: its size is not known there; copy it to a folder first.")
    return int(size)
