import gzip
import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from onelayer.data.idx import read_idx, read_idx_bytes
from onelayer.errors import InputError

Encode = Callable[[np.ndarray], bytes]

ARRAYS = st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]).flatmap(
    lambda dtype: hnp.arrays(
        dtype, hnp.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=4)
    )
)


def header(kind: int, *shape: int) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, kind, len(shape), *shape)


@given(array=ARRAYS, packed=st.booleans())
def test_round_trip(array: np.ndarray, packed: bool, idx_bytes: Encode) -> None:
    data = idx_bytes(array)
    found = read_idx_bytes(gzip.compress(data, 1, mtime=0) if packed else data, "x")
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()  # bits, so that NaN equals itself
    assert not found.flags.writeable


def test_known_bytes() -> None:
    data = bytes([0, 0, 0x0B, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0x01, 0x02, 0xFF, 0xFE])
    np.testing.assert_array_equal(read_idx_bytes(data, "x"), [[0x0102], [-2]])


@pytest.mark.parametrize("name", ["x", "x.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_content_decides_not_the_name(
    name: str, packed: bool, tmp_path: Path, idx_bytes: Encode
) -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    data = idx_bytes(array)
    (tmp_path / name).write_bytes(gzip.compress(data, mtime=0) if packed else data)
    np.testing.assert_array_equal(read_idx(tmp_path / name), array)


@pytest.mark.parametrize("packed", [False, True])
def test_truncated_anywhere(packed: bool, idx_bytes: Encode) -> None:
    data = idx_bytes(np.arange(6, dtype=np.int16).reshape(3, 2))
    for length in range(len(data)):
        part = gzip.compress(data[:length], mtime=0) if packed else data[:length]
        with pytest.raises(InputError, match=r"^some-name: "):
            read_idx_bytes(part, "some-name")


def test_truncated_gzip_anywhere(idx_bytes: Encode) -> None:
    data = gzip.compress(idx_bytes(np.arange(40, dtype=np.uint8)))
    for length in range(len(data)):
        with pytest.raises(InputError, match=r"^some-name: "):
            read_idx_bytes(data[:length], "some-name")


@pytest.mark.parametrize("packed", [False, True])
def test_trailing_byte(packed: bool, idx_bytes: Encode) -> None:
    data = idx_bytes(np.arange(6, dtype=np.uint8)) + b"\0"
    with pytest.raises(InputError, match="6 values, 6 bytes, but more bytes follow"):
        read_idx_bytes(gzip.compress(data, mtime=0) if packed else data, "x")


def test_corrupt_gzip(idx_bytes: Encode) -> None:
    data = bytearray(gzip.compress(idx_bytes(np.arange(200, dtype=np.uint8))))
    data[-6] ^= 0xFF  # in the checksum
    with pytest.raises(InputError, match="the gzip data is damaged"):
        read_idx_bytes(bytes(data), "x")


@given(position=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_one_flipped_bit_in_gzip_is_never_another_array(
    position: int, bit: int, idx_bytes: Encode
) -> None:
    array = np.arange(100, dtype=np.uint8)
    data = bytearray(gzip.compress(idx_bytes(array), mtime=0))
    data[position % len(data)] ^= 1 << bit
    try:
        found = read_idx_bytes(bytes(data), "x")
    except InputError:
        return
    np.testing.assert_array_equal(found, array)  # the bit was in a field such as the time


@given(data=st.binary(max_size=80), start=st.sampled_from([b"", b"\0\0\x08", b"\x1f\x8b\x08"]))
def test_any_bytes_give_an_array_or_an_input_error(data: bytes, start: bytes) -> None:
    try:
        found = read_idx_bytes(start + data, "x")
    except InputError:
        return
    assert found.nbytes < len(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (gzip.compress(b"", mtime=0), "starts with the bytes"),
        (b"\0\1\x08\1\0\0\0\1\0", "starts with the bytes 00 01 08 01"),
        (b"PNG, for example", "starts with the bytes"),
        (header(0x0A, 1) + b"\0", "the type 0a is none of IDX's types 08, 09"),
        (header(0x08) + b"\0", "says 0 dimensions"),
        (b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"\0", "says 255 dimensions"),
        (header(0x08, 2**32 - 1, 2**32 - 1, 2**32 - 1), "which no file can hold"),
        (header(0x08, 0, 2**32 - 1, 2**32 - 1), "which no file can hold"),
        (header(0x08, 2**32 - 1, 1000), "the file is too short"),
        (gzip.compress(header(0x08, 2**32 - 1, 1000), mtime=0), "the file is too short"),
    ],
)
def test_bad_content(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=f"^x: .*{message}"):
        read_idx_bytes(data, "x")


def test_absurd_size_is_refused_before_memory_is_taken() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InputError):
            read_idx_bytes(header(0x0E, 50_000, 1_000) + b"\0" * 8, "x")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_bomb_is_not_inflated() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)  # 31: with a gzip header
    parts = [packer.compress(header(0x08, 10) + bytes(10))]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(100)]
    bomb = b"".join([*parts, packer.flush()])
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="10 bytes, but more bytes follow"):
            read_idx_bytes(bomb, "x")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "f8"])
def test_one_copy_of_the_values_is_held(
    packed: bool, dtype: str, tmp_path: Path, idx_bytes: Encode
) -> None:
    array = np.zeros(16_000_000 // np.dtype(dtype).itemsize, dtype=dtype)
    data = idx_bytes(array)
    (tmp_path / "x").write_bytes(gzip.compress(data, 1, mtime=0) if packed else data)
    del data
    tracemalloc.start()
    try:
        found = read_idx(tmp_path / "x")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.nbytes == array.nbytes
    assert peak < 1.3 * array.nbytes


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(InputError, match=f"^{path}: cannot be read"):
            read_idx(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=r"pipe: cannot be read \(it is not a file\)"):
        read_idx(tmp_path / "pipe")
