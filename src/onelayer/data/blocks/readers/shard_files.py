"""A shard: what its headers say, and its values."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks.buffers import Buffers
from onelayer.data.blocks.readers.npy import Header, check_length, read_header, read_values
from onelayer.data.blocks.readers.npz import array_names, member_header, read_member
from onelayer.data.blocks.readers.places import DataFile
from onelayer.data.blocks.readers.shard_names import Pair
from onelayer.data.files.damage import DAMAGE
from onelayer.data.stored_type import stored_type
from onelayer.errors import InputError

_CSR = ("data", "indices", "indptr")


@dataclass(frozen=True)
class Shard:
    """What is known of a shard before its values are read.

    Attributes
    ----------
    files : Pair
    features, labels : str or None
        What the arrays are called in an archive; None: they are files of their own, or there are
        none.
    shape : (int, int)
        Examples and features.
    dtype : numpy dtype
        In which values are kept.
    y : Header or None
        Of the labels.
    is_sparse : bool
    """

    files: Pair
    features: str | None
    labels: str | None
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    y: Header | None
    is_sparse: bool = False

    @property
    def path(self) -> str:
        """The file with its features."""
        return self.files.X.path

    @property
    def labels_path(self) -> str:
        """The file with its labels."""
        return self.path if self.files.y is None else self.files.y.path


def describe(files: Pair) -> Shard:
    """Return what the headers of a shard say.

    Raises
    ------
    InputError
        If a file is damaged, is empty, or holds something else than features and labels.
    """
    path = files.X.path
    is_sparse, features, labels = False, None, None
    with _opened(files.X) as file:
        if isinstance(file, zipfile.ZipFile):
            is_sparse, features, labels = array_names(file, path)
            X, shape = member_header(file, "data" if is_sparse else str(features)), None
            if is_sparse:
                shape = tuple(read_member(file, "shape", path).tolist())
            y = None if labels is None else member_header(file, labels)
        else:
            X, shape, y = _checked_header(file, files.X), None, None
    if files.y is not None:
        if labels is not None:
            raise InputError(
                f"{files.y.path}: holds labels, and so does {files.X.name}; remove one of the two."
            )
        with _opened(files.y) as file:
            y = _checked_header(file, files.y)
    dtype = stored_type(X.dtype, path)
    if is_sparse and dtype != np.float64:
        dtype = np.dtype(np.float32)
    shape = shape or ((X.shape[0], X.n_features) if len(X.shape) > 1 else X.shape)
    if len(shape) != 2 or min(shape) <= 0:
        raise InputError(
            f"{path}: the features have the shape {X.shape if features else shape}; give at least "
            "one example and one feature, as (examples, features)."
        )
    shard = Shard(files, features, labels, shape, dtype, y, is_sparse)
    if y is not None and y.shape[:1] != shape[:1]:
        raise InputError(
            f"{shard.labels_path}: the labels have the shape {y.shape}, and {files.X.name} has "
            f"{shape[0]} examples; give one label an example."
        )
    return shard


def read(shard: Shard, memory: Buffers) -> tuple[Any, NDArray[Any] | None]:
    """Return the features and the labels of a shard as they are in its files.

    Features of a file of their own are read into memory that was used before, if there is some.

    Raises
    ------
    InputError
        If a file is gone, cut off or damaged.
    """
    y = None
    with _opened(shard.files.X) as file:
        if not isinstance(file, zipfile.ZipFile):
            X = read_values(file, read_header(file), shard.path, memory)
        elif shard.is_sparse:
            parts = tuple(read_member(file, name, shard.path) for name in _CSR)
            X = sparse.csr_array(parts, shape=shard.shape)
        else:
            X = read_member(file, str(shard.features), shard.path)
        if isinstance(file, zipfile.ZipFile) and shard.labels is not None:
            y = read_member(file, shard.labels, shard.path)
    if shard.files.y is not None:
        with _opened(shard.files.y) as file:
            y = read_values(file, read_header(file), shard.labels_path)
    return X, y


@contextmanager
def _opened(file: DataFile) -> Iterator[Any]:
    """Open a file: an archive by its name, otherwise the stream."""
    with file.open() as stream:
        try:
            if file.name.lower().endswith(".npz"):
                with zipfile.ZipFile(stream) as archive:
                    yield archive
            else:
                yield stream
        except InputError:
            raise
        except DAMAGE as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"{file.path}: cannot be read ({reason}); save it anew with numpy.save or "
                "numpy.savez, without Python objects."
            ) from error


def _checked_header(stream: BinaryIO, file: DataFile) -> Header:
    header = read_header(stream)
    check_length(header, stream.tell(), file.size)
    return header
