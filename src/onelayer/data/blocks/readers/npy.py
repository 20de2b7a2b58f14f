"""NumPy's format of an array: the header alone, and the values by a plain read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from onelayer.data.blocks.buffers import Buffers
from onelayer.data.files.limits import check_size

_PIECE = 1 << 24  # bytes: of a member of an archive each is a copy


@dataclass(frozen=True)
class Header:
    """What a .npy file says of its array before the values."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def n_features(self) -> int:
        """Values of an example, where the first axis counts the examples."""
        return math.prod(self.shape[1:])


def read_header(file: BinaryIO) -> Header:
    """Read the header, up to where the values begin.

    Raises
    ------
    ValueError
        If it is damaged, or the values are Python objects.
    """
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"version {version} of the format")
    shape, fortran, dtype = readers[version](file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    return Header(shape, fortran, dtype)


def check_length(header: Header, begin: int, size: int) -> None:
    """Refuse a file of so many bytes that ends before the values do, which begin at `begin`.

    Raises
    ------
    EOFError
    """
    values = math.prod(header.shape) * header.dtype.itemsize
    if size < begin + values:
        raise EOFError(f"cut off: {size:,} bytes, of {begin + values:,} that its header promises")


def read_values(
    file: BinaryIO, header: Header, source: str, memory: Buffers | None = None
) -> NDArray[Any]:
    """Read the values that follow a header into memory, in C order; it may have been used before.

    Raises
    ------
    InputError
        If they are larger than the memory.
    EOFError
        If there are fewer than the header says.
    """
    size = math.prod(header.shape) * header.dtype.itemsize
    check_size(size, source)
    values = (memory or Buffers()).empty((math.prod(header.shape),), header.dtype)
    view = values.view(np.uint8).data if size else memoryview(b"")
    done = 0
    while done < size:
        got = file.readinto(view[done : done + _PIECE])  # type: ignore[attr-defined]
        if not got:
            raise EOFError(f"cut off after {done:,} of {size:,} bytes")
        done += got
    if header.fortran:
        return np.ascontiguousarray(values.reshape(header.shape[::-1]).T)
    return values.reshape(header.shape)
