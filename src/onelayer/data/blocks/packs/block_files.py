"""The rows of a block as files that are read without decoding: one array each, as .npy."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks.buffers import Buffers
from onelayer.data.blocks.packs.crc import compare, crc32
from onelayer.data.blocks.packs.whole_files import read_whole
from onelayer.storage import replacing

_MOST_HEADER = 10 + (1 << 16)


def arrays_of(X: Any) -> dict[str, NDArray[Any]]:
    """Return the arrays of a matrix, by the names that its files have."""
    if not sparse.issparse(X):
        return {"X": X}
    wide = max(X.shape[1], X.nnz) >= 2**31
    kind = np.int64 if wide else np.int32
    return {
        "data": X.data,
        "indices": X.indices.astype(kind, copy=False),
        "indptr": X.indptr.astype(kind, copy=False),
    }


def matrix_of(arrays: Mapping[str, NDArray[Any]], n_features: int) -> Any:
    """Return the matrix that `arrays_of` took apart; its arrays are shared."""
    if "X" in arrays:
        return arrays["X"]
    shape = len(arrays["indptr"]) - 1, n_features
    return sparse.csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)


def file_name(stem: int, name: str) -> str:
    """Return the name of a block's file, such as 00012.X.npy."""
    return f"{stem:05d}.{name}.npy"


def n_bytes(X: Any) -> int:
    """Return how many bytes the arrays of a matrix have."""
    return sum(array.nbytes for array in arrays_of(X).values())


def checksum(array: NDArray[Any], so_far: int = 0) -> int:
    """Return the CRC-32 of an array's bytes, going on from that of others."""
    return int(crc32(_bytes(array), so_far))


def write_arrays(
    folder: Path, stem: int, arrays: Mapping[str, NDArray[Any]], *, checks: bool = True
) -> dict[str, int]:
    """Write the files of a block, each whole or not at all; return the checksum of each, if wanted.

    Raises
    ------
    OnelayerError
        If one cannot be written.
    """
    checksums = {}
    for name, array in arrays.items():
        file = file_name(stem, name)
        with replacing(folder / file) as writing:
            head = _header(array.shape, array.dtype)
            writing.write(head)
            content = _bytes(array)
            if len(content):
                writing.write(content)
        if checks:
            checksums[file] = crc32(content, crc32(head))
    return checksums


def read_array(
    path: Path,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    memory: Buffers,
    *,
    checksum: str | None = None,
    past_cache: bool = False,
) -> NDArray[Any]:
    """Return the array that a whole file holds.

    Parameters
    ----------
    path : Path
    shape, dtype
        What it must be.
    memory : Buffers
        Where large arrays are read to.
    checksum : str, optional
        The CRC-32 of the file, in hexadecimal; by default it is not looked at.
    past_cache : bool
        See `read_whole`.

    Raises
    ------
    OSError, ValueError
        If it is not there, or has another type, shape, size or checksum.
    """
    size = math.prod(shape) * dtype.itemsize
    content, found = read_whole(
        path, size + _MOST_HEADER, memory, past_cache=past_cache, checks=checksum is not None
    )
    if checksum is not None:
        try:
            compare(found, checksum)
        except ValueError:
            if past_cache:
                # If the process forks meanwhile, the system may give the bytes to the other one.
                return read_array(path, shape, dtype, memory, checksum=checksum)
            _check_size(content, len(_header(shape, dtype)) + size)
            raise
    head = io.BytesIO(content[:_MOST_HEADER].tobytes())
    if (told := _read_header(head)) != (shape, dtype):
        raise ValueError(
            f"it holds {told[1]} of the shape {told[0]}, and {dtype} of {shape} was expected"
        )
    _check_size(content, head.tell() + size)
    return content[head.tell() :].view(dtype).reshape(shape)


def read_rows(path: Path, begin: int, end: int, memory: Buffers | None = None) -> NDArray[Any]:
    """Return the rows of a file from `begin` to before `end` as an array of its own.

    Raises
    ------
    OSError, ValueError
        If it is not there, or has not those rows.
    """
    with path.open("rb", buffering=0) as file:
        shape, dtype = _read_header(file)
        if not 0 <= begin <= end <= shape[0]:
            raise ValueError(f"it has {shape[0]} rows")
        array = (memory or Buffers()).empty((end - begin, *shape[1:]), dtype)
        if end > begin:
            file.seek(begin * (array.nbytes // (end - begin)), io.SEEK_CUR)
            _fill(file, array)
        return array


def _header(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    content = io.BytesIO()
    described = np.lib.format.dtype_to_descr(dtype)
    told = {"descr": described, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(content, told)
    return content.getvalue()


def _check_size(content: NDArray[np.uint8], expected: int) -> None:
    if len(content) != expected:
        raise ValueError(f"it has {len(content):,} bytes, and {expected:,} were expected")


def _read_header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("it is of another version")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
    if by_columns or dtype.hasobject:
        raise ValueError("it is not in the order of rows")
    return shape, dtype


def _fill(file: io.BufferedReader | io.FileIO, array: NDArray[Any]) -> None:
    rest = _bytes(array)
    while len(rest):
        if not (read := file.readinto(rest)):
            raise ValueError("it is too short")
        rest = rest[read:]


def _bytes(array: NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data
