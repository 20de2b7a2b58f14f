"""Matrices of labels in a file of their own: an array, or a table with a column a label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.files.arrays import map_npy
from onelayer.data.files.tables import open_table
from onelayer.data.label_matrix import as_label_matrix
from onelayer.errors import InputError

_ARRAY = ".npy"
_TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".arrow", ".feather", ".ipc")


def read_label_matrix(path: str) -> tuple[NDArray[np.uint8], tuple[str, ...] | None]:
    """Return a matrix of labels, 0 and 1, and the names of its columns if the file has names.

    Parameters
    ----------
    path : str
        A .npy file with an array (n, n_labels), or a table all of whose columns are labels.

    Raises
    ------
    InputError
        If the file is of another kind, cannot be read, or holds something else than 0 and 1.
    """
    ending = path.lower()
    names: tuple[str, ...] | None = None
    if ending.endswith(_ARRAY):
        values: Any = map_npy(path, path)
    elif ending.endswith(_TABLES):
        table = open_table(path, path)
        names = table.columns
        frame = table.read(names)
        values = np.column_stack([table.numeric(column).to_numpy() for column in frame])
    else:
        raise InputError(
            f"{path}: a matrix of labels is read from .npy or from a table with a column of 0 and "
            "1 for each label; save it as one of these."
        )
    if values.ndim != 2:
        raise InputError(
            f"{path}: the shape is {values.shape}; for multilabel give (examples, labels)."
        )
    try:
        return as_label_matrix(values), names
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
