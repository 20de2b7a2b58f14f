"""Which reader reads which file, by the ending of its name."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from numpy.typing import NDArray

from onelayer.data.files.arrays import read_npy, read_npz
from onelayer.data.files.examples import Examples, Request
from onelayer.data.files.idx_files import IDX_ENDINGS, read_idx_file
from onelayer.data.files.label_files import (
    labels_of_idx,
    labels_of_npy,
    labels_of_table,
    labels_of_text,
)
from onelayer.data.files.safetensors_files import read_safetensors
from onelayer.data.files.tables import read_table
from onelayer.errors import InputError

Reader: TypeAlias = Callable[[Request], Examples]
LabelReader: TypeAlias = Callable[[str, str | None], NDArray[Any]]
AnyReader = TypeVar("AnyReader", Reader, LabelReader)

TABLES = (
    ".csv",
    ".tsv",
    ".csv.gz",
    ".tsv.gz",
    ".parquet",
    ".arrow",
    ".feather",
    ".ipc",
)

READERS: dict[str, Reader] = {
    **dict.fromkeys(TABLES, read_table),
    ".npy": read_npy,
    ".npz": read_npz,
    ".safetensors": read_safetensors,
    **dict.fromkeys(IDX_ENDINGS, read_idx_file),
}
"""The reader of examples for each ending."""

LABEL_READERS: dict[str, LabelReader] = {
    **dict.fromkeys(TABLES, labels_of_table),
    ".npy": labels_of_npy,
    ".txt": labels_of_text,
    **dict.fromkeys(IDX_ENDINGS, labels_of_idx),
}
"""The reader of labels for each ending."""


def by_ending(path: str, readers: Mapping[str, AnyReader]) -> AnyReader:
    """Return the reader for a file.

    Raises
    ------
    InputError
        If none of the endings is that of the file.
    """
    name = path.lower()
    for ending, reader in readers.items():
        if name.endswith(ending):
            return reader
    raise InputError(
        f"{path}: files with this ending are not read; give one that ends in {', '.join(readers)}."
    )
