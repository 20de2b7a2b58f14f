"""From pyarrow's tables to polars', whose columns the readers of tables know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import polars as pl
import pyarrow as pa

from onelayer.errors import InputError
from onelayer.words import first_few

_DAMAGE = (pa.ArrowException, OSError, ValueError, EOFError, KeyError, MemoryError)


@contextmanager
def damage_of(source: str) -> Iterator[None]:
    """Turn what is raised at a damaged file into one message."""
    try:
        yield
    except InputError:
        raise
    except _DAMAGE as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{source}: is damaged or of another kind than its name says ({reason}); get it again."
        ) from error


def arrow_schema(schema: pa.Schema, source: str) -> dict[str, pl.DataType]:
    """Return the columns of a file and their types.

    Raises
    ------
    InputError
        If two have the same name, or polars does not know a type.
    """
    repeated = [name for name in {*schema.names} if schema.names.count(name) > 1]
    if repeated:
        raise InputError(
            f"{source}: several columns are called {first_few(sorted(repeated))}; rename them."
        )
    with damage_of(source):
        return dict(as_frame(schema.empty_table(), schema.names, source).schema)


def as_frame(rows: pa.Table, names: Sequence[str], source: str) -> pl.DataFrame:
    """Return some columns of a table, in this order.

    Raises
    ------
    InputError
        If polars does not know the type of one.
    """
    try:
        frame = pl.from_arrow(rows.select([*names]))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise InputError(
            f"{source}: a column is of a type that is not read ({error}); leave it out."
        ) from error
    assert isinstance(frame, pl.DataFrame)
    return frame
