"""How large a table is, without reading it."""

from __future__ import annotations

import polars as pl

from onelayer.data.blocks.readers.tables import Table

_WIDEST = 8


def row_bytes(table: Table) -> int:
    """Return how many bytes the numbers of a row take; text is not counted."""
    kinds = table.schema
    lists = [name for name, kind in kinds.items() if isinstance(kind, pl.List)]
    first = table.first_row(lists) if lists and any(table.lengths) else pl.DataFrame()
    total = 0
    for name, kind in kinds.items():
        inner = kind.inner if isinstance(kind, pl.List | pl.Array) else kind
        if not isinstance(inner, pl.DataType) or not inner.is_numeric():
            continue
        width = _WIDEST if inner.is_decimal() else pl.Series([0]).cast(inner).estimated_size()
        values = kind.shape[0] if isinstance(kind, pl.Array) else 1
        if name in first.columns:
            values = first[name].list.len()[0] or 0
        total += int(width) * values
    return total
