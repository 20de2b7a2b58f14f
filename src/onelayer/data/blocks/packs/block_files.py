"""The rows of a block as files that are read without decoding: one array each, as .npy."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks.buffers import Buffers
from onelayer.storage import replacing


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
    return zlib.crc32(_bytes(array), so_far)


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
            head = _header(array)
            writing.write(head)
            content = _bytes(array)
            if len(content):
                writing.write(content)
        if checks:
            checksums[file] = zlib.crc32(content, zlib.crc32(head))
    return checksums


def read_array(path: Path, array: NDArray[Any], check: bool = True) -> int | None:
    """Read a whole file into an array in C order; return the checksum of the file, if wanted.

    Raises
    ------
    OSError, ValueError
        If it is not there, or has another type, shape or size.
    """
    with path.open("rb", buffering=0) as file:
        shape, dtype = _read_header(file)
        if (shape, dtype) != (array.shape, array.dtype):
            raise ValueError(f"it holds {dtype} of the shape {shape}")
        head = file.tell()
        _fill(file, array)
        if file.read(1):
            raise ValueError("it is too long")
        if not check:
            return None
        file.seek(0)
        return zlib.crc32(_bytes(array), zlib.crc32(file.read(head)))


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


def _header(array: NDArray[Any]) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, np.lib.format.header_data_from_array_1_0(array))
    return content.getvalue()


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
