"""A pack that is cut off at any moment goes on, and ends with the same bytes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from crashing import VARIANTS, crash_points
from pack_material import Generated, bits, material, source

from onelayer.data.blocks import ArrayBlocks, Block, PackedBlocks, pack
from onelayer.errors import InputError, OnelayerError
from onelayer.storage import Lock, calls


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk where what a crash loses is only told."""
    monkeypatch.setattr(calls, "sync", lambda _: None)
    monkeypatch.setattr(calls, "sync_folder", lambda _: None)


def packed_once(place: Path, kind: str) -> PackedBlocks:
    """Pack, or find that it is done."""
    try:
        memory = {"uint8": 2900, "sparse": 5000}[kind]  # two runs, a block at a time
        return pack(source(kind, 60, 15), place, block_length=30, memory=memory)
    except InputError as error:
        if "that are finished" not in str(error):
            raise
        return PackedBlocks(place)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("kind", "variant"), [*(("uint8", variant) for variant in VARIANTS), ("sparse", "killed")]
)
def test_a_crash_at_every_call(kind: str, variant: str, tmp_path: Path) -> None:
    packed_once(tmp_path / "whole", kind)
    expected = bits(tmp_path / "whole")

    def check(place: Path) -> None:
        assert bits(place) == expected

    points = crash_points(tmp_path, lambda place: packed_once(place, kind).verify(), check, variant)
    assert points > 100


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_crash_at_every_call_of_a_replacement(variant: str, tmp_path: Path) -> None:
    """Of a larger pack, of other files; what is there passes for finished only when it is."""
    pack(source("strings", 60, 30), tmp_path / "whole", block_length=50)
    expected = bits(tmp_path / "whole")

    def work(place: Path) -> None:
        if not place.exists():
            packed_before(place)
        if (place / "blocks.json").exists():
            PackedBlocks(place).verify()
        pack(source("strings", 60, 30), place, block_length=50, force=True).verify()

    def packed_before(place: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for name, call in REAL.items():
                patch.setattr(calls, name, call)
            pack(source("sparse", 60, 15), place, block_length=40)

    def check(place: Path) -> None:
        assert bits(place) == expected

    assert crash_points(tmp_path, work, check, variant) > 40


CHANGES = ("create", "write", "close", "rename", "unlink", "mkdir", "rmdir")
REAL = {name: getattr(calls, name) for name in CHANGES}
"""What was there before a crash needs no disk that crashes, nor one to wait for."""
for _name in ("sync", "sync_folder"):
    REAL[_name] = lambda _: None


CODE = """
import os, signal, sys, threading, time
from pathlib import Path
from pack_material import Generated
from onelayer.data.blocks import pack

out, memory, pattern, n = sys.argv[1:]

def kill():
    while len([*Path(out).glob(pattern)]) < int(n):
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=kill, daemon=True).start()
pack(Generated(60, 2000), out, block_length=3000, memory=int(memory))
"""
"""Kills itself: on a loaded machine others come too late."""


def killed_at(pattern: str, n: int, out: Path, memory: int) -> subprocess.CompletedProcess[bytes]:
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    return subprocess.run(
        [sys.executable, "-c", CODE, str(out), str(memory), pattern, str(n)],
        stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip


MOMENTS = (("packing/*.X.npy", 1), ("packing/*.X.npy", 5), ("packing/*.y.npy", 9), ("*.X.npy", 1),
           ("*.X.npy", 9), ("*.y.npy", 23), ("statistics.safetensors", 1))  # fmt: skip
"""At which a process is killed: when there are so many files."""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_process_killed_again_and_again(tmp_path: Path) -> None:
    """Each time with another limit of memory."""
    pack(Generated(60, 2000), tmp_path / "whole", block_length=3000)
    out, kills = tmp_path / "out", 0
    for i, (pattern, n) in enumerate(MOMENTS):
        ended = killed_at(pattern, n, out, memory=(7_000_000, 10_000_000, 13_000_000)[i % 3])
        kills += ended.returncode == -signal.SIGKILL
        assert ended.returncode == -signal.SIGKILL or (out / "blocks.json").exists(), ended.stderr
    if not (out / "blocks.json").exists():
        pack(Generated(60, 2000), out, block_length=3000)
    elif (out / "packing").exists():
        with pytest.raises(InputError, match="that are finished"):
            pack(Generated(60, 2000), out, block_length=3000)
    assert kills > 4
    assert bits(out) == bits(tmp_path / "whole")


class StopError(Exception):
    pass


def stopped(out: Path, at: tuple[str, int], *, force: bool = False) -> Generated:
    """Pack until so many rows of a pass are done; return the source."""
    given = Generated(20, 100)

    def watch(stage: str, rows: int, _all: int, _bytes: int) -> None:
        if (stage, rows) == at:
            raise StopError

    with pytest.raises(StopError):
        pack(given, out, block_length=150, memory=600_000, watch=watch, force=force)
    return given


def test_what_was_done_is_not_done_again(tmp_path: Path) -> None:
    stopped(tmp_path / "out", ("deal", 1200))
    again = Generated(20, 100)
    pack(again, tmp_path / "out", block_length=150, memory=600_000)
    assert again.reads < 20
    stopped(tmp_path / "other", ("gather", 1500))
    again = Generated(20, 100)
    pack(again, tmp_path / "other", block_length=150)
    assert again.reads == 2  # the first and the last are compared
    assert bits(tmp_path / "out") == bits(tmp_path / "other")


def test_other_options_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    stopped(out, ("deal", 1200))
    with pytest.raises(InputError, match="an unfinished pack, and seed was 0 and is now 1"):
        pack(Generated(20, 100), out, block_length=150, seed=1)
    with pytest.raises(InputError, match="and block_length was 150 and is now 151"):
        pack(Generated(20, 100), out, block_length=151)
    pack(Generated(20, 100), out, block_length=151, seed=1, force=True)
    pack(Generated(20, 100), tmp_path / "whole", block_length=151, seed=1)
    assert bits(out) == bits(tmp_path / "whole")


@pytest.mark.parametrize("changed", [0, 8, "length", "stamp"])
def test_a_source_that_has_changed_is_refused(changed: int | str, tmp_path: Path) -> None:
    class Other(Generated):
        def read_block(self, i: int) -> Block:
            return super().read_block(i + 1000 if i == changed else i)

    stopped(tmp_path / "out", ("deal", 1200))
    other = Other(21 if changed == "length" else 20, 100)
    for _ in range(2):
        with pytest.raises(InputError, match=r"has changed since.*force=True"):
            pack(other, tmp_path / "out", block_length=150, stamp=str(changed == "stamp" or ""))
    pack(other, tmp_path / "out", block_length=150, force=True).verify()


def test_force_goes_on_with_what_the_same_call_began(tmp_path: Path) -> None:
    out = tmp_path / "out"
    pack(source("uint8"), out)
    stopped(out, ("gather", 1500), force=True)
    assert not (out / "blocks.json").exists()
    again = Generated(20, 100)
    pack(again, out, block_length=150, force=True)
    assert again.reads == 2


def test_a_finished_pack_and_other_files_are_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    pack(source("uint8"), out)
    before = bits(out)
    with pytest.raises(InputError, match=r"out: holds packed blocks that are finished.*force=True"):
        pack(source("float32"), out)
    assert bits(out) == before
    (out / "blocks.json").unlink()
    with pytest.raises(InputError, match=r"holds blocks without their blocks\.json"):
        pack(source("float32"), out)
    (out / "mine.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(InputError, match=r"holds other files \('mine\.txt'\)"):
            pack(source("float32"), out, force=force)
    with pytest.raises(InputError, match=r"mine\.txt: is a file"):
        pack(source("float32"), out / "mine.txt")


def test_one_process_a_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with (
        Lock(tmp_path / "out" / ".lock", tmp_path / "out"),
        pytest.raises(InputError, match="is in use by process"),
    ):
        pack(source("uint8"), tmp_path / "out")
    pack(source("uint8"), tmp_path / "out")


@pytest.mark.parametrize("number", [1, 9, 40])
def test_a_full_disk(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(Generated(20, 100), tmp_path / "whole", block_length=150)
    written = 0

    def write(file: int, content: memoryview) -> int:
        nonlocal written
        written += 1
        if written >= number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(file, content)

    with monkeypatch.context() as patch:
        patch.setattr(calls, "write", write)
        with pytest.raises(OnelayerError, match="The disk is full: make room") as caught:
            pack(Generated(20, 100), tmp_path / "out", block_length=150, memory=600_000)
    assert not isinstance(caught.value, InputError)
    pack(Generated(20, 100), tmp_path / "out", block_length=150, memory=600_000)
    assert bits(tmp_path / "out") == bits(tmp_path / "whole")


def test_room_on_the_disk_is_asked_for_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 2_000_000
    # By its module, as the package has a function of that name.
    monkeypatch.setattr(sys.modules[pack.__module__], "free_space", lambda _: free)
    pack(Generated(20, 100), tmp_path / "out")  # 0.8 MB, twice
    free = 1_000_000
    with pytest.raises(OnelayerError, match=r"needs about 1\.\d* MB of disk .* and 1 MB are free"):
        pack(Generated(20, 100), tmp_path / "other")


@pytest.mark.parametrize("name", ["dealt.json", "written.safetensors", "00001.X.npy",
                                  "00002.places.npy", "00000.begins.npy"])  # fmt: skip
def test_unfinished_files_that_are_damaged_are_refused(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stopped(out, ("gather", 1500))
    path = out / "packing" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="files of an unfinished pack are damaged"):
        pack(Generated(20, 100), out, block_length=150)


def test_nothing_is_left_of_a_source_that_cannot_be_used(tmp_path: Path) -> None:
    X, _ = material("float32")
    with pytest.raises(InputError):
        pack(ArrayBlocks(X, None), tmp_path / "out")
    with pytest.raises(InputError):
        pack(ArrayBlocks(X, np.linspace(0, 1, 1000)), tmp_path / "out")
    assert not (tmp_path / "out").exists()
