"""Raw values as a matrix with one row an example."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from onelayer.data.blocks.matrix import BlockMatrix
from onelayer.data.checks import check_integer
from onelayer.data.csr import as_csr
from onelayer.data.scaling import Scaling
from onelayer.data.stored_type import stored_type
from onelayer.errors import InputError


def as_matrix(
    X: Any, image_shape: tuple[int, int] | None
) -> tuple[Any, tuple[int, int] | None, Scaling]:
    """Return raw values as a matrix, with the shape of its images and the default scaling.

    Parameters
    ----------
    X : array, shape (n, n_features), (n, height, width) or (n, height, width, 3); a SciPy sparse
        array or matrix; or a BlockMatrix
    image_shape : (int, int) or None
        Height and width; None takes those of an `X` with such dimensions.

    Returns
    -------
    matrix : array of uint8, float16, float32 or float64, shape (n, n_features), C order
        `X` itself where it already is that. A sparse one becomes CSR of float32 or float64, without
        duplicates.
    image_shape : (int, int) or None
    scaling : Scaling
        [0, 255] to [-1, 1] for uint8, otherwise the identity.

    Raises
    ------
    InputError
        If `X` is empty, has another shape or type, or holds a value that is not finite, or
        `image_shape` does not fit it.
    """
    if isinstance(X, BlockMatrix):  # its blocks are checked as they are read first
        scaling = Scaling.from_range(0, 255) if X.dtype == np.uint8 else Scaling.identity()
        return X, _checked_shape(image_shape, X.shape[1]), scaling
    if sparse.issparse(X):
        matrix = _csr(X)
        return matrix, _checked_shape(image_shape, matrix.shape[1]), Scaling.identity()
    try:
        array = np.asarray(X)
    except ValueError as error:
        raise InputError("X: the rows differ in length; give rows of one length.") from error
    is_colour = array.ndim == 4 and array.shape[3] == 3
    if array.ndim not in (2, 3) and not is_colour:
        raise InputError(
            f"X: the shape is {array.shape}; "
            "give (examples, features), (examples, height, width) or, in colour, "
            "(examples, height, width, 3)."
        )
    if array.size == 0:
        raise InputError(f"X: the shape is {array.shape}, so it is empty; give at least one value.")
    if array.ndim > 2:
        image_shape = _image_shape(image_shape, array.shape[1:3])
        array = array.reshape(len(array), -1)
    else:
        image_shape = _checked_shape(image_shape, array.shape[1])
    matrix = np.ascontiguousarray(array, dtype=stored_type(array.dtype))
    if matrix.dtype == np.uint8:
        return matrix, image_shape, Scaling.from_range(0, 255)
    # The extremes carry a NaN or an infinity and, unlike a mask, need no memory.
    if not (np.isfinite(matrix.min()) and np.isfinite(matrix.max())):
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise InputError(
            f"X: example {row}, feature {column} is {matrix[row, column]}; "
            "all values must be finite: remove or replace the others."
        )
    return matrix, image_shape, Scaling.identity()


def _csr(X: Any) -> sparse.csr_array:
    """Return a sparse matrix as CSR, each value once and in the order of the features."""
    kind = stored_type(X.dtype)
    matrix = as_csr(X, "X").astype(np.float64 if kind == np.float64 else np.float32, copy=False)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()  # the caller's own stays as it is
        matrix.sum_duplicates()
    if not np.isfinite(matrix.data).all():
        wrong = np.flatnonzero(~np.isfinite(matrix.data))[0]
        row = np.searchsorted(matrix.indptr, wrong, side="right") - 1
        raise InputError(
            f"X: example {row}, feature {matrix.indices[wrong]} is {matrix.data[wrong]}; "
            "all values must be finite: remove or replace the others."
        )
    return matrix


def _checked_shape(given: object, n_features: int) -> tuple[int, int] | None:
    return None if given is None else _image_shape(given, None, n_features)


def _image_shape(
    given: object, found: tuple[int, ...] | None, n_features: int = 0
) -> tuple[int, int]:
    """Return the shape of the images; `found` is that of the array, None where rows are flat."""
    if given is None and found is not None:
        return int(found[0]), int(found[1])
    if not isinstance(given, Sequence) or len(given) != 2:
        raise InputError(f"image_shape: {given!r} is not a pair; give (height, width) in pixels.")
    height, width = (check_integer(side, "image_shape", 1) for side in given)
    if found is not None and (height, width) != tuple(found):
        raise InputError(f"image_shape: {height} by {width} does not fit X with images of {found}.")
    if found is None and n_features not in (height * width, height * width * 3):
        raise InputError(
            f"image_shape: {height} by {width} pixels do not fit the {n_features} features of X."
        )
    return height, width
