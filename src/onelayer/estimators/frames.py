"""Columns of a frame that are no numbers, by their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from onelayer.errors import InputError
from onelayer.words import first_few, shortened

_LONGEST = 30  # characters of a value that is shown


def refuse_columns(X: Any) -> None:
    """Refuse a frame of pandas, polars or PyArrow that has columns of something else than numbers.

    Anything else is left to others, and so are missing values.

    Raises
    ------
    InputError
    """
    found = [(name, what) for name, column in _columns(X) if (what := _instead(column)) is not None]
    if found:
        many = len(found) > 1
        raise InputError(
            f"X: {len(found)} column{'s do' if many else ' does'} not hold numbers: "
            f"{first_few(found, lambda pair: f'{pair[0]!r} ({pair[1]})')}; encode "
            f"{'them' if many else 'it'} as numbers (lists as a column each), or leave "
            f"{'them' if many else 'it'} out."
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


def _instead(column: Any) -> str | None:
    """Return what a column holds in place of numbers; None if it holds numbers."""
    kind = str(getattr(column, "dtype", None) or column.type)
    values = np.asarray(column)
    if values.ndim == 1 and values.dtype.kind in "biuf":
        return None
    if values.ndim == 1 and values.dtype.kind in "OU":
        for value in values.tolist():
            try:
                float("nan" if value is None else value)
            except (TypeError, ValueError):
                return f"{kind}, such as {shortened(repr(value), _LONGEST)}"
        return None
    return kind
