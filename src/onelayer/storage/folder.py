"""A folder of files that belong together: changed by transactions, read with checksums.

``manifest.json`` lists each file with the SHA-256 of its content. A transaction

1. writes the manifest with the new checksum of each of its files beside the old one,
2. writes the files and removes those that go,
3. writes the manifest with the new checksums alone.

Whenever it is cut off, each file has one of the checksums that the manifest allows. If all have the
new ones, the transaction is completed when the folder is opened; otherwise it did not happen, and
what it wrote is to be written again: a file that has no longer the old content is not listed any
more.
Any other content was damaged or edited by somebody else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from onelayer.errors import Argument, InputError, OnelayerError
from onelayer.storage import calls
from onelayer.storage.files import PARTIAL, make_folder, remove_file, said, write_file
from onelayer.storage.lock import Lock

MANIFEST, LOCK = "manifest.json", ".lock"
FORMAT = 2
"""Of the manifest; it rises when a reader must know."""

START_ANEW = " Put it back, or start anew with ", Argument("force", "True"), "."


class Folder:
    """A folder with a manifest.

    Attributes
    ----------
    path : Path
    names : frozenset of str
        Of the files that the manifest lists, with "/" between a folder and a file.
    """

    def __init__(self, path: Path, lock: Lock | None) -> None:
        self.path = path
        self._lock = lock
        self._files, self._pending, self._removed = _read_manifest(path)
        self._begun = frozenset(self._pending)
        """What a transaction that was cut off may have written."""
        self._goes_if_empty = False
        if self._pending or self._removed:
            self._settle()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a folder to be read.

        Raises
        ------
        InputError
            If there is none, or its manifest cannot be used.
        """
        if not path.is_dir():
            what = "is a file; name a folder" if path.exists() else "there is no such folder"
            raise InputError(f"{path}: {what}.")
        return cls(path, None)

    @classmethod
    def lock(cls, path: Path) -> Self:
        """Open a folder to be written to, for this process alone; it is made if there is none.

        Raises
        ------
        InputError
            If it is a file, another process has it, or its manifest cannot be used.
        OnelayerError
            If it cannot be made or written to.
        """
        is_made_here = not path.exists()
        make_folder(path)
        with said(path):
            lock = Lock(path / LOCK, path)
        try:
            folder = cls(path, lock)
            folder._goes_if_empty = is_made_here
            return folder
        except BaseException:
            lock.close()
            raise

    def close(self) -> None:
        """Let other processes have it. If it was made here and nothing was written, it goes."""
        if self._lock is not None:
            self._lock.close()
        if self._goes_if_empty:
            with suppress(OnelayerError, OSError):
                if not any(self.path.iterdir()):
                    calls.rmdir(self.path)

    def __enter__(self) -> Self:
        """Return the folder."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let other processes have it."""
        self.close()

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever written here."""
        return not (self.path / MANIFEST).exists()

    @property
    def names(self) -> frozenset[str]:
        """The files that the manifest lists."""
        return frozenset(self._files)

    def foreign(self) -> Iterator[Path]:
        """Yield what lies at the top of the folder and is no file of ours."""
        ours = {MANIFEST, LOCK, *(name.partition("/")[0] for name in {*self._files, *self._begun})}
        for path in sorted(self.path.iterdir()):
            if path.name not in ours and not path.name.endswith(PARTIAL):
                yield path

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        InputError
            If it is missing, damaged, or was edited.
        """
        try:
            content = (self.path / name).read_bytes()
        except OSError as error:
            raise InputError(
                f"{self.path / name}: cannot be read: {error.strerror}.", *START_ANEW
            ) from None
        if _digest(content) != self._files[name]:
            raise InputError(
                f"{self.path / name}: is damaged, or was edited after it was written.", *START_ANEW
            )
        return content

    def verify(self) -> None:
        """Read every file.

        Raises
        ------
        InputError
            As for `read`.
        """
        for name in sorted(self._files):
            self.read(name)

    def commit(self, files: Mapping[str, bytes], remove: Iterable[str] = ()) -> None:
        """Write files, and remove some: all of it or nothing.

        Raises
        ------
        OnelayerError
            If something cannot be written. What was there can still be read then.
        """
        assert self._lock is not None, "the folder was opened to be read"
        self._pending = self._digests(files)
        self._removed = [name for name in remove if name in self._files]
        self._write_manifest()
        for name, content in files.items():
            make_folder((self.path / name).parent)
            write_file(self.path / name, content)
        self._complete()

    def clear(self) -> None:
        """Remove the files that the manifest lists, and nothing else."""
        self.commit({}, remove=sorted(self._files))

    def sweep_up(self) -> None:
        """Remove what writes that were cut off have left."""
        for partial in self.path.rglob(f".*{PARTIAL}"):
            remove_file(partial)

    @staticmethod
    def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
        return {name: _digest(content) for name, content in files.items()}

    def _settle(self) -> None:
        """Complete the transaction that was cut off, or take what it overwrote off the list."""
        there = {name: self._digest_of(name) for name in self._pending}
        if there == self._pending:
            self._complete()
            return
        for name in self._pending:
            if name in self._files and there[name] != self._files[name]:
                if there[name] not in (None, self._pending[name]):
                    raise InputError(f"{self.path / name}: is damaged.", *START_ANEW)
                del self._files[name]
        self._pending, self._removed = {}, []

    def _complete(self) -> None:
        self._files |= self._pending
        removed = self._removed
        for name in removed:
            if self._lock is not None:
                remove_file(self.path / name)
            self._files.pop(name, None)
        self._pending, self._removed = {}, []
        if self._lock is not None:
            self._remove_empty(removed)
            self._write_manifest()

    def _remove_empty(self, names: Iterable[str]) -> None:
        for parent in sorted({(self.path / name).parent for name in names}):
            if parent != self.path and parent.is_dir() and not any(parent.iterdir()):
                with said(parent):
                    calls.rmdir(parent)

    def _write_manifest(self) -> None:
        files: dict[str, Any] = dict(sorted(self._files.items()))
        document = {"format": FORMAT, "files": files}
        if self._pending or self._removed:
            document |= {"pending": dict(sorted(self._pending.items())), "removed": self._removed}
        write_file(self.path / MANIFEST, f"{json.dumps(document, indent=1)}\n".encode())

    def _digest_of(self, name: str) -> str | None:
        try:
            return _digest((self.path / name).read_bytes())
        except OSError:
            return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_manifest(path: Path) -> tuple[dict[str, str], dict[str, str], Sequence[str]]:
    """Return the checksums of the files, those of a transaction under way, and what it removes."""
    manifest = path / MANIFEST
    try:
        document = json.loads(manifest.read_bytes())
        written = document["format"]
        files, pending = document.get("files", {}), document.get("pending", {})
        removed = list(document.get("removed", []))
        if not all(isinstance(table, dict) for table in (files, pending)):
            raise TypeError
    except FileNotFoundError:
        return {}, {}, []
    except OSError as error:
        raise InputError(f"{manifest}: cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError(f"{manifest}: is damaged; name another folder.") from None
    if written != FORMAT:
        raise InputError(
            f"{manifest}: has format {written!r}, and this onelayer reads format {FORMAT}; name "
            "another folder."
        )
    return files, pending, removed
