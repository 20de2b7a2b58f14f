"""What a page holds for its scripts, made small: deflated, as base64 (RFC 1950, RFC 4648).

``templates/scripts/packed.js`` unpacks it. Base64 has no character that ends a script element.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.report.printable import printable_values


def text(content: str) -> str:
    """Return text, packed."""
    return base64.b64encode(zlib.compress(content.encode(), 9)).decode()


def values(content: Mapping[str, Any]) -> str:
    """Return values that JSON knows, packed; what cannot be printed in them is spelled out."""
    printable = printable_values(content)
    return text(json.dumps(printable, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def array(numbers: NDArray[np.generic]) -> dict[str, Any]:
    """Return an array as a value for :func:`values`; ``arrayOf`` of the page reads it.

    Parameters
    ----------
    numbers
        Of dtype uint8, int8, int16, int32 or float32.
    """
    little = np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<"))
    data = base64.b64encode(little.tobytes()).decode()
    return {"dtype": numbers.dtype.name, "shape": list(numbers.shape), "data": data}
