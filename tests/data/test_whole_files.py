"""Files are read whole: through the system's cache, or past it."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import numpy as np
import pytest

from onelayer.data.blocks import ArrayBlocks, PackedBlocks, pack
from onelayer.data.blocks.buffers import ALIGNED, Buffers
from onelayer.data.blocks.packs import whole_files
from onelayer.data.blocks.packs.crc import joined
from onelayer.data.blocks.packs.whole_files import read_whole
from onelayer.errors import InputError

SIZE = 2**20 + 4096 + 77
"""Large enough to be read past the cache, and no whole number of a disk's sectors."""


def cached(path: Path) -> bool:
    with path.open("rb", buffering=0) as file:
        return whole_files._is_cached(file, path.stat().st_size)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file that the cache does not hold."""
    path = tmp_path / "file"
    path.write_bytes(np.random.default_rng(0).bytes(SIZE))
    forget(path)
    return path


def forget(path: Path) -> None:
    with path.open("rb") as file:
        os.fdatasync(file.fileno())  # written bytes are not forgotten
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if cached(path):
        pytest.skip("this file system keeps what it is asked to forget")


def test_past_the_cache_the_bytes_are_the_same_and_nothing_is_kept(path: Path) -> None:
    memory = Buffers()
    past, _ = read_whole(path, SIZE, memory, past_cache=True)
    assert not cached(path)
    through, _ = read_whole(path, SIZE, memory)
    assert cached(path)
    assert past.tobytes() == through.tobytes() == path.read_bytes()


def test_what_is_in_the_cache_is_read_from_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = path.read_bytes()
    monkeypatch.setattr(os, "preadv", None)  # it would fail
    assert read_whole(path, SIZE, Buffers(), past_cache=True)[0].tobytes() == content


@pytest.mark.parametrize("refusal", ["open", "read", "part"])
def test_where_the_system_refuses_it_is_read_through_the_cache(
    refusal: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = os.preadv

    def refuse(*_given: object) -> int:
        raise OSError(22, "Invalid argument")

    def part(file: int, rooms: list[memoryview], at: int) -> int:
        return original(file, [rooms[0][:5000]], at)

    if refusal == "open":
        monkeypatch.setattr(os, "open", refuse)
    else:
        monkeypatch.setattr(os, "preadv", refuse if refusal == "read" else part)
    found, _ = read_whole(path, SIZE, Buffers(), past_cache=True)
    assert found.tobytes() == path.read_bytes()


def test_one_that_is_too_long_is_not_read(path: Path) -> None:
    with pytest.raises(ValueError, match=r"it has 1,052,749 bytes, and at most 1,000 were"):
        read_whole(path, 1000, Buffers())


@pytest.mark.parametrize("past_cache", [False, True])
def test_parts_are_read_by_two_threads_and_summed_up(
    past_cache: bool, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_files, "_PART", 2 * ALIGNED)
    monkeypatch.setattr(whole_files, "_STEP", 5000)
    content, checksum = read_whole(path, SIZE, Buffers(), past_cache=past_cache, checks=True)
    expected = path.read_bytes()
    assert content.tobytes() == expected
    assert checksum == zlib.crc32(expected)


def test_a_file_that_is_replaced_between_its_parts_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = path.with_name("other")
    other.write_bytes(bytes(SIZE))
    monkeypatch.setattr(
        whole_files, "row_blocks", lambda *_how: (other.replace(path), [slice(9)])[1]
    )
    with pytest.raises(ValueError, match="it was replaced while it was read"):
        read_whole(path, SIZE, Buffers())


def test_checksums_are_joined() -> None:
    for first, second in [(b"", b""), (b"a", b""), (b"", b"b"), (b"ab" * 999, bytes(70_001))]:
        found = joined(zlib.crc32(first), zlib.crc32(second), len(second))
        assert found == zlib.crc32(first + second)


def packed(folder: Path) -> tuple[PackedBlocks, Path]:
    """Return a block that is read past the cache, and its file."""
    X = np.random.default_rng(0).normal(size=(3000, 50))
    pack(ArrayBlocks(X, np.arange(3000) % 3), folder, block_length=3000)
    path = folder / "00000.X.npy"
    forget(path)
    return PackedBlocks(folder), path


def test_only_the_first_reading_of_blocks_leaves_the_cache_alone(tmp_path: Path) -> None:
    source, path = packed(tmp_path / "out")
    first = source.read_block(0).X
    assert not cached(path)
    assert source.read_block(0).X.tobytes() == first.tobytes()
    assert cached(path)


def test_blocks_that_are_more_than_the_memory_do_so_always_and_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onelayer.data.blocks.packs.packed.available_memory", lambda: 10**6)
    source, path = packed(tmp_path / "out")
    for _ in range(2):
        source.read_block(0)
        assert not cached(path)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    forget(path)
    with pytest.raises(InputError, match=r"00000\.X\.npy: is damaged, or was edited: its checksum"):
        source.read_block(0)


def test_bytes_that_went_astray_past_the_cache_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, path = packed(tmp_path / "out")
    original = os.preadv

    def astray(file: int, rooms: list[memoryview], at: int) -> int:
        read = original(file, rooms, at)
        rooms[0][:4096] = bytes(4096)
        return read

    monkeypatch.setattr(os, "preadv", astray)
    assert source.read_block(0).X.tobytes() == path.read_bytes()[128:]


def test_the_message_tells_a_size_and_a_checksum(tmp_path: Path) -> None:
    source, path = packed(tmp_path / "out")
    content = path.read_bytes()
    path.write_bytes(content[:-9])
    with pytest.raises(
        InputError, match=r"edited: it has 1,200,119 bytes, and 1,200,128 were expected\. Put"
    ):
        source.read_block(0)
    path.write_bytes(content[:-1] + b"0")
    with pytest.raises(
        InputError, match=r"edited: its checksum is \w{8}, and \w{8} was noted\. Put"
    ):
        source.read_block(0)
