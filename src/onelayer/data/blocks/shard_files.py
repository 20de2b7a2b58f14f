"""A shard: what its headers say, and its values."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks.npy import Header, read_header, read_values
from onelayer.data.blocks.places import DataFile
from onelayer.data.blocks.shard_names import RULE, Pair
from onelayer.data.files.arrays import FEATURES, LABELS
from onelayer.data.files.damage import DAMAGE
from onelayer.data.files.sparse import SPARSE_KEYS
from onelayer.data.stored_type import stored_type
from onelayer.errors import InputError
from onelayer.words import first_few

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
            is_sparse, features, labels = _names(file, path)
            X, shape = _header(file, "data" if is_sparse else str(features)), None
            if is_sparse:
                shape = tuple(_member(file, "shape", path).tolist())
            y = None if labels is None else _header(file, labels)
        else:
            X, shape, y = read_header(file), None, None
    if files.y is not None:
        if labels is not None:
            raise InputError(
                f"{files.y.path}: holds labels, and so does {files.X.name}; remove one of the two."
            )
        with _opened(files.y) as file:
            y = read_header(file)
    dtype = stored_type(X.dtype, path)
    if is_sparse and dtype != np.float64:
        dtype = np.dtype(np.float32)
    shape = shape or ((X.shape[0], X.n_features) if len(X.shape) > 1 else X.shape)
    if len(shape) != 2 or min(shape) == 0:
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


def read(shard: Shard) -> tuple[Any, NDArray[Any] | None]:
    """Return the features and the labels of a shard as they are in its files.

    Raises
    ------
    InputError
        If a file is gone, cut off or damaged.
    """
    y = None
    with _opened(shard.files.X) as file:
        if not isinstance(file, zipfile.ZipFile):
            X = read_values(file, read_header(file), shard.path)
        elif shard.is_sparse:
            parts = tuple(_member(file, name, shard.path) for name in _CSR)
            X = sparse.csr_array(parts, shape=shard.shape)
        else:
            X = _member(file, str(shard.features), shard.path)
        if isinstance(file, zipfile.ZipFile) and shard.labels is not None:
            y = _member(file, shard.labels, shard.path)
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


def _header(archive: zipfile.ZipFile, name: str) -> Header:
    with archive.open(f"{name}.npy") as member:
        return read_header(_binary(member))


def _member(archive: zipfile.ZipFile, name: str, path: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as member:
        return read_values(_binary(member), read_header(_binary(member)), path)


def _binary(member: Any) -> BinaryIO:
    stream: BinaryIO = member
    return stream


def _names(archive: zipfile.ZipFile, path: str) -> tuple[bool, str | None, str | None]:
    """Return whether an archive holds a sparse matrix, and its arrays of features and labels."""
    members = archive.namelist()
    names = [name[:-4] for name in members if name.endswith(".npy")]
    labels = _one_of(names, LABELS, path)
    if {*names} >= SPARSE_KEYS:
        kind = _member(archive, "format", path).item()
        if kind not in (b"csr", "csr"):
            kind = kind.decode() if isinstance(kind, bytes) else kind
            raise InputError(
                f"{path}: holds a sparse matrix as {kind}, which is not stored by rows; save it "
                "anew after matrix.tocsr()."
            )
        return True, None, labels
    features = _one_of(names, FEATURES, path)
    if features is None or (labels is None and len(names) > 1):
        what = "features" if features is None else "labels"
        raise InputError(
            f"{path}: which of its arrays are the {what} is not clear; it holds "
            f"{first_few(members) or 'none'}. {RULE}."
        )
    return False, features, labels


def _one_of(names: Sequence[str], wanted: Sequence[str], path: str) -> str | None:
    found = [name for name in names if name.lower() in wanted]
    if len(found) > 1:
        raise InputError(
            f"{path}: the arrays {first_few(found)} could all be meant; keep one that is called "
            f"{wanted[0]}."
        )
    return found[0] if found else None
