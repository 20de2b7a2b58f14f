"""NumPy's .npy and .npz files."""

import zipfile
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.files.examples import Examples, Request
from onelayer.data.files.label_values import as_label_values
from onelayer.data.files.sparse import SPARSE_KEYS, read_sparse
from onelayer.errors import InputError
from onelayer.words import listed

FEATURES = ("x", "features", "data", "images")
LABELS = ("y", "labels", "targets", "target")
"""What the arrays of a file are called, in any case; in a file with both parts with the part's
name before or after: x_train, train_images."""

_DAMAGE = (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, SyntaxError)


def map_npy(path: str, source: str) -> NDArray[Any]:
    """Return the array of a .npy file as a read-only memory map.

    Raises
    ------
    InputError
        If the file is damaged, or holds Python objects, which would have to be unpickled.
    """
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except _DAMAGE as error:
        raise _unreadable(source, error) from error


def read_npy(request: Request) -> Examples:
    """Map a .npy file of features into memory."""
    return as_examples(map_npy(request.path, request.source), None, request)


def read_npz(request: Request) -> Examples:
    """Read features and labels from a .npz file, or a sparse matrix as SciPy saves it."""
    try:
        with np.load(request.path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("it is no zip archive")
            if set(archive.files) >= SPARSE_KEYS:
                return read_sparse(request)
            features = _pick(archive.files, FEATURES, request)
            labels = _pick(archive.files, LABELS, request)
            if features is None and request.labels is not None and len(archive.files) == 1:
                features = archive.files[0]
            if features is None:
                raise _no_array(FEATURES, "features", archive.files, request.source)
            if labels is None and request.must_hold_labels:
                raise _no_array(LABELS, "labels", archive.files, request.source)
            X = archive[features]
            y = archive[labels] if labels is not None and request.labels is None else None
    except InputError:
        raise
    except _DAMAGE as error:
        raise _unreadable(request.source, error) from error
    return as_examples(X, y, request)


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


def _pick(files: Iterable[str], names: tuple[str, ...], request: Request) -> str | None:
    """Return the one array that is called by one of `names`, None where there is none."""
    part = request.part
    for wanted in (
        [f"{name}_{part}" for name in names] + [f"{part}_{name}" for name in names],
        list(names),
    ):
        found = [file for file in files if file.lower() in wanted]
        if len(found) > 1:
            raise InputError(
                f"{request.source}: the arrays {listed(found)} could all be meant; "
                f"keep one that is called {names[0]}."
            )
        if found:
            return found[0]
    return None


def _no_array(names: tuple[str, ...], what: str, files: Iterable[str], source: str) -> InputError:
    more = ", or give them with --labels FILE" if what == "labels" else ""
    return InputError(
        f"{source}: no array with {what}: none is called {', '.join(names)}; it holds "
        f"{listed(list(files)) or 'none'}. Save them under such a name{more}."
    )


def _unreadable(source: str, error: BaseException) -> InputError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return InputError(
        f"{source}: cannot be read ({reason}); save it anew with numpy.save or numpy.savez, "
        "without Python objects."
    )
