"""NumPy's archives of arrays: which array is which, and each by a plain read."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from typing import Any, BinaryIO

from numpy.typing import NDArray

from onelayer.data.blocks.readers.npy import Header, read_header, read_values
from onelayer.data.blocks.readers.shard_names import RULE
from onelayer.data.files.array_names import FEATURES, LABELS
from onelayer.data.files.sparse import SPARSE_KEYS
from onelayer.errors import InputError
from onelayer.words import first_few


def member_header(archive: zipfile.ZipFile, name: str) -> Header:
    """Read the header of an array; the values stay where they are."""
    with archive.open(f"{name}.npy") as member:
        return read_header(_binary(member))


def read_member(archive: zipfile.ZipFile, name: str, path: str) -> NDArray[Any]:
    """Read an array into memory."""
    with archive.open(f"{name}.npy") as member:
        return read_values(_binary(member), read_header(_binary(member)), path)


def _binary(member: Any) -> BinaryIO:
    stream: BinaryIO = member
    return stream


def array_names(archive: zipfile.ZipFile, path: str) -> tuple[bool, str | None, str | None]:
    """Return whether an archive holds a sparse matrix, and its arrays of features and labels.

    Raises
    ------
    InputError
        If it is not clear which they are, or the matrix is not stored by rows.
    """
    members = archive.namelist()
    names = [name[:-4] for name in members if name.endswith(".npy")]
    labels = _one_of(names, LABELS, path)
    if {*names} >= SPARSE_KEYS:
        kind = read_member(archive, "format", path).item()
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
