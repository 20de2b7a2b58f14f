"""Values as they were read, made ready as a block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from onelayer.data.csr import as_csr
from onelayer.errors import InputError


def ready_matrix(X: Any, dtype: np.dtype[Any], where: str) -> Any:
    """Return values of some examples as the rows of a matrix that holds finite numbers.

    Parameters
    ----------
    X : array, shape (n, ...), or a SciPy sparse array or matrix
    dtype : numpy dtype
        That of the matrix.
    where : str
        The file, for messages.

    Returns
    -------
    array, shape (n, n_features), C order; or a CSR array, each value once

    Raises
    ------
    InputError
        If a value is missing or infinite, or a sparse matrix is damaged.
    """
    if sparse.issparse(X):
        matrix = as_csr(X, where).astype(dtype, copy=False)
        matrix.sum_duplicates()
        bad = np.flatnonzero(~np.isfinite(matrix.data))
        if len(bad):
            row = int(np.searchsorted(matrix.indptr, bad[0], side="right")) - 1
            raise _not_finite(where, row, int(matrix.indices[bad[0]]), matrix.data[bad[0]])
        return matrix
    rows = np.ascontiguousarray(X.reshape(len(X), -1), dtype=dtype)
    check_finite(rows, where)
    return rows


def check_finite(
    X: Any, where: str, *, before: int = 0, names: Sequence[str] | None = None
) -> None:
    """Refuse a dense matrix with a value that is missing or infinite.

    Parameters
    ----------
    X : array, shape (n, n_features)
    where : str
        The file, for messages.
    before : int
        Rows of the file that come before these.
    names : sequence of str, optional
        Of the features: the columns of a table.

    Raises
    ------
    InputError
    """
    # The extremes carry a NaN or an infinity and, unlike a mask, need no memory.
    if X.dtype.kind != "f" or (np.isfinite(X.min()) and np.isfinite(X.max())):
        return
    row, column = (int(i) for i in np.argwhere(~np.isfinite(X))[0])
    value = X[row, column]
    if names is None:
        raise _not_finite(where, before + row, column, value)
    raise value_refused(where, before + row, names[column], str(value))


def value_refused(where: str, row: int, name: str, value: str) -> InputError:
    """Return the error for a value of a table that is no finite number; rows count from 0 here."""
    return InputError(
        f"{where}: row {row + 1}, column {name!r} is {value}; all values must be finite: fill it, "
        "or remove the row or the column."
    )


def _not_finite(where: str, row: int, column: int, value: Any) -> InputError:
    return InputError(
        f"{where}: example {row}, feature {column} (both counted from 0) is {value}; all values "
        "must be finite: remove or replace the others."
    )
