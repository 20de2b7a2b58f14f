"""Sparse matrices, as scipy.sparse.save_npz writes them."""

import numpy as np
from scipy import sparse

from onelayer.data.files.damage import DAMAGE
from onelayer.data.files.examples import Examples, Request
from onelayer.errors import Argument, InputError

SPARSE_KEYS = {"format", "shape", "data"}
"""Arrays that every such file holds, next to those of its format."""

MOST_FEATURES = 2**31 - 1
"""Indices of 32 bits reach no further, and no weights would fit."""


def read_sparse(request: Request) -> Examples:
    """Read a sparse matrix, one row an example, as a CSR array with sorted indices."""
    try:
        with open(request.path, "rb") as file:
            X = sparse.csr_array(sparse.load_npz(file))
        # Indices out of range would be read as other memory.
        X.check_format(full_check=True)
        X.sum_duplicates()
    except (*DAMAGE, MemoryError) as error:
        raise InputError(
            f"{request.source}: the sparse matrix is damaged ({error}); "
            "save it anew with scipy.sparse.save_npz."
        ) from error
    if X.dtype.kind not in "biuf" or X.dtype.itemsize > 8:
        raise InputError(
            f"{request.source}: the values are of type {X.dtype}; give bools, integers, "
            "float32 or float64."
        )
    if 0 in X.shape:
        raise InputError(
            f"{request.source}: the matrix has the shape {X.shape}; give at least one value."
        )
    if X.shape[1] > MOST_FEATURES:
        raise InputError(
            f"{request.source}: the matrix has {X.shape[1]:,} columns, more than can be used; save "
            "it anew with fewer."
        )
    if request.must_hold_labels:
        raise InputError(
            f"{request.source}: a sparse matrix comes without labels; give them with ",
            Argument("labels", "FILE"),
            ".",
        )
    return Examples(X=X, source=request.source)


def check_finite(examples: Examples) -> None:
    """Refuse a sparse matrix with a value that is missing or infinite."""
    X = examples.X
    assert isinstance(X, sparse.csr_array)
    bad = np.flatnonzero(~np.isfinite(X.data)) if X.dtype.kind == "f" else np.empty(0, np.intp)
    if len(bad):
        row = int(np.searchsorted(X.indptr, bad[0], side="right")) - 1
        raise InputError(
            f"{examples.source}: {len(bad)} values are missing or infinite, the first is "
            f"X[{row}, {X.indices[bad[0]]}] = {X.data[bad[0]]}; remove or replace them "
            "(",
            Argument("impute"),
            " does not fill sparse matrices).",
        )
