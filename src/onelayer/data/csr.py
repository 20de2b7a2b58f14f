"""Sparse matrices as CSR, checked before any compiled code follows their indices."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.memory import available_memory
from onelayer.errors import InputError

_WORD = 8  # bytes of a row's pointer, and of a weight


def as_csr(X: Any, name: str) -> sparse.csr_array:
    """Return a sparse matrix as CSR, whose indices all lie inside of it.

    SciPy does not look at the indices that it is given: to convert or sort a matrix with wrong
    ones reads and writes memory that belongs to others.

    Parameters
    ----------
    X : SciPy sparse array or matrix of any format
        Arrays that need no conversion are shared with the result.
    name : str
        What messages call it.

    Raises
    ------
    InputError
        If it is not two-dimensional or is empty, its indices are damaged, or it has more rows or
        columns than the memory has room for.
    """
    if X.ndim != 2 or min(X.shape) == 0:
        raise InputError(
            f"{name}: the shape is {X.shape}; give at least one example and one feature."
        )
    # The rows' pointers, and the weights of a model: what is zero needs memory here.
    if sum(X.shape) * _WORD > available_memory():
        raise InputError(
            f"{name}: a matrix of the shape {X.shape} needs more than the memory, even without "
            "values; give one with fewer rows or columns."
        )
    check_indices(X, name)
    return sparse.csr_array(X)


def check_indices(X: Any, name: str) -> None:
    """Refuse a sparse matrix whose indices lead out of it or whose pointers do not ascend.

    Raises
    ------
    InputError
    """
    rows, columns = X.shape
    if X.format == "csr":
        _check_compressed(X, rows, columns, name)
    elif X.format == "csc":
        _check_compressed(X, columns, rows, name)
    elif X.format == "bsr":
        height, width = X.blocksize
        _check_compressed(X, rows // height, columns // width, name)
    elif X.format == "coo":
        for axis, indices in enumerate((X.row, X.col)):
            _check_range(indices, X.shape[axis], name)
        if not len(X.row) == len(X.col) == len(X.data):
            raise _damaged(name, "the numbers of rows, columns and values differ")


def _check_compressed(X: Any, major: int, minor: int, name: str) -> None:
    """Check the pointers of the `major` rows (of CSC: columns), and the indices along the other."""
    pointers, indices = X.indptr, X.indices
    if pointers.dtype.kind != "i" or pointers.ndim != 1 or len(pointers) != major + 1:
        raise _damaged(name, f"indptr has not {major + 1} whole numbers, one a row and an end")
    if pointers[0] != 0 or (pointers[1:] < pointers[:-1]).any():
        raise _damaged(name, "indptr does not ascend from 0")
    if not pointers[-1] <= len(indices) == len(X.data):
        raise _damaged(
            name,
            f"indptr ends at {pointers[-1]}, for {len(indices)} indices and {len(X.data)} values",
        )
    _check_range(indices[: pointers[-1]], minor, name)


def _check_range(indices: NDArray[Any], size: int, name: str) -> None:
    if indices.dtype.kind != "i":
        raise _damaged(name, f"the indices are of type {indices.dtype}")
    if indices.size and not 0 <= indices.min() <= indices.max() < size:
        wrong = indices[np.argmax((indices < 0) | (indices >= size))]
        raise _damaged(name, f"the index {wrong} does not lie between 0 and {size - 1}")


def _damaged(name: str, reason: str) -> InputError:
    return InputError(f"{name}: the sparse matrix is damaged ({reason}); make it anew.")
