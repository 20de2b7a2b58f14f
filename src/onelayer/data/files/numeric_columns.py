"""Columns of a table as a matrix of numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.data.files.csv_files import has_commas, not_numbers_in
from onelayer.data.files.list_columns import ExpandedColumn
from onelayer.data.not_numbers import NotNumbers, they_hold_no_numbers
from onelayer.errors import Argument, InputError
from onelayer.words import first_few


def check_numbers(columns: Sequence[pl.Series], source: str) -> None:
    """Refuse columns that hold something else than numbers.

    Raises
    ------
    InputError
    """
    other = [c for c in columns if not (c.dtype.is_numeric() or c.dtype in (pl.Boolean, pl.Null))]
    if commas := [column for column in other if has_commas(column)]:
        one = len(commas) == 1
        raise InputError(
            f"{source}: {len(commas)} column{'' if one else 's'} hold{'s' if one else ''} numbers "
            f"with commas: {first_few(map(_shown, commas), str)}; write them with a decimal point, "
            "and thousands without a comma."
        )
    if other:
        raise InputError(
            they_hold_no_numbers(source, [*map(_shown, other)]),
            advice=(
                f"leave {'them' if len(other) > 1 else 'it'} out with ",
                Argument("drop", "NAME"),
                ", encode them as numbers, or name the one with the labels with ",
                Argument("target", "NAME"),
            ),
        )


def as_rows(parts: Sequence[ExpandedColumn], dtype: type[pl.DataType]) -> NDArray[Any]:
    """Return numeric columns as one array in C order; a missing value is NaN."""
    if all(len(part.names) == 1 for part in parts):
        frame = pl.DataFrame([part.values for part in parts])
        matrix: NDArray[Any] = frame.cast(dtype).to_numpy(order="c")
        return matrix
    arrays = [part.rows(dtype) for part in parts]
    return np.hstack(arrays) if len(arrays) > 1 else arrays[0]


def _shown(column: pl.Series) -> NotNumbers:
    """Return a column with its type and a value of it, no number if there is such."""
    values = column.drop_nulls()
    words = not_numbers_in(values) if column.dtype == pl.String else values
    values = values if words.is_empty() else words
    return NotNumbers(column.name, str(column.dtype), None if values.is_empty() else str(values[0]))
