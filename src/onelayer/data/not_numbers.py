"""Columns that hold something else than numbers, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from onelayer.words import first_few, shortened

_LONGEST = 30  # characters of a value that is shown


class NotNumbers(NamedTuple):
    """A column that holds something else.

    Attributes
    ----------
    name : str
    kind : str
        What its library calls the type.
    example : str or None
        One of its values.
    """

    name: str
    kind: str
    example: str | None = None

    def __str__(self) -> str:
        """Name the column and show what it holds."""
        kind = self.kind.partition("(categories=")[0]  # which an Enum of polars lists
        such = (
            "" if self.example is None else f", such as {shortened(repr(self.example), _LONGEST)}"
        )
        return f"{self.name!r} ({kind}{such})"


def they_hold_no_numbers(source: str, columns: Sequence[NotNumbers]) -> str:
    """Return what is wrong with these columns of a source, one or more."""
    do = "columns do" if len(columns) > 1 else "column does"
    return f"{source}: {len(columns)} {do} not hold numbers: {first_few(columns, str)}"
