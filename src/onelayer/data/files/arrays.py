"""NumPy's .npy and .npz files."""

import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.files.array_names import names_of_arrays
from onelayer.data.files.damage import DAMAGE
from onelayer.data.files.examples import Examples, Request
from onelayer.data.files.label_values import as_label_values
from onelayer.data.files.limits import check_size
from onelayer.data.files.sparse import SPARSE_KEYS, read_sparse
from onelayer.errors import InputError


def map_npy(path: str, source: str) -> NDArray[Any]:
    """Return the array of a .npy file as a read-only memory map.

    Raises
    ------
    InputError
        If the file is damaged, or holds Python objects, which would have to be unpickled.
    """
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except DAMAGE as error:
        raise _unreadable(source, error) from error


def read_npy(request: Request) -> Examples:
    """Map a .npy file of features into memory."""
    return as_examples(map_npy(request.path, request.source), None, request)


def read_npz(request: Request) -> Examples:
    """Read features and labels from a .npz file, or a sparse matrix as SciPy saves it."""
    if not zipfile.is_zipfile(request.path):
        raise InputError(
            f"{request.source}: is no archive of arrays, as its name says; name it .npy if it "
            "holds one array, or save it anew with numpy.savez."
        )
    try:
        # Of a damaged file that it has opened itself, NumPy forgets to close it.
        with open(request.path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            check_size(sum(member.file_size for member in archive.zip.infolist()), request.source)
            if set(archive.files) >= SPARSE_KEYS:
                return read_sparse(request)
            features, labels = names_of_arrays(archive.files, request)
            X = _member(archive, features)
            y = None if labels is None else _member(archive, labels)
    except InputError:
        raise
    except DAMAGE as error:
        raise _unreadable(request.source, error) from error
    return as_examples(X, y, request)


def _member(archive: Any, name: str) -> NDArray[Any]:
    array = archive[name]
    if not isinstance(array, np.ndarray):  # NumPy returns what it does not know as bytes
        raise ValueError(f"{name} is no array")
    return array


def as_examples(X: NDArray[Any], y: NDArray[Any] | None, request: Request) -> Examples:
    """Return arrays as examples; images become rows.

    Parameters
    ----------
    X : array, shape (n, n_features), (n, height, width) or (n, height, width, 1 or 3)
    y : array, shape (n,), or None

    Raises
    ------
    InputError
        If a shape or type is another, or `X` is empty.
    """
    if X.dtype.kind not in "biuf" or X.dtype.itemsize > 8:
        raise InputError(
            f"{request.source}: the features are of type {X.dtype}; give bools, integers, "
            "float16, float32 or float64."
        )
    if not (X.ndim in (2, 3) or (X.ndim == 4 and X.shape[3] in (1, 3))):
        raise InputError(
            f"{request.source}: the features have the shape {X.shape}; give (examples, features) "
            "or (examples, height, width), for colour (examples, height, width, 3)."
        )
    if X.size == 0:
        raise InputError(
            f"{request.source}: the features have the shape {X.shape}, so there are none; "
            "give at least one value."
        )
    is_image = X.ndim > 2
    return Examples(
        X=X.reshape(len(X), -1),
        y=None if y is None else as_label_values(y, f"{request.source}, labels"),
        image_shape=(X.shape[1], X.shape[2]) if is_image else None,
        channels=(X.shape[3] if X.ndim == 4 else 1) if is_image else None,
        source=request.source,
    )


def _unreadable(source: str, error: BaseException) -> InputError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return InputError(
        f"{source}: cannot be read ({reason}); save it anew with numpy.save or numpy.savez, "
        "without Python objects."
    )
