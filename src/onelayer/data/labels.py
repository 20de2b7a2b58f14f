"""Labels, classes, and the index of each label among the classes."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from onelayer.errors import InputError
from onelayer.words import first_few

Label: TypeAlias = int | str  # bool is a kind of int


def as_labels(y: object) -> NDArray[Any]:
    """Return labels as a one-dimensional array of integers, bools or strings.

    Raises
    ------
    InputError
        If `y` has another number of dimensions, another type, or mixed types.
    """
    try:
        labels = np.asarray(y)
    except ValueError as error:
        raise InputError(
            "y: the labels do not form an array; give one label an example."
        ) from error
    if labels.ndim != 1:
        raise InputError(
            f"y: the shape is {labels.shape}; give one dimension, one label an example."
        )
    if labels.size == 0:
        raise InputError("y: there are no labels; give one label an example.")
    # NumPy turns the list [1, "a"] into strings without a word, so the list itself is looked at.
    if isinstance(y, list | tuple):
        labels = _of_one_kind(list(y), labels)
    elif labels.dtype.kind in "OT":
        labels = _of_one_kind(labels.tolist(), labels)
    check_64_bits(labels, "y")
    if labels.dtype.kind not in "biuU":
        raise InputError(
            f"y: labels of type {labels.dtype} are not supported; "
            "give integers, strings or bools, for example with y.astype(int)."
        )
    return labels


def _of_one_kind(items: list[Any], labels: NDArray[Any]) -> NDArray[Any]:
    """Return `labels` under the one type that all its items have."""
    kinds: list[tuple[type, ...]] = [(str,), (bool, np.bool_), (int, np.integer)]
    for kind in kinds:
        if all(isinstance(item, kind) for item in items):
            if int in kind:
                check_64_bits(items, "y")
            return np.array(items) if labels.dtype.kind in "OT" else labels
    if labels.dtype.kind in "OTU":
        names = sorted({type(item).__name__ for item in items})
        raise InputError(
            f"y: labels of the types {', '.join(names)} are not supported; "
            "give only integers, only strings or only bools."
        )
    return labels


def check_64_bits(labels: NDArray[Any] | Sequence[Any], where: str) -> None:
    """Refuse whole numbers that signed integers of 64 bits do not hold.

    Parameters
    ----------
    labels : array of any type, or sequence of int
    where : str
        For the message.

    Raises
    ------
    InputError
    """
    if isinstance(labels, np.ndarray):
        labels = [labels.max()] if labels.dtype.kind == "u" and labels.size else []
    wrong = next((int(label) for label in labels if not -(2**63) <= int(label) < 2**63), None)
    if wrong is not None:
        shown = str(wrong) if abs(wrong) < 10**40 else "of more than 40 digits"
        raise InputError(
            f"{where}: the label {shown} does not fit 64 bits; give numbers from -2^63 to "
            "2^63 - 1, or strings."
        )


def as_classes(classes: object) -> tuple[Label, ...]:
    """Return classes as a tuple of plain integers, bools or strings.

    Raises
    ------
    InputError
        If `classes` is not a sequence of such values, is empty or names a class twice.
    """
    if isinstance(classes, str) or not isinstance(classes, Iterable):
        raise InputError(f"classes: {classes!r} is not a list; give a list such as [2, 3].")
    plain = tuple(c.item() if isinstance(c, np.generic) else c for c in classes)
    for c in plain:
        if not isinstance(c, int | str):
            raise InputError(f"classes: {c!r} cannot be a class; give integers, strings or bools.")
    if not plain:
        raise InputError("classes: the list is empty; name the classes.")
    repeated = [c for i, c in enumerate(plain) if c in plain[:i]]
    if repeated:
        raise InputError(
            f"classes: {repeated[0]!r} is listed more than once; name each class once."
        )
    return plain


def encode_labels(labels: NDArray[Any], classes: tuple[Label, ...]) -> NDArray[np.int32]:
    """Return the index of each label in `classes`.

    Parameters
    ----------
    labels : array, shape (n,)
    classes : tuple of distinct labels

    Returns
    -------
    array of int32, shape (n,), read-only

    Raises
    ------
    InputError
        If a label is not among the classes.
    """
    index = {c: i for i, c in enumerate(classes)}
    present, places, places_of = _numbered(labels)
    unknown = [label for label in present.tolist() if label not in index]
    if unknown:
        raise InputError(
            f"y: the labels hold {first_few(unknown)}, not among the classes {first_few(classes)}; "
            "add to the classes or leave these examples out."
        )
    table = np.zeros(int(places.max(initial=-1)) + 1, np.int32)
    table[places] = [index[label] for label in present.tolist()]
    targets: NDArray[np.int32] = table[places_of]
    targets.flags.writeable = False
    return targets


def _numbered(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[Any]]:
    """Return the distinct labels, sorted; a number for each of them; that of each label."""
    if labels.dtype.kind in "iu" and labels.size:
        low, high = int(labels.min()), int(labels.max())
        if high - low < _MOST_COUNTED:  # without sorting, nor copies of the numbers from 0 on
            above = labels.astype(np.int64, copy=False)
            above = above - low if low else above
            there = np.flatnonzero(np.bincount(above))
            return there + low, there, above
    present, inverse = np.unique(labels, return_inverse=True)
    return present, np.arange(len(present)), inverse


_MOST_COUNTED = 2**16
"""Whole numbers within so many of each other are counted."""
