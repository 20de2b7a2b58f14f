"""Files and folders that survive anything."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from crashing import VARIANTS, crash_points

from onelayer.errors import InputError, OnelayerError
from onelayer.storage import Folder, Lock, calls, make_folder, replacing, write_file


def work(place: Path) -> None:
    """Several transactions: new files, one that is replaced, one that goes."""
    with Folder.lock(place) as folder:
        folder.sweep_up()
        if not folder.names:
            folder.commit({"plan.txt": b"plan", "list.json": b"[]"})
        if "parts/a" not in folder.names and "all" not in folder.names:
            folder.commit({"parts/a": b"a" * 1000, "list.json": b"[1]"})
        if "parts/b" not in folder.names and "all" not in folder.names:
            folder.commit({"parts/b": b"b" * 1000, "list.json": b"[1, 2]"})
        if "all" not in folder.names:
            both = folder.read("parts/a") + folder.read("parts/b")
            folder.commit({"all": both}, remove=["parts/a", "parts/b"])


def check(place: Path) -> None:
    """All is there, and nothing else."""
    with Folder.lock(place) as folder:
        folder.verify()
        assert folder.names == {"plan.txt", "list.json", "all"}
        assert folder.read("all") == b"a" * 1000 + b"b" * 1000
        assert folder.read("list.json") == b"[1, 2]"
    left = {str(path.relative_to(place)) for path in place.rglob("*")}
    assert left == {"plan.txt", "list.json", "all", "manifest.json"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_folder_survives_a_crash_at_every_call(tmp_path: Path, variant: str) -> None:
    assert crash_points(tmp_path, work, check, variant) > 80


@pytest.mark.parametrize(
    ("call", "variant"), [("sync", "content lost"), ("sync_folder", "some names lost")]
)
def test_a_crash_is_not_survived_without_syncing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, variant: str
) -> None:
    """What the test above can find: calls that are left out."""
    from crashing import Disk

    monkeypatch.setattr(Disk, call, lambda *_: None)
    with pytest.raises((InputError, AssertionError)):
        crash_points(tmp_path, work, check, variant)


def test_a_crash_is_not_survived_without_the_list_of_what_is_pending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commit(self: Folder, files: dict[str, bytes], remove: tuple[str, ...] = ()) -> None:
        for name, content in files.items():
            make_folder((self.path / name).parent)
            write_file(self.path / name, content)
        self._pending, self._removed = {}, list(remove)
        self._files |= Folder._digests(files)
        self._complete()

    monkeypatch.setattr(Folder, "commit", commit)
    with pytest.raises((InputError, AssertionError)):
        crash_points(tmp_path, work, check, "killed")


# What cannot be written -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "No space left on device. The disk is full: make room"),
        (errno.EFBIG, "File too large. The file would be larger than this process may write"),
        (errno.EROFS, "Read-only file system. The file system cannot be written to"),
        (errno.EIO, "Look after the disk"),
    ],
)
@pytest.mark.parametrize("call", ["create", "write", "sync", "rename"])
def test_what_fails_is_said_once_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, said: str
) -> None:
    path = tmp_path / "a.txt"
    write_file(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(calls, call, fail)
        with pytest.raises(OnelayerError, match=rf"a\.txt: cannot be written: .*{said}") as caught:
            write_file(path, b"new")
    assert not isinstance(caught.value, InputError)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_lock_that_cannot_be_written_is_said_and_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("onelayer.storage.lock.os.write", fail)
        with pytest.raises(OnelayerError, match=r"\.lock: cannot be written: .*make room"):
            Lock(tmp_path / ".lock", tmp_path)
    assert list(tmp_path.iterdir()) == []
    with Lock(tmp_path / ".lock", tmp_path):
        assert [p.name for p in tmp_path.iterdir()] == [".lock"]


def test_a_folder_that_vanishes_is_said(tmp_path: Path) -> None:
    with pytest.raises(OnelayerError, match=r"x: cannot be written: .*make it again"):
        write_file(tmp_path / "gone" / "x", b"")


def test_an_error_of_whoever_writes_is_his_own(tmp_path: Path) -> None:
    def write() -> None:
        with replacing(tmp_path / "a") as file:
            file.write(b"half")
            raise ConnectionError("the line is dead")

    with pytest.raises(ConnectionError):
        write()
    assert list(tmp_path.iterdir()) == []


def test_threads_do_not_take_one_another_s_files(tmp_path: Path) -> None:
    path = tmp_path / "a"
    contents = [bytes([i]) * 100_000 for i in range(8)]
    threads = [threading.Thread(target=write_file, args=(path, c)) for c in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


# One at a time ----------------------------------------------------------------------------------


def test_a_second_holder_is_refused_and_a_dead_one_is_none(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from onelayer.storage import Folder; "
        f"folder = Folder.lock(Path({str(tmp_path)!r})); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=rf"is in use by process {process.pid}\. Wait until"):
            Folder.lock(tmp_path)
        Folder.open(tmp_path)  # to read is allowed
        process.kill()
    Folder.lock(tmp_path).close()


def test_two_parts_of_one_process_do_not_hold_a_lock_together(tmp_path: Path) -> None:
    lock = Lock(tmp_path / ".lock", tmp_path)
    with pytest.raises(InputError, match="is in use"):
        Lock(tmp_path / ".lock", tmp_path)
    lock.close()
    Lock(tmp_path / ".lock", tmp_path).close()


# Damage -----------------------------------------------------------------------------------------


def test_a_file_that_was_edited_or_lost_is_named(tmp_path: Path) -> None:
    work(tmp_path / "x")
    for content in (b"other", None):
        path = tmp_path / "x" / "all"
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(InputError, match=r"x/all: (is damaged|cannot be read).*force=True"):
            Folder.open(tmp_path / "x").verify()


def test_a_newer_format_is_said(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 99, "files": {}}))
    with pytest.raises(InputError, match=r"manifest\.json: has format 99, and this onelayer reads"):
        Folder.open(tmp_path)


def test_clear_removes_what_is_listed_and_nothing_else(tmp_path: Path) -> None:
    with Folder.lock(tmp_path) as folder:
        folder.commit({"a/b": b"1", "c": b"2"})
        (tmp_path / "a" / "mine").write_text("mine")
        folder.clear()
        assert folder.names == frozenset()
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {"manifest.json", "a", "a/mine"}
