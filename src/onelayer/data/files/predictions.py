"""Predictions as a table."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from onelayer.errors import InputError
from onelayer.storage import write_file


def write_predictions(path: str | Path, columns: Mapping[str, ArrayLike]) -> None:
    """Write columns to a .csv or .parquet file, which is there as a whole or not at all.

    A file of that name is replaced.

    Parameters
    ----------
    path : str or Path
    columns : mapping of str to array, shape (n,)
        The name and the values of each column, in order.

    Raises
    ------
    InputError
        If the ending is another, the folder does not exist, or the columns do not form a table.
    OnelayerError
        If the file cannot be written.
    """
    path = Path(path).expanduser()
    ending = path.suffix.lower()
    if ending not in (".csv", ".parquet"):
        raise InputError(f"{path}: predictions are written as .csv or .parquet; name such a file.")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it, or name another.")
    arrays = {name: _column(name, values) for name, values in columns.items()}
    if not arrays:
        raise InputError(f"{path}: there are no columns to write; give at least one.")
    if len({len(array) for array in arrays.values()}) > 1:
        counts = ", ".join(f"{name} {len(array)}" for name, array in arrays.items())
        raise InputError(f"{path}: the columns differ in length: {counts}; give one length.")
    frame, content = pl.DataFrame(arrays), io.BytesIO()
    if ending == ".csv":
        frame.write_csv(content)
    else:
        frame.write_parquet(content)
    write_file(path, content.getbuffer())


def _column(name: str, values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1:
        raise InputError(f"column {name!r}: the shape is {array.shape}; give one dimension.")
    return array
