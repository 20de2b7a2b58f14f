"""Columns that look as if they named the rows, and told nothing about them."""

from collections.abc import Iterable

import polars as pl

_LEAST_CONSECUTIVE = 10
"""In fewer rows even numbers without a gap may be a measurement."""

_LEAST_DISTINCT = 50
"""In fewer rows measurements often differ all."""

_MOST = 3
"""Where more columns than this differ in all rows, they are counts or amounts."""


def identifiers(columns: Iterable[pl.Series]) -> tuple[str, ...]:
    """Return the names of columns that look like identifiers.

    Those are columns of integers that are consecutive numbers, in any order, or of which no two
    are equal. Floats may differ all by their nature; text is refused as a feature anyway.
    """
    consecutive, distinct = [], []
    for column in columns:
        n = len(column)
        if not column.dtype.is_integer() or n < _LEAST_CONSECUTIVE or column.null_count():
            continue
        low, high = column.min(), column.max()
        assert isinstance(low, int)
        assert isinstance(high, int)
        if high - low + 1 < n or column.n_unique() < n:
            continue
        if high - low + 1 == n:
            consecutive.append(column.name)
        elif n >= _LEAST_DISTINCT:
            distinct.append(column.name)
    return (*consecutive, *(distinct if len(distinct) <= _MOST else ()))
