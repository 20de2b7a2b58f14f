"""What the blocks of a table have in common: its features, its labels, and one type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.data.blocks.readers.chosen_columns import Columns
from onelayer.data.blocks.readers.ready import check_finite, value_refused
from onelayer.data.blocks.source import Block
from onelayer.data.files.columns import choose_columns
from onelayer.data.files.examples import Request
from onelayer.data.files.label_values import column_labels
from onelayer.data.files.list_columns import (
    ExpandedColumn,
    expand_lists,
    in_columns,
    in_order_of_model,
    is_list,
    names_of,
)
from onelayer.data.files.numeric_columns import as_rows, check_numbers
from onelayer.data.stored_type import stored_type
from onelayer.errors import InputError
from onelayer.words import first_few

if TYPE_CHECKING:
    from onelayer.data.blocks.readers.tables import Table

_KEPT: dict[type, type[pl.DataType]] = {
    np.uint8: pl.UInt8, np.float16: pl.Float16, np.float32: pl.Float32, np.float64: pl.Float64,
}  # fmt: skip


@dataclass(frozen=True)
class TableLayout:
    """Which columns are read, and what becomes of them.

    Attributes
    ----------
    source : str
        The table that it was taken from, for messages.
    columns : dict of str to polars type
        Those with features, in their order.
    target : str or None
        That with the labels.
    label_type : polars type or None
    known : frozenset of str
        All columns, with those that are left out.
    names : tuple of str
        Of the features, as the columns have them.
    request : Request
        What was asked for: it may name features in another order.
    dtype : numpy dtype
        Of the matrix: that of all features, or else the wider of float32 and float64 that they
        need.
    """

    source: str
    columns: dict[str, pl.DataType]
    target: str | None
    label_type: pl.DataType | None
    known: frozenset[str]
    names: tuple[str, ...]
    request: Request
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, table: Table, chosen: Columns) -> TableLayout:
        """Return the layout of a table with at least one row.

        Raises
        ------
        InputError
            If the label column is missing or not clear, or a feature is no number.
        """
        request = _request(table.source, chosen)
        all_lists = tuple(name for name, dtype in table.schema.items() if is_list(dtype))
        in_table = in_columns(request, tuple(table.schema), all_lists)
        features, label = choose_columns(tuple(table.schema), in_table, table.index)
        label = label if chosen.need_labels else None
        lists = [name for name in features if is_list(table.schema[name])]
        open_ended = [name for name in lists if isinstance(table.schema[name], pl.List)]
        # How long lists are is known from one of them, where the type does not say it.
        known = table.first_row(open_ended)[:1] if open_ended else pl.DataFrame()
        samples = [known[n] if n in open_ended else _sample(n, table.schema[n]) for n in features]
        parts = [expand_lists(sample, table.source) for sample in samples]
        check_numbers([part.values for part in parts], table.source)
        layout = cls(
            table.source,
            {name: table.schema[name] for name in features},
            label,
            None if label is None else table.schema[label],
            frozenset({*table.schema, *chosen.drop}),
            names_of(parts, table.source),
            request,
            _common_type(parts),
        )
        layout._in_order(np.empty((0, len(layout.names))), parts)  # so that it is refused at once
        return layout

    def _in_order(self, X: NDArray[Any], parts: list[ExpandedColumn]) -> NDArray[Any]:
        """Return features in the order that was asked for."""
        lists = [name for name, dtype in self.columns.items() if is_list(dtype)]
        return in_order_of_model(X, parts, lists, self.request)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features in the order that was asked for."""
        return self.request.features or self.names

    @property
    def columns_read(self) -> tuple[str, ...]:
        """All columns that a block needs."""
        return (*self.columns, *([] if self.target is None else [self.target]))

    def check(self, table: Table) -> None:
        """Refuse a table that has other features or labels than the first.

        Raises
        ------
        InputError
        """
        more = [name for name in table.schema if name not in self.known]
        if more and self.request.features is None:
            raise InputError(
                f"{table.source}: has the column {first_few(more)}, and {self.source} has not; all "
                "files must have the same columns."
            )
        for name in self.columns_read:
            found = table.schema.get(name)
            wanted = self.columns.get(name, self.label_type)
            alike = found == wanted or (
                name == self.target and found is not None and _kind(found) == _kind(wanted)
            )
            if not alike:
                has = f"is of type {found}" if found is not None else "is missing"
                raise InputError(
                    f"{table.source}: the column {name!r} {has}, and in {self.source} it is of "
                    f"type {wanted}; all files must have the same columns."
                )

    def block(self, frame: pl.DataFrame, source: str, before: int) -> Block:
        """Return rows of a table as a block.

        Parameters
        ----------
        frame : polars.DataFrame
            The columns that are read.
        source : str
            The table, for messages.
        before : int
            Its rows that come before these.

        Raises
        ------
        InputError
            If a value is missing or infinite, a label is missing, or lists differ in length.
        """
        parts = [expand_lists(frame[name], source, before) for name in self.columns]
        names = names_of(parts, source)
        if names != self.names:
            raise InputError(
                f"{source}: from row {before + 1} on, the lists of a row have another length than "
                f"in {self.source}: {len(names)} features, there {len(self.names)}; give lists of "
                "one length."
            )
        for part in parts:
            if part.values.null_count():
                row = before + int(part.values.is_null().arg_true()[0])
                raise value_refused(source, row, part.names[0], "missing")
        self._check_types(parts, source, before)
        X = as_rows(parts, _KEPT[self.dtype.type])
        check_finite(X, source, before=before, names=names)
        X = self._in_order(X, parts)
        if self.target is None:
            return Block(X, None)
        where = f"{source}, column {self.target!r}"
        y = column_labels(frame[self.target], where, before=before)
        found = frame[self.target].dtype
        if _kind(found) != _kind(self.label_type):
            raise InputError(
                f"{where}: from row {before + 1} on, the labels are of type {found}, and of type "
                f"{self.label_type} before; give labels of one type."
            )
        return Block(X, y)

    def _check_types(self, parts: list[ExpandedColumn], source: str, before: int) -> None:
        """Refuse columns that hold something else than before, as Python objects may."""
        check_numbers([part.values for part in parts], source)
        for part in parts:
            if not np.can_cast(_kept(part.values.dtype), self.dtype):
                raise InputError(
                    f"{source}: from row {before + 1} on, the column {part.names[0]!r} is of type "
                    f"{part.values.dtype}, which does not fit the {self.dtype} of the first rows; "
                    "give each column one type."
                )


def _request(source: str, chosen: Columns) -> Request:
    return Request(
        path=source, source=source, target=chosen.target, labels=None, size=None, drop=chosen.drop,
        groups=None, key=(), features=chosen.features, image_shape=None, channels=None,
        need_labels=chosen.need_labels, label_matrix=False, part="train",
    )  # fmt: skip


def _common_type(parts: list[ExpandedColumn]) -> np.dtype[Any]:
    """Return the type in which all features are kept."""
    kinds = {_kept(part.values.dtype) for part in parts}
    if len(kinds) == 1:
        return kinds.pop()
    return np.dtype(np.float64 if np.dtype(np.float64) in kinds else np.float32)


def _kept(dtype: pl.DataType) -> np.dtype[Any]:
    native = pl.Series([], dtype=dtype).to_numpy().dtype
    # Of 128 bits, and decimals.
    return np.dtype(np.float64) if native.kind not in "biuf" else stored_type(native)


def _kind(dtype: pl.DataType | None) -> str:
    """Return what labels of a type are: those of two files must be the same."""
    if dtype is None or dtype == pl.Boolean:
        return str(dtype)
    return "number" if dtype.is_numeric() else "text"


def _sample(name: str, dtype: pl.DataType) -> pl.Series:
    """Return a column of a type that says all of it; lists of one length need a row for that."""
    if not isinstance(dtype, pl.Array):
        return pl.Series(name, [], dtype)
    if len(dtype.shape) > 1 or not (dtype.inner == pl.Boolean or dtype.inner.is_numeric()):
        return pl.Series(name, [None], dtype)  # which is refused for its type
    return pl.Series(name, [[0] * dtype.shape[0]]).cast(dtype)
