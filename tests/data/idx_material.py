"""IDX files as fixtures, written independently of the reader."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def _idx_bytes(array: np.ndarray) -> bytes:
    """Encode an array as IDX, independently of the reader."""
    code = CODES[array.dtype.str[1:]]
    header = struct.pack(">BBBB", 0, 0, code, array.ndim) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture(scope="session")
def idx_bytes() -> Callable[[np.ndarray], bytes]:
    return _idx_bytes


@pytest.fixture
def tiny() -> dict[str, np.ndarray]:
    """Six training and three test images of 2 by 3 pixels, as the four files of a folder."""
    return {
        "train-images-idx3-ubyte": np.arange(36, dtype=np.uint8).reshape(6, 2, 3),
        "train-labels-idx1-ubyte": np.array([3, 1, 1, 3, 1, 3], dtype=np.uint8),
        "t10k-images-idx3-ubyte": np.full((3, 2, 3), 200, dtype=np.uint8),
        "t10k-labels-idx1-ubyte": np.array([7, 1, 3], dtype=np.uint8),
    }


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write the four arrays as IDX files; `packed` compresses, `dotted` changes the names."""

    def write(arrays: dict[str, np.ndarray], *, packed: bool = False, dotted: bool = False) -> Path:
        folder = tmp_path / "idx"
        folder.mkdir(exist_ok=True)
        for name, array in arrays.items():
            data = _idx_bytes(array)
            final = name.replace("-idx", ".idx") if dotted else name
            path = folder / (f"{final}.gz" if packed else final)
            path.write_bytes(gzip.compress(data, mtime=0) if packed else data)
        return folder

    return write
