"""Tables as blocks: files, queries and partitions whose rows come in pieces of known length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import polars as pl

from onelayer.data.blocks.readers.chosen_columns import Columns
from onelayer.data.blocks.readers.table_layout import TableLayout
from onelayer.data.blocks.source import Block
from onelayer.errors import InputError


class Table(Protocol):
    """Rows in pieces, as one file or query has them.

    Attributes
    ----------
    source : str
        What messages call it.
    schema : dict of str to polars type
    index : tuple of str
        The columns that hold a row index of pandas.
    lengths : tuple of int
        Rows of each piece; 0 is allowed.
    """

    @property
    def source(self) -> str:
        """What messages call it."""

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """The columns and their types."""

    @property
    def index(self) -> tuple[str, ...]:
        """The columns that hold a row index of pandas."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Rows of each piece."""

    def read(self, piece: int, names: Sequence[str]) -> pl.DataFrame:
        """Return some columns of a piece; from any thread."""

    def first_row(self, names: Sequence[str]) -> pl.DataFrame:
        """Return at least one row of some columns; only where there is one."""


class TableBlocks:
    """The pieces of tables that have the same columns as blocks; those without rows are left out.

    Parameters
    ----------
    tables : sequence of Table
    columns : Columns

    Raises
    ------
    InputError
        If the label column is missing or not clear, a column holds no numbers, the tables differ,
        or they have no row.
    """

    blocks_to_read = 7
    """In blocks, what reading one takes: as stored, decoded, and as rows."""

    def __init__(self, tables: Sequence[Table], columns: Columns) -> None:
        full = [table for table in tables if any(table.lengths)]
        if not full:
            raise InputError(f"{tables[0].source}: holds no row; give at least one example.")
        self._layout = TableLayout.of(full[0], columns)
        self._pieces: list[tuple[Table, int, int]] = []
        lengths: list[int] = []
        for table in full:
            self._layout.check(table)
            before = 0
            for piece, length in enumerate(table.lengths):
                if length:
                    self._pieces.append((table, piece, before))
                    lengths.append(length)
                before += length
        self.n_features = len(self._layout.feature_names)
        self.dtype: np.dtype[Any] = self._layout.dtype
        self.block_lengths = tuple(lengths)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The columns that are features; of a column NAME of lists NAME[0], NAME[1] and so on."""
        return self._layout.feature_names

    @property
    def target(self) -> str | None:
        """The label column."""
        return self._layout.target

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """All columns and their types, also of those that are not read."""
        return self._pieces[0][0].schema

    @property
    def index(self) -> tuple[str, ...]:
        """The columns that hold a row index of pandas, and are no features."""
        return self._pieces[0][0].index

    def read_columns(self, i: int, names: Sequence[str]) -> pl.DataFrame:
        """Return columns of piece i as they are."""
        table, piece, _ = self._pieces[i]
        return table.read(piece, names)

    def read_block(self, i: int) -> Block:
        """Return the features and labels of piece i.

        Raises
        ------
        InputError
            If a file is gone, was changed or is damaged, or a value is missing or infinite.
        """
        table, piece, before = self._pieces[i]
        frame = table.read(piece, self._layout.columns_read)
        return checked_block(self._layout, frame, table.source, before, self.block_lengths[i])


def checked_block(
    layout: TableLayout, frame: pl.DataFrame, source: str, before: int, length: int
) -> Block:
    """Return the features and labels of some rows, of which so many were promised."""
    if len(frame) != length:
        raise InputError(
            f"{source}: {len(frame)} rows were read where {length} were promised, from row "
            f"{before + 1} on; was the data changed while it was read?"
        )
    return layout.block(frame, source, before)
