"""Reader of IDX files, the format of MNIST.

Source of the format: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits",
section "The IDX file format". Two zero bytes, a byte for the type, a byte for the number of
dimensions, a big-endian 32-bit size for each dimension, then the values, big-endian, the last
dimension varying fastest.
"""

import gzip
import io
import math
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from onelayer.data.permissions import may_not_be_read
from onelayer.errors import InputError

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

GZIP_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error)
"""What reading a damaged gzip file raises."""

_GZIP_MAGIC = b"\x1f\x8b"
_PIECE = 1 << 20
_MAX_DIMENSIONS = 32  # every version of NumPy can hold these
# Deflate cannot do better than 1032 bytes for one (zlib, "Maximum expansion factor"), so a larger
# array than this times the file is a lie, found before memory is asked for.
_MAX_EXPANSION = 1032


def read_idx(path: str | Path) -> NDArray[Any]:
    """Read an IDX file, gzip or raw; the content decides which, not the name.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    array, read-only
        Shape and type as the file says, in the machine's byte order. It is the only copy of the
        values that is held in memory.

    Raises
    ------
    InputError
        If the file cannot be opened or is not exactly one well-formed IDX array.
    """
    with _opened(path) as file:
        return _read(file, str(path))


def read_idx_header(path: str | Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Return the type and the shape that an IDX file, gzip or raw, says it has.

    Raises
    ------
    InputError
        As for `read_idx`.
    """
    with _opened(path) as file, _gzip_damage_named(str(path)):
        return _read_header(inflated(file), str(path))


@contextmanager
def _opened(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file, but not a pipe or a device, which to open or read would perhaps never end."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise InputError(f"{path}: cannot be read (it is not a file); give a file.")
    try:
        with open(path, "rb") as file:
            yield file
    except PermissionError as error:
        raise may_not_be_read(str(path)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path}: cannot be read ({reason}); check the path.") from error


@contextmanager
def _gzip_damage_named(name: str) -> Iterator[None]:
    try:
        yield
    except GZIP_ERRORS as error:
        raise InputError(f"{name}: the gzip data is damaged ({error}); get it again.") from error


def read_idx_bytes(data: bytes, name: str) -> NDArray[Any]:
    """Read the content of an IDX file, gzip or raw, as `read_idx` does.

    Parameters
    ----------
    data : bytes
        The whole content.
    name : str
        What messages call it.

    Returns
    -------
    array, read-only

    Raises
    ------
    InputError
        If the content is not exactly one well-formed IDX array.
    """
    return _read(io.BytesIO(data), name)


def inflated(stream: BinaryIO) -> BinaryIO:
    """Return the stream, decompressed while it is read if its content starts as gzip does.

    Reading it may raise one of `GZIP_ERRORS`.
    """
    start = stream.tell()
    magic = stream.read(2)
    stream.seek(start)
    return cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if magic == _GZIP_MAGIC else stream


def _read(file: BinaryIO, name: str) -> NDArray[Any]:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size == 0:
        raise InputError(f"{name}: the file is empty; get it again.")
    stream = inflated(file)
    most = size if stream is file else size * _MAX_EXPANSION
    with _gzip_damage_named(name):
        return _read_array(stream, most, name)


def _read_array(stream: BinaryIO, most: int, name: str) -> NDArray[Any]:
    """Read one array; `most` is the number of bytes that the stream can hold at the most."""
    dtype, shape = _read_header(stream, name)
    expected = math.prod(shape) * dtype.itemsize
    described = f"the header says {' x '.join(map(str, shape))} values, {expected} bytes"
    # NumPy leaves out sizes of zero when it checks that a shape can be addressed.
    if math.prod(max(side, 1) for side in shape) * dtype.itemsize > sys.maxsize:
        raise InputError(f"{name}: {described}, which no file can hold; it is not an IDX file.")
    if expected > most:
        raise InputError(f"{name}: {described}, but the file is too short for them; get it again.")
    try:
        buffer = np.empty(expected, dtype=np.uint8)
    except MemoryError as error:
        raise InputError(
            f"{name}: {described}, more than the memory; use a smaller file."
        ) from error
    found = _fill(stream, buffer.data)
    if found < expected:
        raise InputError(f"{name}: {described}, but only {found} follow; get the file again.")
    # This read also makes gzip compare its checksum.
    if stream.read(1):
        raise InputError(f"{name}: {described}, but more bytes follow; it is not an IDX file.")
    array = buffer.view(dtype)
    if not dtype.isnative:
        array = array.byteswap(inplace=True).view(dtype.newbyteorder("="))
    array = array.reshape(shape)
    array.flags.writeable = False
    return array


def _read_header(stream: BinaryIO, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if magic[:2] != b"\0\0":
        raise InputError(
            f"{name}: starts with the bytes {magic.hex(' ')}, an IDX file with 00 00; "
            "give an IDX file, gzip or raw."
        )
    if len(magic) < 4:
        raise InputError(f"{name}: ends inside the header; get it again.")
    kind, n_dimensions = magic[2], magic[3]
    if kind not in TYPES:
        known = ", ".join(f"{code:02x}" for code in TYPES)
        raise InputError(f"{name}: the type {kind:02x} is none of IDX's types {known}.")
    if not 1 <= n_dimensions <= _MAX_DIMENSIONS:
        raise InputError(
            f"{name}: the header says {n_dimensions} dimensions; "
            f"1 to {_MAX_DIMENSIONS} can be read."
        )
    sizes = stream.read(4 * n_dimensions)
    if len(sizes) < 4 * n_dimensions:
        raise InputError(f"{name}: ends inside the header; get it again.")
    return np.dtype(TYPES[kind]), tuple(np.frombuffer(sizes, dtype=">u4").tolist())


def _fill(stream: BinaryIO, buffer: memoryview) -> int:
    """Read into the buffer until it is full or the stream ends; return the bytes read."""
    found = 0
    while found < len(buffer):
        # In pieces, because GzipFile.readinto first reads all that is asked for into a copy.
        piece = buffer[found : found + _PIECE]
        count = cast(io.BufferedIOBase, stream).readinto(piece)
        if not count:
            break
        found += count
    return found
