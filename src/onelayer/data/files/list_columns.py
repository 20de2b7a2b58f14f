"""Columns of lists, as embeddings are stored: each position of the lists is a feature."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.data.files.examples import Request
from onelayer.errors import Argument, InputError
from onelayer.words import first_few, number_of

_POSITION = re.compile(r"(.+)\[(?:0|[1-9]\d*)\]", re.DOTALL)


def is_list(dtype: pl.DataType) -> bool:
    """Return whether a column holds a list a row, of any or of one fixed length."""
    return isinstance(dtype, pl.List | pl.Array)


def position_name(column: str, position: int) -> str:
    """Return what the feature at a position of a column's lists is called, counted from 0."""
    return f"{column}[{position}]"


def in_columns(request: Request, columns: Sequence[str], lists: Sequence[str]) -> Request:
    """Return the request with the columns that hold its features in place of the features.

    A feature that is no column, and is called NAME[i], is looked for in the lists of NAME.
    """
    if request.features is None or not lists:
        return request
    found = {name: _column_of(name, columns, lists) for name in request.features}
    return replace(request, features=tuple(dict.fromkeys(found.values())))


def _column_of(feature: str, columns: Sequence[str], lists: Sequence[str]) -> str:
    match = None if feature in columns else _POSITION.fullmatch(feature)
    return match[1] if match and match[1] in lists else feature


@dataclass(frozen=True, eq=False)
class ExpandedColumn:
    """The features in one column.

    Attributes
    ----------
    names : tuple of str
        One feature each.
    values : polars.Series
        Row after row: as many values as there are names for each.
    """

    names: tuple[str, ...]
    values: pl.Series

    def rows(self, dtype: type[pl.DataType]) -> NDArray[Any]:
        """Return an array, shape (n, features); a missing value is NaN."""
        values: NDArray[Any] = self.values.cast(dtype).to_numpy()
        return values.reshape(-1, len(self.names))


def expand_lists(column: pl.Series, source: str, before: int = 0) -> ExpandedColumn:
    """Return the features in a column; a column without lists is one feature.

    `before` is the number of the file's rows before those of the column, for messages.

    Raises
    ------
    InputError
        If lists differ in length, one or a value in one is missing, or they hold no numbers.
    """
    if not is_list(column.dtype):
        return ExpandedColumn((column.name,), column)
    where = f"{source}, column {column.name!r}"
    if isinstance(column.dtype, pl.Array) and len(column.dtype.shape) == 1:
        column = column.arr.to_list()
    inner = getattr(column.dtype, "inner", None)
    if not isinstance(inner, pl.DataType) or not (
        inner.is_numeric() or inner in (pl.Boolean, pl.Null)
    ):
        raise InputError(
            f"{where}: holds lists of the type {inner}",
            advice=(
                "give lists of numbers, all of one length, or leave the column out with ",
                Argument("drop", "NAME"),
            ),
        )
    if column.null_count():
        raise InputError(
            f"{where}: row {before + _first(column.is_null())} has no list; add it, or remove the "
            "row."
        )
    lengths = column.list.len()
    width = int(lengths[0])
    other = lengths != width
    if other.any():
        row = _first(other)
        raise InputError(
            f"{where}: the list of row {before + row} has {lengths[row - 1]} values, that of row "
            f"{before + 1} {width}; give lists of one length."
        )
    if not width:
        raise InputError(
            f"{where}: the lists are empty",
            advice=("leave the column out with ", Argument("drop", "NAME")),
        )
    values = column.explode()
    if values.null_count():
        row = (_first(values.is_null()) - 1) // width + 1
        raise InputError(
            f"{where}: a value is missing in the list of row {before + row}; add it, or remove "
            "the row."
        )
    return ExpandedColumn(tuple(position_name(column.name, i) for i in range(width)), values)


def _first(faulty: pl.Series) -> int:
    """Return the first row at fault, counted from 1."""
    return int(faulty.arg_true()[0]) + 1


def in_order_of_model(
    X: NDArray[Any], parts: Sequence[ExpandedColumn], lists: Sequence[str], request: Request
) -> NDArray[Any]:
    """Return the features of `parts` in the order that was asked for.

    Raises
    ------
    InputError
        If a column's lists have another length than the model's, or a feature is missing.
    """
    names = names_of(parts, request.source)
    features = request.features
    if features is None or features == names:
        return X
    wanted = Counter(_column_of(name, lists, lists) for name in features)
    for part in parts:
        if (column := part.values.name) in lists and len(part.names) != wanted[column]:
            raise InputError(
                f"{request.source}, column {column!r}: the lists have {len(part.names)} values, "
                f"those of the model {wanted[column]}; give lists as the model was trained on."
            )
    index = {name: i for i, name in enumerate(names)}
    missing = [name for name in features if name not in index]
    if missing:
        raise InputError(
            f"{request.source}: lacks {number_of(len(missing), 'feature')} of the model: "
            f"{first_few(missing)}; the columns with lists are {first_few(lists)}."
        )
    return np.ascontiguousarray(X[:, [index[name] for name in features]])


def names_of(parts: Sequence[ExpandedColumn], source: str) -> tuple[str, ...]:
    """Return the names of all features.

    Raises
    ------
    InputError
        If a column is called as a position in the lists of another is.
    """
    names = tuple(name for part in parts for name in part.names)
    if len(set(names)) < len(names):
        repeated = [name for name, count in Counter(names).items() if count > 1]
        raise InputError(
            f"{source}: a column and a value in the lists of another are both called "
            f"{first_few(repeated)}",
            advice=(
                "rename one of the two columns, or leave it out with ",
                Argument("drop", "NAME"),
            ),
        )
    return names
