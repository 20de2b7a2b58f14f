"""Values of a label column or file as labels."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.data.files.csv_files import MISSING
from onelayer.data.labels import check_64_bits
from onelayer.errors import InputError

MISSING_LABELS = ("", "nan")
"""Words, in lower case, that are no label anywhere: what a missing value becomes on its way
through text. Others of `MISSING`, such as NA or none, may name a class among other names."""

_PADDED = r"^\s*[+-]?0\d"
"""Words that begin so are codes, such as 007: as numbers they would lose their zeros."""


def as_label_values(values: NDArray[Any], where: str, before: int = 0) -> NDArray[Any]:
    """Return labels as integers, strings or bools.

    Parameters
    ----------
    values : array, shape (n,) or (n, 1)
        Floats must be whole numbers.
    where : str
        The file, and the column or array, for messages.
    before : int
        Rows of the file that come before these, for messages.

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    InputError
        If the shape or type is another, there are none, or one is missing or not whole.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise InputError(
            f"{where}: the labels have the shape {values.shape}; give one label an example "
            "(for one column a class: labels.argmax(axis=1))."
        )
    if values.size == 0:
        raise InputError(f"{where}: there are no labels; give one label an example.")
    if values.dtype.kind == "f":
        values = _whole(values, where, before)
    if values.dtype.kind not in "biuU":
        raise InputError(
            f"{where}: labels of type {values.dtype} are not supported; "
            "give integers, strings or bools."
        )
    check_64_bits(values, where)
    if values.dtype.kind == "U":
        missing = np.isin(np.strings.lower(np.strings.strip(values)), MISSING_LABELS)
        if missing.any():
            raise missing_labels(int(missing.sum()), before + int(missing.argmax()), where)
    return np.array(values)  # in memory, also where the file is mapped


def text_labels(values: list[str], where: str) -> NDArray[Any]:
    """Return words as labels: whole numbers if all of them are that, otherwise strings.

    Where one is a code with zeros in front, as 007 is, all are strings.

    Raises
    ------
    InputError
        If one among numbers stands for a missing number, as NA does, or does not fit 64 bits.
    """
    words = [value.strip() for value in values]
    if is_padded(pl.Series(words, dtype=pl.String)):
        return np.array(words)
    gaps = [word.lower() in MISSING for word in words]
    numbers = _numbers([word for word, gap in zip(words, gaps, strict=True) if not gap])
    if not numbers:
        return np.array(words)
    if any(gaps):
        raise missing_labels(sum(gaps), gaps.index(True), where)
    if isinstance(numbers[0], int):
        check_64_bits(numbers, where)
    return np.array(numbers)


def is_padded(words: pl.Series) -> bool:
    """Return whether one of these words is a code with zeros in front, as 007 is."""
    return bool(words.str.contains(_PADDED).any())


def _numbers(words: list[str]) -> list[Any] | None:
    """Return words as whole numbers, or else as numbers, where all of them are that."""
    for kind in (int, float):
        try:
            # Strings that Python reads as numbers and people do not: "1_000".
            return [kind(word.replace("_", "?")) for word in words]
        except (ValueError, OverflowError):
            continue
    return None


def _whole(values: NDArray[Any], where: str, before: int) -> NDArray[Any]:
    missing = np.isnan(values)
    if missing.any():
        raise missing_labels(int(missing.sum()), before + int(missing.argmax()), where)
    whole = (values == np.floor(values)) & (np.abs(values) < 2.0**53)
    if not whole.all():
        row = int(np.argmin(whole))
        raise InputError(
            f"{where}: the label of row {before + row + 1} is {values[row]}; labels name classes: "
            "give whole numbers, strings or bools (to predict a quantity is not what this does)."
        )
    return values.astype(np.int64)


def column_labels(
    column: pl.Series, where: str, *, as_text: bool = False, before: int = 0
) -> NDArray[Any]:
    """Return the labels in a column of a table.

    Parameters
    ----------
    column : polars.Series
    where : str
        The file and the column, for messages.
    as_text : bool
        The file is text, where numbers are words.
    before : int
        Rows of the file that come before those of the column, for messages.

    Raises
    ------
    InputError
        As for `as_label_values`.
    """
    column = with_gaps(column)
    if column.null_count():
        first = before + int(column.is_null().arg_true()[0])
        raise missing_labels(column.null_count(), first, where)
    if column.dtype == pl.String:
        words = column.to_list()
        values = text_labels(words, where) if as_text else np.array(words)
    else:
        if str(column.dtype).endswith("Int128"):  # which NumPy has not
            check_64_bits(column.to_list(), where)
            column = column.cast(pl.Int64)
        values = column.to_numpy()
    return as_label_values(values, where, before)


def with_gaps(labels: pl.Series) -> pl.Series:
    """Return a column of labels with null for those that are missing: text, NaN, or null."""
    if labels.dtype in (pl.Categorical, pl.Enum):
        labels = labels.cast(pl.String)
    if labels.dtype == pl.String:
        missing = labels.str.strip_chars().str.to_lowercase().is_in(MISSING_LABELS)
        return labels.set(missing.fill_null(True), None)
    return labels.fill_nan(None) if labels.dtype.is_float() else labels


def missing_labels(count: int, first: int, where: str) -> InputError:
    """Return the error for labels that are missing; `first` is the first such row, from 0."""
    return InputError(
        f"{where}: {count} label{'s are' if count > 1 else ' is'} missing, the first in row "
        f"{first + 1}; "
        "add them or remove these rows."
    )
