"""Read a file, a folder or a built-in data set as examples."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onelayer.data.files.examples import Examples, Request
from onelayer.data.files.idx_files import is_idx_folder, read_builtin, read_idx_folder
from onelayer.data.files.images import read_image_folder
from onelayer.data.files.kinds import LABEL_READERS, READERS, Reader, by_ending
from onelayer.data.files.label_matrices import read_label_matrix
from onelayer.data.files.missing import complete
from onelayer.data.files.sizes import wanted_shape, with_wanted_shape
from onelayer.data.files.tables import read_table
from onelayer.data.permissions import may_not_be_read
from onelayer.data.sources import SOURCES
from onelayer.errors import Argument, InputError

_OF_COLUMNS = {"drop": "be dropped", "groups": "hold groups", "key": "be kept as a key"}
"""Arguments that name columns, and what becomes of these."""


def read_examples(
    path: str | Path,
    *,
    target: str | None = None,
    labels: str | Path | None = None,
    size: str | None = None,
    drop: Sequence[str] = (),
    groups: str | None = None,
    key: Sequence[str] = (),
    features: Sequence[str] | None = None,
    image_shape: Sequence[int] | None = None,
    channels: int | None = None,
    fill: ArrayLike | None = None,
    gaps: bool = False,
    need_labels: bool = True,
    label_matrix: bool = False,
    part: str = "train",
) -> Examples:
    """Read examples from a file, a folder or a built-in data set.

    Parameters
    ----------
    path : str or Path
        A table (.csv, .tsv, also with .gz; .parquet; .arrow, .feather, .ipc), arrays (.npy, .npz,
        .safetensors), a sparse matrix (.npz of SciPy), images as an IDX file, a folder of IDX
        files, a folder with one subfolder of images a class, or "digits" or "mnist". A table's
        column NAME of lists, all of one length, is the features NAME[0], NAME[1] and so on.
    target : str, optional
        The label column of a table; files without columns take no notice of it. By default the
        one that is called target, label, class or y.
    labels : str or Path, optional
        A file with the labels alone: .npy, .txt with one a line, a table, or an IDX file.
    size : str, optional
        WIDTHxHEIGHT to which the images of a folder are resized. Other files must have that many
        features.
    drop : sequence of str
        Columns of a table to leave out.
    groups : str, optional
        A column of a table that says to which group an example belongs; it is no feature.
    key : sequence of str
        Columns of a table that are kept as they are, in `Examples.keys`; they are no features,
        unless `features` names them.
    features : sequence of str, optional
        The columns to take, in this order, however many more there are. A file without columns
        must have that many features.
    image_shape : (int, int), optional
        Height and width that the images must have.
    channels : int, optional
        1 reads the images of a folder as grey, 3 as colour; other files must have that many.
    fill : array, shape (n_features,), optional
        Replace missing values with these, the `fill` of the examples that a model was trained on.
    gaps : bool
        Return missing values as NaN, for `complete` to deal with. By default they are refused
        where there is nothing to fill them with.
    need_labels : bool
        False: there may be no labels. A table's labels are then None too where some are missing.
    label_matrix : bool
        `labels` is a matrix of 0 and 1 with a column a label: a .npy file, or a table of which each
        column is a label.
    part : {"train", "test"}
        Of a folder of IDX files, a built-in data set, or a .npz file that holds both.

    Returns
    -------
    examples : Examples
        Its method `reading` gives the arguments that read another file in the same way.

    Raises
    ------
    InputError
        If the file cannot be read as asked. The message says what is wrong, where, and what to do.
    OnelayerError
        If MNIST cannot be downloaded.
    """
    if label_matrix and need_labels and labels is None:
        raise InputError(
            f"{path}: for multilabel give a file with a column of 0 and 1 for each label with ",
            Argument("labels", "FILE"),
            ".",
        )
    request = Request(
        path=str(path) if _is_builtin(path) else os.path.expanduser(path),
        source=str(path),
        target=target,
        labels=None if labels is None else os.path.expanduser(labels),
        size=size,
        drop=tuple(drop),
        groups=groups,
        key=tuple(dict.fromkeys(key)),
        features=None if features is None else tuple(features),
        image_shape=wanted_shape(image_shape, size),
        channels=channels,
        need_labels=need_labels,
        label_matrix=label_matrix,
        part=part,
    )
    means = _check_arguments(request, fill)
    try:
        examples = _checked_labels(_reader(path, request)(request), request)
        examples = with_wanted_shape(examples, request)
        return examples if gaps else complete(examples, means)
    except PermissionError as error:
        raise may_not_be_read(str(error.filename or path)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path}: cannot be read ({reason}); check it and try again.") from error


def _is_builtin(path: str | Path) -> bool:
    return isinstance(path, str) and path in SOURCES


def _check_arguments(request: Request, fill: ArrayLike | None) -> NDArray[np.float64] | None:
    if request.part not in ("train", "test"):
        raise InputError(f"part: {request.part!r} is no part; give train or test.")
    if request.channels not in (None, 1, 3):
        raise InputError(f"channels: {request.channels!r} is not supported; give 1 or 3.")
    if fill is None:
        return None
    means = np.asarray(fill, dtype=np.float64)
    if means.ndim != 1 or not np.isfinite(means).all():
        raise InputError("fill: give one finite number a feature.")
    return means


def _reader(path: str | Path, request: Request) -> Reader:
    reader = read_builtin if _is_builtin(path) else _reader_of_path(request)
    for name, use in _OF_COLUMNS.items():
        if getattr(request, name) and reader is not read_table:
            raise InputError(
                f"{request.source}: has no named columns, so that none can {use}; leave ",
                Argument(name),
                " out.",
            )
    if request.labels is not None and reader in (read_builtin, read_idx_folder, read_image_folder):
        raise InputError(
            f"{request.source}: comes with its labels; leave ", Argument("labels"), " out."
        )
    return reader


def _reader_of_path(request: Request) -> Reader:
    if os.path.isdir(request.path):
        if not os.access(request.path, os.R_OK | os.X_OK):
            raise may_not_be_read(request.source)
        if request.path.lower().rstrip("/").endswith(tuple(READERS)):
            raise InputError(
                f"{request.source}: is a folder, though it is named as a file; name a file in it."
            )
        return read_idx_folder if is_idx_folder(request.path) else read_image_folder
    _check_file(request.path, f"; {' and '.join(SOURCES)} are built in")
    return by_ending(request.path, READERS)


def _check_file(path: str, known: str = "") -> None:
    if not path:
        raise InputError("The name of a file to read is empty; give one.")
    try:
        os.stat(path)
    except PermissionError:
        raise may_not_be_read(path) from None
    except (OSError, ValueError):  # such as a name that is too long, or holds a zero
        raise InputError(
            f"{path}: there is no such file or folder; check the path{known}."
        ) from None
    if not os.path.isfile(path):
        raise InputError(f"{path}: is not a file; give a file.")
    if not os.access(path, os.R_OK):
        raise may_not_be_read(path)
    if os.path.getsize(path) == 0:
        raise InputError(f"{path}: the file is empty; get it again.")


def _checked_labels(examples: Examples, request: Request) -> Examples:
    """Return the examples with the labels of their own file, if there is one."""
    if request.labels is not None:
        _check_file(request.labels)
        if request.label_matrix:
            y, names = read_label_matrix(request.labels)
            examples = replace(examples, y=y, label_names=names)
        else:
            y = by_ending(request.labels, LABEL_READERS)(request.labels, request.target)
            examples = replace(examples, y=y)
    if examples.y is None:
        if request.need_labels:
            raise InputError(
                f"{request.source}: holds no labels; give them with ",
                Argument("labels", "FILE"),
                ".",
            )
        return examples
    if len(examples.y) != examples.n_examples:
        hint = (
            " (the first line of a table names its column)"
            if len(examples.y) == examples.n_examples - 1
            else ""
        )
        raise InputError(
            f"{request.labels or request.source}: {len(examples.y)} labels for the "
            f"{examples.n_examples} examples of {request.source}; give one an example{hint}."
        )
    return examples
