"""Missing and infinite values: counted, refused, or filled."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from onelayer.data.files.examples import Examples
from onelayer.data.files.sparse import check_finite
from onelayer.data.rows import row_blocks
from onelayer.errors import Argument, InputError
from onelayer.words import first_few, number_of

_BLOCK_BYTES = 1 << 24


@dataclass
class _Counts:
    """What one pass over the values finds, for each feature."""

    missing: NDArray[np.int64]
    present: NDArray[np.int64]  # the values that are there, in the rows that have a part
    sums: NDArray[np.float64]  # of these values


def feature_means(examples: Examples, rows: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """Return the mean of each feature, over the values that are there.

    Parameters
    ----------
    examples : Examples
        A missing value is NaN.
    rows : array of int, optional
        The examples that have a part in it, such as those that are not held out; None: all.

    Returns
    -------
    means : array, shape (n_features,)

    Raises
    ------
    InputError
        If the matrix is sparse, a value is infinite, or a feature has no value or no finite mean.
    """
    if issparse(examples.X):
        raise InputError(
            f"{examples.source}: ",
            Argument("impute"),
            " does not fill sparse matrices; leave it out.",
        )
    part = np.ones(examples.n_examples, bool)
    if rows is not None:
        part = np.isin(np.arange(examples.n_examples), rows)
    return _means(examples, _scan(examples, part))


def complete(examples: Examples, fill: NDArray[np.float64] | None = None) -> Examples:
    """Return the examples with every value present and finite.

    Values are looked at in blocks of rows, so that a memory map is not loaded as a whole. It
    stays a memory map where nothing is missing.

    Parameters
    ----------
    examples : Examples
        A missing value is NaN.
    fill : array, shape (n_features,), optional
        What replaces missing values.

    Raises
    ------
    InputError
        If a value is infinite, or missing and there is nothing to fill it with.
    """
    if issparse(examples.X):
        check_finite(examples)
        return examples
    if fill is not None and fill.shape != (examples.n_features,):
        raise InputError(
            f"{examples.source}: has {examples.n_features} features, and the values to fill gaps "
            f"with are for {fill.size}; give a file with the model's features."
        )
    missing = _scan(examples, None).missing
    if not missing.any():
        return replace(examples, fill=fill)
    if fill is None:
        raise _refused(examples, missing)
    return replace(examples, X=_filled(examples.X, fill), fill=fill)


def _scan(examples: Examples, part: NDArray[np.bool_] | None) -> _Counts:
    """Count missing values, and sum up what is there in the examples of `part`, if it is given."""
    X, n_features = examples.X, examples.n_features
    counts = _Counts(
        np.zeros(n_features, np.int64), np.zeros(n_features, np.int64), np.zeros(n_features)
    )
    if X.dtype.kind != "f" and part is None:
        return counts
    for rows in _blocks(X):
        block = X[rows]
        finite = np.isfinite(block)
        if not finite.all():
            missing = np.isnan(block)
            if (finite | missing).all():
                counts.missing += missing.sum(axis=0)
            else:
                raise _infinite(examples, rows.start, block)
        if part is not None:
            finite &= part[rows, None]
            counts.present += finite.sum(axis=0)
            with np.errstate(over="ignore"):  # a sum that overflows is refused with its mean
                counts.sums += block.sum(axis=0, dtype=np.float64, where=finite)
    return counts


def _blocks(X: NDArray[Any]) -> list[slice]:
    return row_blocks(len(X), _BLOCK_BYTES // (X.shape[1] * X.dtype.itemsize))


def _means(examples: Examples, counts: _Counts) -> NDArray[np.float64]:
    empty = np.flatnonzero(counts.present == 0)
    if len(empty):
        everywhere = (counts.missing[empty] == examples.n_examples).all()
        where = "at all" if everywhere else "in the examples to train on"
        raise InputError(
            f"{examples.source}: {number_of(len(empty), 'column')} without any value {where}: "
            f"{first_few(empty, lambda i: _feature(examples, int(i)))}",
            advice=(
                f"leave {'it' if len(empty) == 1 else 'them'} out with ",
                Argument("drop", "NAME"),
            ),
        )
    means: NDArray[np.float64] = counts.sums / counts.present
    large = np.flatnonzero(~np.isfinite(means))
    if len(large):
        raise InputError(
            f"{examples.source}: the values of column {_feature(examples, int(large[0]))} are too "
            "large for a mean; give it in another unit."
        )
    return means


def _filled(X: NDArray[Any], fill: NDArray[np.float64]) -> NDArray[Any]:
    fits = np.abs(fill).max() <= np.finfo(X.dtype).max
    filled: NDArray[Any] = np.array(X, dtype=X.dtype if fits else np.float64)
    values = fill.astype(filled.dtype)
    for rows in _blocks(filled):
        np.copyto(filled[rows], values, where=np.isnan(filled[rows]))
    return filled


def _refused(examples: Examples, missing: NDArray[np.int64]) -> InputError:
    order = np.argsort(-missing, kind="stable")[: np.count_nonzero(missing)]
    shown = first_few(order, lambda i: f"{_feature(examples, int(i))} ({missing[i]})")
    return InputError(
        f"{examples.source}: values are missing in {len(order)} of {examples.n_features} columns "
        f"(number of rows, of {examples.n_examples}): {shown}",
        advice=("fill them with ", Argument("impute", "mean"), ", or remove these rows or columns"),
    )


def _infinite(examples: Examples, start: int, block: NDArray[Any]) -> InputError:
    row, column = (int(i) for i in np.argwhere(np.isinf(block))[0])
    place = (
        f"X[{start + row}, {column}]"
        if examples.feature_names is None
        else f"column {_feature(examples, column)}, row {start + row + 1}"
    )
    return InputError(
        f"{examples.source}: {place} is {block[row, column]}; all values must be finite: remove "
        "or replace it."
    )


def _feature(examples: Examples, index: int) -> str:
    names = examples.feature_names
    return str(index) if names is None else repr(names[index])
