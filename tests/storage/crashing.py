"""A disk under the calls of `onelayer.storage.calls` that stops the program and loses power.

What the calls do is really done in a folder. Beside it the disk knows what would be left after a
crash: content is safe once its file was synced, and names (of files that were made, renamed or
removed) once their folder was synced.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onelayer.storage import calls

VARIANTS = ("killed", "content lost", "names lost", "some names lost")


class Crash(BaseException):
    """The end of the process: nothing catches it."""


class Disk:
    """A disk on which the program stops at a call.

    Parameters
    ----------
    stop_at : int or None
        The number of the call that is not made any more, from 0; None: all are made.
    """

    def __init__(self, stop_at: int | None) -> None:
        self.stop_at = stop_at
        self.calls = 0
        self._paths: dict[int, Path] = {}
        self._written: set[int] = set()
        self._unsynced: set[Path] = set()
        self._names: list[tuple[Path, Callable[[], None]]] = []
        """For each change of a name that is not safe: the path, and how it is undone."""

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand under the calls."""
        for name in ("create", "write", "sync", "close", "rename", "unlink", "mkdir", "rmdir",
                     "sync_folder"):  # fmt: skip
            patch.setattr(calls, name, getattr(self, name))

    def _count(self) -> None:
        if self.stop_at is not None and self.calls >= self.stop_at:
            raise Crash
        self.calls += 1

    def create(self, path: Path) -> int:
        self._count()
        before = path.read_bytes() if path.exists() else None
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        self._paths[file] = path
        self._unsynced.add(path)
        self._names.append((path, lambda: _put(path, before)))
        return file

    def write(self, file: int, content: Any) -> int:
        try:
            self._count()
        except Crash:
            os.write(file, bytes(content)[: len(content) // 2])  # stopped in the middle
            raise
        # As a system may, it takes less than it was given, the first time.
        most = len(content) if file in self._written else 1 + len(content) // 2
        self._written.add(file)
        return os.write(file, bytes(content)[:most])

    def sync(self, file: int) -> None:
        self._count()
        self._unsynced.discard(self._paths[file])

    def close(self, file: int) -> None:
        self._written.discard(file)
        os.close(file)  # changes nothing on disk

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        before = new.read_bytes() if new.exists() else None
        os.replace(old, new)
        if old in self._unsynced:
            self._unsynced.remove(old)
            self._unsynced.add(new)

        def undo() -> None:
            if new.exists():
                os.replace(new, old)
            _put(new, before)

        self._names.append((new, undo))

    def unlink(self, path: Path) -> None:
        self._count()
        before = path.read_bytes()
        os.unlink(path)
        self._names.append((path, lambda: _put(path, before)))

    def mkdir(self, path: Path) -> None:
        self._count()
        os.mkdir(path)
        self._names.append((path, lambda: shutil.rmtree(path, ignore_errors=True)))

    def rmdir(self, path: Path) -> None:
        self._count()
        os.rmdir(path)
        self._names.append((path, lambda: path.mkdir(exist_ok=True)))

    def sync_folder(self, path: Path) -> None:
        self._count()
        self._names = [(name, undo) for name, undo in self._names if name.parent != path]

    def lose(self, variant: str) -> None:
        """Bring the folder into the state that is left."""
        if variant == "content lost":
            for i, path in enumerate(sorted(self._unsynced)):
                if path.exists():
                    content = path.read_bytes()
                    half = len(content) // 2
                    path.write_bytes([b"", content[:half], bytes(len(content))][i % 3])
        if variant.endswith("names lost"):
            # A disk may keep a later change and lose an earlier one.
            paths = [*dict.fromkeys(name for name, _ in self._names)]
            kept = set(paths[self.calls % 2 :: 2]) if variant.startswith("some") else set()
            for name, undo in reversed(self._names):
                if name not in kept:
                    undo()


def _put(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    elif path.parent.is_dir():
        path.write_bytes(content)


def crash_points(
    folder: Path,
    work: Callable[[Path], None],
    check: Callable[[Path], None],
    variant: str,
    step: int = 1,
) -> int:
    """Stop the work at each of its calls, lose what a crash loses, do it again, and check.

    A write takes six calls: with a step of 5 there is a point in each of them, each time at another
    call.

    Parameters
    ----------
    folder : Path
        In which each attempt gets a place of its own.
    work : function
        Takes the place, and does there what there is to do, or what is left of it.
    check : function
        Asserts that all is done and right.
    variant : str
        What is lost.
    step : int
        Calls from one point to the next.

    Returns
    -------
    int
        How many calls there were.
    """
    n = VARIANTS.index(variant) % step
    while True:
        place = folder / f"{variant} {n}".replace(" ", "-")
        disk = Disk(n)
        with pytest.MonkeyPatch.context() as patch:
            disk.install(patch)
            try:
                work(place)
            except Crash:
                disk.lose(variant)
            else:
                check(place)
                return disk.calls
        try:
            work(place)
            check(place)
        except BaseException as error:
            error.add_note(f"after a crash at call {n}, {variant}")
            raise
        shutil.rmtree(place)
        n += step
