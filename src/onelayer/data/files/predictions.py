"""Predictions as a table."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from onelayer.data.optional import needs
from onelayer.errors import InputError
from onelayer.storage import replacing, write_file
from onelayer.storage.files import Writing
from onelayer.words import first_few

Column: TypeAlias = ArrayLike | pl.Series

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that spreadsheets take for a formula, some only after a blank."""


class Predictions:
    """A .csv or .parquet file that is written some rows at a time; see `writing_predictions`."""

    def __init__(self, path: Path, file: Writing) -> None:
        self._path, self._file = path, file
        self._is_csv, self._rows = path.suffix.lower() == ".csv", 0
        self._parquet: Any = None

    def write(self, columns: Mapping[str, Column]) -> None:
        """Write the next rows: columns of the same names and types each time.

        Raises
        ------
        InputError
            If the columns do not form a table, or a library that is needed is missing.
        OnelayerError
            If they cannot be written.
        """
        frame = _frame(self._path, columns)
        if self._is_csv:
            content = io.BytesIO()
            frame.write_csv(content, include_header=self._rows == 0)
            self._file.write(content.getbuffer())
        else:
            self._row_group(frame)
        self._rows += len(frame)

    def _row_group(self, frame: pl.DataFrame) -> None:
        with needs(f"{self._path}: writing it in parts", "large"):
            import pyarrow.parquet as pq

        rows = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(_Stream(self._file), rows.schema)
        self._parquet.write_table(rows)

    def end(self) -> None:
        """Write what comes after the last row."""
        if self._parquet is not None:
            self._parquet.close()


class _Stream(io.RawIOBase):
    """A file that is being written, as a stream."""

    def __init__(self, file: Writing) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return self._file.write(memoryview(content))


@contextmanager
def writing_predictions(path: str | Path) -> Iterator[Predictions]:
    """Open a .csv or .parquet file to which predictions are written some rows at a time.

    It is there as a whole when the block ends well, or not at all. A file of that name is replaced.

    Raises
    ------
    InputError
        If the ending is another, or the folder does not exist.
    OnelayerError
        If the file cannot be written.
    """
    path = _checked_path(path)
    with replacing(path) as file:
        predictions = Predictions(path, file)
        yield predictions
        predictions.end()


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
    path = _checked_path(path)
    frame, content = _frame(path, columns), io.BytesIO()
    if path.suffix.lower() == ".csv":
        frame.write_csv(content)
    else:
        frame.write_parquet(content)
    write_file(path, content.getbuffer())


def _checked_path(path: str | Path) -> Path:
    path = Path(path).expanduser()
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"{path}: predictions are written as .csv or .parquet; name such a file.")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it, or name another.")
    return path


def _frame(path: Path, columns: Mapping[str, Column]) -> pl.DataFrame:
    arrays = {name: _column(name, values) for name, values in columns.items()}
    if not arrays:
        raise InputError(f"{path}: there are no columns to write; give at least one.")
    if len({len(array) for array in arrays.values()}) > 1:
        counts = first_few(arrays.items(), lambda item: f"{item[0]} {len(item[1])}")
        raise InputError(f"{path}: the columns differ in length: {counts}; give one length.")
    return pl.DataFrame(arrays)


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
