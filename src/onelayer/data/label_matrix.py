"""Labels of which an example has any number: a matrix of 0 and 1, a column a label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.errors import InputError


def is_label_matrix(y: Any) -> bool:
    """Tell whether labels are given as a matrix, and not as one label an example."""
    if sparse.issparse(y):
        return True
    try:
        return np.ndim(y) == 2
    except ValueError:  # rows of different lengths
        return False


def as_label_matrix(y: Any) -> NDArray[np.uint8]:
    """Return a matrix of labels, read-only: 1 where an example has a label, 0 where it does not.

    Parameters
    ----------
    y : array or SciPy sparse array, shape (n, n_labels), of 0 and 1 or of bools

    Raises
    ------
    InputError
        If a value is something else, or there are fewer than two labels or no examples.
    """
    array = y.toarray() if sparse.issparse(y) else np.asarray(y)
    if array.shape[0] == 0:
        raise InputError("y: there are no labels; give a row of them for each example.")
    if array.shape[1] < 2:
        raise InputError(
            f"y: the shape is {array.shape}; give one dimension, one label an example, or a column "
            "for each of two or more labels."
        )
    if array.dtype.kind not in "biuf" or not ((array == 0) | (array == 1)).all():
        raise InputError(
            f"y: the shape is {array.shape}, so that it is a matrix of labels, which holds 0 and 1 "
            "alone: 1 where an example has a column's label. For one label an example give one "
            "dimension."
        )
    matrix = np.array(array, np.uint8, order="C")
    matrix.flags.writeable = False
    return matrix
