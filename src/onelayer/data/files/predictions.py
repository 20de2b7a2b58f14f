"""Predictions as a table."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from onelayer.errors import InputError
from onelayer.storage import write_file
from onelayer.words import first_few

Column: TypeAlias = ArrayLike | pl.Series

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that spreadsheets take for a formula, some only after a blank."""


def write_predictions(path: str | Path, columns: Mapping[str, Column]) -> None:
    """Write columns to a .csv or .parquet file, which is there as a whole or not at all.

    A file of that name is replaced. Text is written as it is, also what a spreadsheet would take
    for a formula: a sign in front of it would make another label of it for whatever else reads the
    file. `formulas` names such text, so that people can be warned.

    Parameters
    ----------
    path : str or Path
    columns : mapping of str to array, shape (n,), or polars.Series
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
        counts = first_few(arrays.items(), lambda item: f"{item[0]} {len(item[1])}")
        raise InputError(f"{path}: the columns differ in length: {counts}; give one length.")
    frame, content = pl.DataFrame(arrays), io.BytesIO()
    if ending == ".csv":
        frame.write_csv(content)
    else:
        frame.write_parquet(content)
    write_file(path, content.getbuffer())


def formulas(path: str | Path, columns: Mapping[str, Column]) -> list[str]:
    """Return the text in columns and their names that a spreadsheet would take for a formula.

    Each is there once. Only .csv files have any: in others a text is known to be text. Text that
    is a number, such as "-1", is none.

    Parameters
    ----------
    path : str or Path
        Where the columns are written.
    columns : mapping of str to array, shape (n,)
    """
    if Path(path).suffix.lower() != ".csv":
        return []
    texts = list(columns)
    for column in columns.values():
        values = np.asarray(column.drop_nulls() if isinstance(column, pl.Series) else column)
        if values.dtype.kind in "UTO":
            texts += map(str, np.unique(values))
    return [
        text for text in dict.fromkeys(texts) if text.startswith(_FORMULA) and not _number(text)
    ]


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _column(name: str, values: Column) -> NDArray[Any] | pl.Series:
    if isinstance(values, pl.Series):
        return values
    array = np.asarray(values)
    if array.ndim != 1:
        raise InputError(f"column {name!r}: the shape is {array.shape}; give one dimension.")
    return array
