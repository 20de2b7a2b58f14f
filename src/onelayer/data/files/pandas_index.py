"""The row index that pandas writes beside the columns of a table."""

import json
import re
from collections.abc import Sequence

import polars as pl

INDEX = re.compile(r"__index_level_\d+__")
"""What pandas calls the column of an index without a name."""


def pandas_index(path: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a Parquet or Arrow file that hold a row index of pandas.

    Those are the ones that the metadata of pandas names, and those that are called as it calls an
    index without a name.
    """
    read = getattr(pl, "read_parquet_metadata", None)  # not in the oldest polars
    if read is None or not path.lower().endswith(".parquet"):
        return index_columns(None, columns)
    return index_columns(read(path).get("pandas"), columns)


def index_columns(metadata: str | bytes | None, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that hold a row index, by the metadata that pandas wrote, if it did."""
    try:
        # A range that has no column of its own is a dict there.
        named = {n for n in json.loads(metadata or "")["index_columns"] if isinstance(n, str)}
    except (KeyError, TypeError, ValueError):
        named = set()
    return tuple(name for name in columns if name in named or INDEX.fullmatch(name))
