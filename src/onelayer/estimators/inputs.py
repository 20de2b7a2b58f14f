"""Examples as a caller gives them, checked once and never converted where training can read them.

Arrays keep their type and stay where they are: a memory map is read in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, validate_data

from onelayer.data.csr import check_indices
from onelayer.data.label_matrix import as_label_matrix
from onelayer.data.moments import Moments
from onelayer.errors import InputError
from onelayer.estimators.blocks import is_source, read_labelled, read_new
from onelayer.estimators.frames import has_times, refuse_columns
from onelayer.words import first_few


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled examples as they were given.

    Attributes
    ----------
    X : array, CSR matrix or BlockMatrix, shape (n, n_features)
    targets : array of int64, shape (n,)
        The index of each label among the classes; or a matrix of labels, uint8, (n, n_labels).
    weights : array of float64, shape (n,), or None
        How much each example counts; None: all the same.
    moments : Moments or None
        Of the features, where they are known.
    """

    X: Any
    targets: NDArray[Any]
    weights: NDArray[np.float64] | None = None
    moments: Moments | None = None

    @property
    def rows(self) -> NDArray[np.int64] | None:
        """The examples that count at all; None: all of them."""
        return counted(self.weights)


class Given(NamedTuple):
    """Examples as they were given, checked, with labels.

    Attributes
    ----------
    X : array, CSR matrix or BlockMatrix, shape (n, n_features)
    y : array, shape (n,) or (n, n_labels)
    weights : array of float64, shape (n,), or None
    moments : Moments or None
        Of the features of what is read block by block.
    """

    X: Any
    y: NDArray[Any]
    weights: NDArray[np.float64] | None
    moments: Moments | None = None


def read_matrix(estimator: Any, X: Any) -> Any:
    """Return new examples for a fitted estimator, checked against those it was fitted to."""
    if is_source(X):
        return read_new(estimator, X)
    return _validated(estimator, X, reset=False)


def _validated(estimator: Any, X: Any, *y: Any, **how: Any) -> Any:
    """Return what scikit-learn returns of examples, and of labels where there are some."""
    _check_sparse(X)
    try:
        with np.errstate(invalid="ignore"):  # it adds all values up to see if any is NaN
            given = validate_data(estimator, X, *y, accept_sparse="csr", **how)
    except (TypeError, ValueError):
        refuse_columns(X)
        raise
    values = given[0] if y else given
    if values.dtype == object or has_times(X):
        refuse_columns(X)
        values = check_array(
            values, accept_sparse="csr", input_name="X", estimator=estimator
        )  # text that is a number
    return (values, *given[1:]) if y else values


def _check_sparse(X: Any) -> None:
    """Refuse damaged indices before scikit-learn converts the matrix, and SciPy follows them."""
    if issparse(X) and X.ndim == 2:
        check_indices(X, "X")


def read(
    estimator: Any, X: Any, y: Any, weights: Any, *, reset: bool, name: str = "sample_weight"
) -> Given:
    """Return examples, labels and weights, checked.

    Parameters
    ----------
    estimator : estimator
        Gets the number and the names of the features if `reset` is set, otherwise it has them.
    name : str
        That of the weights, for messages.

    Raises
    ------
    ValueError
        If they cannot be used; the message says why.
    """
    if is_source(X):
        X, found = read_labelled(estimator, X, y, reset=reset)
        if found.y.ndim == 2:
            raise InputError("y: there is a matrix of labels; take MultilabelRegression.")
        check_classification_targets(found.y)
        return Given(X, found.y, as_weights(weights, len(found.y), name), found.moments)
    X, y = _validated(estimator, X, y, reset=reset)
    check_classification_targets(y)
    return Given(X, y, as_weights(weights, len(y), name))


def read_label_matrix(
    estimator: Any, X: Any, y: Any, weights: Any, *, reset: bool, name: str = "sample_weight"
) -> Given:
    """Return examples, a matrix of labels and weights, checked; see `read`."""
    moments = None
    if is_source(X):
        X, found = read_labelled(estimator, X, y, reset=reset)
        y, moments = found.y, found.moments
    else:
        X, y = _validated(estimator, X, y, reset=reset, multi_output=True)
    if y.ndim != 2:
        raise InputError(
            "y: there is one label an example; give a matrix of 0 and 1 with a column for each "
            "label, or take SoftmaxRegression."
        )
    return Given(X, as_label_matrix(y), as_weights(weights, y.shape[0], name), moments)


def as_weights(given: Any, n: int, name: str) -> NDArray[np.float64] | None:
    """Return weights of examples as float64.

    Raises
    ------
    InputError
        If there is not one number an example, one is negative, not finite or so small that it has
        lost digits, or all are zero.
    """
    if given is None:
        return None
    try:
        weights = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name}: these are no numbers; give one for each example.") from None
    if weights.ndim == 0:
        weights = np.full(n, weights)
    if weights.shape != (n,):
        raise InputError(
            f"{name}: the shape is {weights.shape}; give one weight for each of {n} examples."
        )
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise InputError(f"{name}: weights must be finite numbers of at least 0.")
    if not weights.any():
        raise InputError(f"{name}: all weights are zero; at least one example must count.")
    least = float(np.finfo(np.float64).tiny)
    if ((weights > 0) & (weights < least)).any():
        raise InputError(
            f"{name}: {weights[weights > 0].min():.3g} was given; weights are 0 or at least "
            f"{least:.2g}, since smaller numbers have few digits. Multiply them, or give 0."
        )
    if weights.max() > np.finfo(np.float64).max / n:
        raise InputError(f"{name}: the weights are so large that their sum is no number.")
    return weights


def counted(weights: NDArray[np.float64] | None) -> NDArray[np.int64] | None:
    """Return the rows whose weight is not zero; None if all are."""
    if weights is None or weights.all():
        return None
    return np.flatnonzero(weights)


def find_classes(y: NDArray[Any]) -> NDArray[Any]:
    """Return the classes among labels, sorted.

    Raises
    ------
    InputError
        If there are fewer than two.
    """
    try:
        classes: NDArray[Any] = np.unique(y)
    except TypeError:
        raise InputError(
            "y: the labels are of several types; give only numbers, only strings or only bools."
        ) from None
    if len(classes) < 2:
        raise InputError(
            f"y: there is one class, {first_few(classes.tolist())}: at least two classes are "
            "needed."
        )
    return classes


def encode(
    y: NDArray[Any], classes: NDArray[Any], name: str, weights: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Return the index of each label among the classes; 0 for examples that do not count.

    Raises
    ------
    InputError
        If a label of an example that counts is not among them.
    """
    rows = counted(weights)
    index = {label: i for i, label in enumerate(classes.tolist())}
    present, inverse = np.unique(y if rows is None else y[rows], return_inverse=True)
    unknown = [label for label in present.tolist() if label not in index]
    if unknown:
        raise InputError(
            f"{name}: the labels hold {first_few(unknown)}, not among the classes "
            f"{first_few(classes.tolist())}."
        )
    targets = np.zeros(len(y), np.int64)
    found = np.array([index[label] for label in present.tolist()], np.int64)[inverse]
    targets[slice(None) if rows is None else rows] = found
    return targets
