"""The affine scaling of raw values."""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from onelayer.errors import InputError


@dataclass(frozen=True)
class Scaling:
    """The map x = raw * scale + offset, from stored values to what a model sees.

    It is kept beside the raw values and folded into the arithmetic, so that 8-bit pixels need no
    float copy.

    Parameters
    ----------
    scale : float
        Finite and not zero.
    offset : float
        Finite.

    Raises
    ------
    InputError
        If `scale` is zero or one of the two is not finite.
    """

    scale: float
    offset: float

    def __post_init__(self) -> None:
        """Refuse numbers that cannot scale anything."""
        if not (math.isfinite(self.scale) and math.isfinite(self.offset)) or self.scale == 0:
            raise InputError(
                f"scaling: scale {self.scale} and offset {self.offset} cannot be used; "
                "both must be finite and the scale must not be zero."
            )

    @classmethod
    def from_range(cls, low: float, high: float) -> Self:
        """Map the range [low, high] to [-1, 1].

        Raises
        ------
        InputError
            If `low` is not below `high`, or the range is not finite or too narrow to divide by.
        """
        low, high = float(low), float(high)
        width = high - low
        # The second test catches a width so small that its inverse overflows.
        if not (0 < width < math.inf) or math.isinf(2 / width):
            raise InputError(
                f"scaling: the range from {low:g} to {high:g} cannot be mapped to [-1, 1]; "
                "it must be finite and hold more than one value (are all values the same?)."
            )
        return cls(scale=2 / width, offset=-(high + low) / width)

    @classmethod
    def identity(cls) -> Self:
        """Leave values as they are."""
        return cls(scale=1.0, offset=0.0)

    def apply(self, raw: NDArray[Any], dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Return the scaled values as a new array.

        Parameters
        ----------
        raw : array of numbers, any shape
        dtype : float32 or float64
            The type of the result, and of the arithmetic.

        Raises
        ------
        InputError
            If `dtype` is neither float32 nor float64.
        """
        try:
            supported = np.dtype(dtype) in (np.dtype(np.float32), np.dtype(np.float64))
        except TypeError:
            supported = False
        if not supported:
            raise InputError(f"dtype: {dtype!r} is not supported here; use float32 or float64.")
        scaled: NDArray[Any] = raw.astype(dtype)
        # In place, and with plain floats, which leave the type as it is.
        scaled *= self.scale
        scaled += self.offset
        return scaled
