"""The types in which values are kept."""

from typing import Any

import numpy as np

from onelayer.errors import InputError


def stored_type(dtype: np.dtype[Any], where: str = "X") -> np.dtype[Any]:
    """Return the type that holds values of `dtype`: exactly, except for very large integers.

    Raises
    ------
    InputError
        If they are no real numbers; `where` begins the message.
    """
    if dtype.kind not in "biuf":
        raise InputError(f"{where}: values of type {dtype} are not supported; give real numbers.")
    native = dtype.newbyteorder("=")
    if native in (np.uint8, np.float16, np.float32, np.float64):
        return native
    return np.dtype(np.float32 if dtype.itemsize <= 2 else np.float64)
