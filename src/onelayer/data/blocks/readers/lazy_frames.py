"""A query of polars: slices of its rows are the pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl

from onelayer.data.blocks.arrays import BLOCK_LENGTH
from onelayer.data.checks import check_integer
from onelayer.data.rows import row_blocks
from onelayer.errors import InputError

_NAME = "LazyFrame"


@dataclass(frozen=True, eq=False)
class LazyTable:
    """A query of which columns and rows are known. It must give its rows in one order, always."""

    query: pl.LazyFrame
    schema: dict[str, pl.DataType]
    slices: tuple[slice, ...]

    source = _NAME
    index = ()

    @classmethod
    def of(cls, query: pl.LazyFrame, block_length: int | None) -> LazyTable:
        """Count the rows, by one query.

        Parameters
        ----------
        query : polars.LazyFrame
        block_length : int, optional
            Rows of each slice.

        Raises
        ------
        InputError
            If the query fails.
        """
        at_once = BLOCK_LENGTH if block_length is None else block_length
        length = check_integer(at_once, "block_length", 1)
        with _failures_named():
            schema = dict(query.collect_schema())
            n = int(query.select(pl.len()).collect().item())
        return cls(query, schema, tuple(row_blocks(n, length)))

    @property
    def lengths(self) -> tuple[int, ...]:
        """Rows of each slice."""
        return tuple(rows.stop - rows.start for rows in self.slices)

    def read(self, piece: int, names: Sequence[str]) -> pl.DataFrame:
        """Return some columns of a slice."""
        rows = self.slices[piece]
        with _failures_named():
            return self._columns(names).slice(rows.start, rows.stop - rows.start).collect()

    def first_row(self, names: Sequence[str]) -> pl.DataFrame:
        """Return the first row of some columns."""
        with _failures_named():
            return self._columns(names).head(1).collect()

    def _columns(self, names: Sequence[str]) -> pl.LazyFrame:
        # By position: polars takes some names, such as "*", for patterns.
        places = {name: i for i, name in enumerate(self.schema)}
        return self.query.select(pl.nth(places[name]) for name in names)


@contextmanager
def _failures_named() -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{_NAME}: the query failed ({reason}); try it alone, with collect()."
        ) from error
