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
    named = _named(path) if path.lower().endswith(".parquet") else set()
    return tuple(name for name in columns if name in named or INDEX.fullmatch(name))


def _named(path: str) -> set[str]:
    read = getattr(pl, "read_parquet_metadata", None)  # not in the oldest polars
    if read is None:
        return set()
    try:
        # A range that has no column of its own is a dict there.
        return {n for n in json.loads(read(path)["pandas"])["index_columns"] if isinstance(n, str)}
    except (KeyError, TypeError, ValueError):
        return set()
