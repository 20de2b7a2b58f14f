"""Columns of a frame that are no numbers, by their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from onelayer.data.not_numbers import NotNumbers, they_hold_no_numbers
from onelayer.errors import InputError


def refuse_columns(X: Any) -> None:
    """Refuse a frame of pandas, polars or PyArrow that has columns of something else than numbers.

    Text that spells a number is one, as scikit-learn has it. Anything else is left to others, and
    so are missing values.

    Raises
    ------
    InputError
    """
    found = [other for name, column in _columns(X) if (other := _other(name, column)) is not None]
    if found:
        them = "them" if len(found) > 1 else "it"
        raise InputError(
            f"{they_hold_no_numbers('X', found)}; encode {them} as numbers (lists as a column "
            f"each), or leave {them} out."
        )


def has_times(X: Any) -> bool:
    """Return whether a frame of polars has dates or times, of which it makes numbers silently."""
    kinds = X.dtypes if hasattr(X, "iter_columns") else ()
    return any(kind.is_temporal() for kind in kinds)


def _columns(X: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        yield from ((str(name), X.iloc[:, i]) for i, name in enumerate(X.columns))
    elif hasattr(X, "iter_columns"):
        yield from ((column.name, column) for column in X.iter_columns())
    elif hasattr(X, "itercolumns"):
        yield from zip(X.column_names, X.itercolumns(), strict=True)


def _other(name: str, column: Any) -> NotNumbers | None:
    """Return a column that holds something in place of numbers; None if it holds numbers."""
    kind = str(getattr(column, "dtype", None) or column.type)
    values = np.asarray(column)
    if values.ndim == 1 and values.dtype.kind in "biuf":
        return None
    if values.ndim == 1 and values.dtype.kind in "OU":
        for value in values.tolist():
            try:
                float("nan" if value is None else value)
            except (TypeError, ValueError):
                return NotNumbers(name, kind, value if isinstance(value, str) else repr(value))
        return None
    return NotNumbers(name, kind)
