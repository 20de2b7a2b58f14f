"""Tables as text: what polars leaves open about CSV files."""

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import cast

import polars as pl

from onelayer.data.files.limits import check_inflated, check_width, short_lines
from onelayer.data.idx import GZIP_ERRORS, inflated
from onelayer.errors import InputError
from onelayer.words import first_few

MISSING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "?")
"""Words that stand for a missing number, in lower case."""

SEPARATORS = (",", ";", "\t")
"""What may separate values; the first is that of a .csv file, the last that of a .tsv file."""

_QUICK_ROWS = 1000


def find_separator(path: str, source: str) -> str:
    """Return what separates the values of a CSV file.

    That is what the ending of its name says, unless another separator alone gives the first two
    lines the same number of values, more than one.
    """
    stem = path.lower().removesuffix(".gz")
    usual = SEPARATORS[-1] if stem.endswith(".tsv") else SEPARATORS[0]
    if _fits(path, source, usual):
        return usual
    others = [other for other in SEPARATORS if other != usual and _fits(path, source, other)]
    return others[0] if len(others) == 1 else usual


def _fits(path: str, source: str, separator: str) -> bool:
    try:
        header, first = itertools.islice(_rows(path, source, separator), 2)
    except (ValueError, csv.Error, *GZIP_ERRORS):  # what is wrong is told where the file is read
        return False
    return len(header) == len(first) > 1


def _rows(path: str, source: str, separator: str) -> Iterator[list[str]]:
    """Yield the values of each line that has some."""
    with open(path, "rb") as file:
        stream = io.TextIOWrapper(
            io.BufferedReader(cast(io.RawIOBase, inflated(file))), "utf-8-sig", newline=""
        )
        for row in csv.reader(short_lines(stream, source), delimiter=separator):
            check_width(len(row), source)
            if any(row):
                yield row


def read_header(path: str, source: str, separator: str) -> tuple[str, ...]:
    """Return the names in the first line of a CSV file, gzip or raw, without blanks around them.

    A column without a name is called "Unnamed: " and its number, as pandas does.

    Raises
    ------
    InputError
        If the file is empty or no text, or two columns have the same name.
    """
    try:
        names = [name.strip() for name in next(_rows(path, source, separator), [])]
    except GZIP_ERRORS as error:
        raise InputError(f"{source}: the gzip data is damaged ({error}); get it again.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{source}: is not text in UTF-8 ({error}); save it as CSV in UTF-8."
        ) from error
    if not any(names):
        raise InputError(
            f"{source}: the file is empty; the first line must name the columns, "
            "the others hold an example each."
        )
    names = [name or f"Unnamed: {i}" for i, name in enumerate(names, 1)]
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise InputError(
            f"{source}: more than one column is called {first_few(repeated)}; give each a name "
            f"of its own{no_header_hint(names)}."
        )
    return tuple(names)


def no_header_hint(names: Sequence[str]) -> str:
    """Return a remark for a message, when the names of the columns look like values."""
    try:
        [float(name) for name in names]
    except ValueError:
        return ""
    return " (the first line holds only numbers; it must hold the names of the columns)"


def read_csv_columns(
    path: str,
    source: str,
    separator: str,
    names: tuple[str, ...],
    wanted: list[int],
    *,
    as_text: bool = False,
) -> pl.DataFrame:
    """Return columns of a CSV file by their positions; text stays as it is in the file.

    With `as_text` numbers do as well: 007 is not 7.

    Raises
    ------
    InputError
        If a row does not fit the header, a line between others is blank, or the file is damaged.
    """
    try:
        if path.lower().endswith(".gz"):
            check_inflated(path, source)
        _check_width(path, separator, names)
        try:
            frame = _collect(path, separator, names, wanted, 0 if as_text else _QUICK_ROWS)
        except pl.exceptions.ComputeError:
            # A later value does not fit the type of the first rows: look at all of them, which
            # takes several times as long.
            frame = _collect(path, separator, names, wanted, None)
    except (pl.exceptions.PolarsError, OSError, *GZIP_ERRORS) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"{source}: cannot be read as CSV ({reason}); every row needs as many values as the "
            "first line has names, in UTF-8."
        ) from error
    return _without_blank_lines(frame, source)


def read_words(path: str, separator: str, position: int) -> pl.Series:
    """Return a column of a CSV file that was read before as it stands there, 007 and not 7.

    Blank lines at the end of the file are null.
    """
    table = pl.scan_csv(path, separator=separator, infer_schema_length=0, glob=False)
    return table.select(pl.nth(position)).collect().to_series()


def _collect(
    path: str, separator: str, names: tuple[str, ...], wanted: list[int], rows: int | None
) -> pl.DataFrame:
    table = pl.scan_csv(path, separator=separator, infer_schema_length=rows, glob=False)
    columns = [pl.nth(i).alias(names[i]) for i in wanted]
    blank = pl.all_horizontal(pl.all().is_null()).alias(_blank_name(names))
    return table.select(*columns, blank).collect()


def _check_width(path: str, separator: str, names: tuple[str, ...]) -> None:
    table = pl.scan_csv(path, separator=separator, infer_schema_length=0, glob=False)
    width = len(table.collect_schema())
    if width != len(names):
        raise pl.exceptions.ShapeError(
            f"the first line is {len(names)} names or {width}, as the ends of lines are not clear"
        )


def _blank_name(names: tuple[str, ...]) -> str:
    return next(name for i in itertools.count() if (name := f"blank{i}") not in names)


def _without_blank_lines(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    """Remove rows without any value at the end; polars makes them of blank lines."""
    blank = frame.to_series(-1)
    frame = frame.drop(blank.name)
    filled = blank.not_().arg_true()
    rows = int(filled[-1]) + 1 if len(filled) else 0
    if len(filled) != rows:
        first = blank.arg_true()[0]
        raise InputError(
            f"{source}: row {first + 1} holds no value in any column (is the line blank?); "
            "remove it."
        )
    return frame.head(rows)


def numbers_in(text: pl.Series) -> pl.Series:
    """Return a column of text as numbers where all of it is that, otherwise as it is.

    Blanks around a number do not count, and the words of `MISSING` become null.
    """
    numbers, missing = _parsed(text)
    return numbers.set(missing, None) if (missing | numbers.is_not_null()).all() else text


def not_numbers_in(text: pl.Series) -> pl.Series:
    """Return the values of a column of text that are neither numbers nor missing."""
    numbers, missing = _parsed(text)
    return text.filter(~missing & numbers.is_null())


def has_commas(column: pl.Series) -> bool:
    """Return whether a column of text would be numbers if its commas were decimal points."""
    if column.dtype != pl.String or column.str.contains(".", literal=True).any():
        return False
    points = column.str.replace(",", ".", literal=True)
    return bool((points != column).any()) and not_numbers_in(points).is_empty()


def _parsed(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return a column of text as numbers, null where it is none, and where one is missing."""
    words = text.str.strip_chars()
    missing = words.is_null() | words.str.to_lowercase().is_in(MISSING)
    return words.cast(pl.Float64, strict=False), missing
