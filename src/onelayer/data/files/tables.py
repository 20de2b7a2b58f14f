"""Tables: CSV, Parquet and Arrow IPC files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from numpy.typing import NDArray

from onelayer.data.files.beside import read_beside
from onelayer.data.files.columns import choose_columns
from onelayer.data.files.csv_files import (
    find_separator,
    numbers_in,
    read_csv_columns,
    read_header,
    read_words,
)
from onelayer.data.files.examples import Examples, Request
from onelayer.data.files.identifiers import identifiers
from onelayer.data.files.label_values import column_labels, is_padded, with_gaps
from onelayer.data.files.limits import check_size
from onelayer.data.files.list_columns import (
    ExpandedColumn,
    expand_lists,
    in_columns,
    in_order_of_model,
    is_list,
    names_of,
)
from onelayer.data.files.numeric_columns import as_rows, check_numbers
from onelayer.data.files.pandas_index import pandas_index
from onelayer.data.files.panics import damage_named
from onelayer.errors import InputError

_NARROW = {pl.Boolean, pl.Int8, pl.UInt8, pl.Int16, pl.UInt16, pl.Float16, pl.Float32}
_BYTES: dict[Any, int] = {
    pl.Int8: 1, pl.UInt8: 1, pl.Int16: 2, pl.UInt16: 2, pl.Float16: 2, pl.Int32: 4,
    pl.UInt32: 4, pl.Float32: 4, pl.Int128: 16,
}  # fmt: skip
_ARROW_FILE = b"ARROW1"


@dataclass(frozen=True)
class Table:
    """A file whose columns are known and not yet read.

    Parameters
    ----------
    lazy : LazyFrame or None
        None for a CSV file.
    lists : tuple of str
        The columns that hold a list a row.
    separator : str
        Of the values of a CSV file.
    """

    path: str
    source: str
    columns: tuple[str, ...]
    lazy: pl.LazyFrame | None
    lists: tuple[str, ...] = ()
    separator: str = ","

    def read(self, names: Sequence[str], *, as_text: bool = False) -> pl.DataFrame:
        """Return some columns, in this order, as they are in the file.

        With `as_text` those of a CSV file are text, also where they hold numbers.
        """
        index = {name: i for i, name in enumerate(self.columns)}
        wanted = [index[name] for name in names]
        if self.lazy is None:
            frame = read_csv_columns(
                self.path, self.source, self.separator, self.columns, wanted, as_text=as_text
            )
        else:
            with damage_named(self.source):
                # By position: polars takes some names, such as "*", for patterns.
                columns = self.lazy.select(pl.nth(i) for i in wanted)
                n_rows = self.lazy.select(pl.len()).collect().item()  # which stands in the file
                check_size(n_rows * _bytes_per_row(columns.collect_schema().dtypes()), self.source)
                frame = columns.collect()
        if frame.is_empty():
            raise InputError(f"{self.source}: holds no row; give at least one example.")
        return frame

    def labels(self, column: pl.Series) -> NDArray[Any]:
        """Return a column of this table as labels."""
        where = f"{self.source}, column {column.name!r}"
        if self.lazy is None and column.dtype.is_integer():
            words = read_words(self.path, self.separator, self.columns.index(column.name))
            column = words.head(len(column)).alias(column.name) if is_padded(words) else column
        return column_labels(column, where, as_text=self.lazy is None)

    def numeric(self, column: pl.Series) -> pl.Series:
        """Return a column as numbers where it holds such."""
        return numbers_in(column) if self.lazy is None and column.dtype == pl.String else column


def open_table(path: str, source: str) -> Table:
    """Return the table in a file, by the ending of its name.

    Raises
    ------
    InputError
        If the file is empty or damaged, or two columns have the same name.
    """
    ending = path.lower()
    if ending.endswith((".csv", ".tsv", ".csv.gz", ".tsv.gz")):
        separator = find_separator(path, source)
        names = read_header(path, source, separator)
        return Table(path, source, names, None, separator=separator)
    with damage_named(source):
        if ending.endswith(".parquet"):
            lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        elif _starts_with(path, _ARROW_FILE):
            lazy = pl.scan_ipc(path, glob=False, hive_partitioning=False)
        else:
            lazy = pl.read_ipc_stream(path).lazy()
        schema = lazy.collect_schema()
        lists = tuple(name for name, dtype in schema.items() if is_list(dtype))
        return Table(path, source, tuple(schema.names()), lazy, lists)


def read_table(request: Request) -> Examples:
    """Read the numeric columns of a table as features, and one column as labels.

    A column NAME of lists is the features NAME[0], NAME[1] and so on.
    """
    table = open_table(request.path, request.source)
    in_table = in_columns(request, table.columns, table.lists)
    trains = request.features is None
    index = pandas_index(request.path, table.columns) if trains and table.lazy is not None else ()
    columns, target = choose_columns(table.columns, in_table, index)
    frame = table.read([*columns, *([target] if target is not None else [])])
    y = None
    if target is not None:
        labels = frame.to_series(-1)
        frame = frame.drop(target)
        if request.need_labels or not with_gaps(labels).null_count():
            y = table.labels(labels)
    parts = [expand_lists(table.numeric(column), request.source) for column in frame]
    X = in_order_of_model(_matrix(parts, request.source), parts, table.lists, request)
    beside = (
        read_beside(table.read(request.beside, as_text=True), request) if request.beside else {}
    )
    return Examples(
        X=X,
        y=y,
        feature_names=request.features or names_of(parts, request.source),
        target=target,
        source=request.source,
        index=tuple(name for name in index if name not in (*request.drop, *request.beside, target)),
        identifiers=identifiers(frame) if trains else (),
        **beside,
    )


def _matrix(parts: list[ExpandedColumn], source: str) -> NDArray[Any]:
    """Return numeric columns as one array; a missing value is NaN."""
    columns = [part.values for part in parts]
    check_numbers(columns, source)
    return as_rows(parts, _common_type({column.dtype for column in columns}))


def _common_type(kinds: set[pl.DataType]) -> type[pl.DataType]:
    if kinds == {pl.UInt8}:
        return pl.UInt8  # with gaps, polars makes float32 of it
    return pl.Float32 if kinds <= _NARROW else pl.Float64


def _bytes_per_row(kinds: list[pl.DataType]) -> int:
    """Return how much memory the numbers of a row take; text and lists are not counted."""
    return sum(_BYTES.get(kind, 8) for kind in kinds if kind.is_numeric())


def _starts_with(path: str, magic: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(len(magic)) == magic
