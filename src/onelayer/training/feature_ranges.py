"""Ranges of features, as they are given."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

FeatureRange = tuple[int, int]
"""The numbers of some features: from the first to before the second."""

_SPELLED = re.compile(r"\s*(\d{1,15})\s*:\s*(\d{1,15})\s*")


def as_range(value: Any) -> FeatureRange | None:
    """Return what "0:384", or a list or tuple of two numbers, mean; None for None and False.

    Raises
    ------
    ValueError
        If it is no range.
    """
    if value is None or value is False:
        return None
    ends = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(value, str) and (found := _SPELLED.fullmatch(value)):
        ends = [int(number) for number in found.groups()]
    if not isinstance(ends, list | tuple) or len(ends) != 2 or not all(map(_is_whole, ends)):
        raise ValueError(
            "must be two whole numbers, the first feature and the one before which it ends, as "
            "[0, 384] or '0:384'"
        )
    begin, end = map(int, ends)
    if not 0 <= begin < end:
        raise ValueError("must begin at 0 or more, and end behind where it begins")
    return begin, end


def is_list_of_ranges(value: object) -> bool:
    """Whether a value of the option `features` lists several: a list of numbers is one range."""
    if not isinstance(value, list | tuple | np.ndarray):
        return False
    return not len(value) or any(np.ndim(v) or isinstance(v, str | None) for v in value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
