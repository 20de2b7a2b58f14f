"""What a split of a cross-validation names: the examples that train, and those that score."""

from __future__ import annotations

from typing import Any

from onelayer.data import Rows
from onelayer.errors import InputError


def sides_of(split: Any, fold: int, numbers: Rows) -> tuple[Rows, Rows]:
    """Return the numbers of the examples on the two sides of a split.

    Parameters
    ----------
    split : pair
        What picks the rows that train and those that score, as NumPy does: row numbers, from the
        end where they are negative, or a bool for each row.
    fold : int
        The number of the split, for messages.
    numbers : array of int
        The rows that are split.

    Raises
    ------
    InputError
        If it is no pair, or a side does not pick rows.
    """
    try:
        train, validation = split
    except (TypeError, ValueError) as error:
        raise InputError(
            f"cv: split {fold} is no pair; give the rows that train and those that score, "
            "(train, test)."
        ) from error
    return _picked(numbers, train, f"split {fold}, train"), _picked(
        numbers, validation, f"split {fold}, test"
    )


def _picked(numbers: Rows, side: Any, where: str) -> Rows:
    n = len(numbers)
    try:
        rows: Rows = numbers[side]
    except (IndexError, TypeError, ValueError) as error:
        raise _no_rows(where, str(error), n) from error
    if rows.ndim != 1:
        raise _no_rows(where, f"their shape is {rows.shape}", n)
    return rows


def _no_rows(where: str, reason: str, n: int) -> InputError:
    return InputError(
        f"cv: {where} does not name rows ({reason}); give row numbers from 0 to {n - 1}, or {n} "
        "bools."
    )
