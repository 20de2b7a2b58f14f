"""Columns of a table that are read beside features and labels: keys and groups."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.data.files.examples import Request
from onelayer.data.files.label_values import with_gaps
from onelayer.errors import InputError


def read_beside(frame: pl.DataFrame, request: Request) -> dict[str, Any]:
    """Return the parts of `Examples` that the columns `Request.beside` make.

    Raises
    ------
    InputError
        If a column holds lists or bytes, or a group is missing.
    """
    for column in frame:
        if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
            raise InputError(
                f"{request.source}, column {column.name!r}: holds values of the type "
                f"{column.dtype}; name one with text or a number a row."
            )
    groups = (
        None if request.groups is None else numbered_groups(frame[request.groups], request.source)
    )
    return {"keys": {name: frame[name] for name in request.key}, "groups": groups}


def numbered_groups(groups: pl.Series, source: str) -> NDArray[np.int64]:
    """Return a number for each group, in the order of their values.

    Raises
    ------
    InputError
        If a group is missing.
    """
    groups = with_gaps(groups)
    if groups.null_count():
        raise InputError(
            f"{source}, column {groups.name!r}: {groups.null_count()} rows are in no group, the "
            f"first is row {groups.is_null().arg_true()[0] + 1}; add their groups, or remove them."
        )
    words = groups.str.strip_chars() if groups.dtype == pl.String else groups
    numbers: NDArray[np.int64] = words.rank("dense").to_numpy().astype(np.int64) - 1
    return numbers
