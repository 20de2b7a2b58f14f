"""How much each example counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from onelayer.data import Rows
from onelayer.errors import InputError


@dataclass(frozen=True, eq=False)
class ExampleWeights:
    """How much each example counts for one model; None: all count the same.

    The loss is the weighted mean ``sum(w_i loss_i) / sum(w_i)``, and accuracies are weighted alike.
    A batch of m examples contributes ``sum(w_i gradient_i) / m``, with the weights divided by their
    mean over all examples: an unbiased estimate of the gradient, linear in the weights.

    Attributes
    ----------
    train : array, shape (n_train,), or None
        Finite, at least 0, and not all 0.
    validation : array, shape (n_validation,), or None
    """

    train: ArrayLike | None = None
    validation: ArrayLike | None = None


def check_rows(rows: ArrayLike | None, n: int, name: str) -> Rows | None:
    """Return row numbers as an array.

    Raises
    ------
    InputError
        If there are none, one of them is not there, or they are not whole numbers.
    """
    if rows is None:
        return None
    array = np.asarray(rows)
    if array.ndim != 1 or array.dtype.kind not in "iu" or not len(array):
        raise InputError(f"{name}: give the numbers of at least one example, in one dimension.")
    if array.min() < 0 or array.max() >= n:
        raise InputError(f"{name}: there are {n} examples, with numbers from 0 to {n - 1}.")
    return array.astype(np.int64)


def check_weights(weights: ArrayLike | None, n: int, rows: Rows | None) -> None:
    """Refuse weights that cannot weigh.

    Raises
    ------
    InputError
        If there is not one number an example, one is negative or not finite, or those of the
        examples that take part are all 0.
    """
    if weights is None:
        return
    array = np.asarray(weights)
    if array.shape != (n,):
        raise InputError(f"weights: the shape is {array.shape}; give one for each of {n} examples.")
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all() or (array < 0).any():
        raise InputError("weights: they must be finite numbers of at least 0.")
    if not array[slice(None) if rows is None else rows].any():
        raise InputError(
            "weights: all are 0, so that no example counts; give at least one that is more."
        )
    if array.max() > np.finfo(np.float64).max / n:
        raise InputError("weights: they are so large that their sum is no number.")
