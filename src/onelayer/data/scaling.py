"""The affine scaling of raw values."""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from onelayer.errors import InputError

Factor = float | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scaling:
    """The map x = raw * scale + offset, from stored values to what a model sees.

    It is kept beside the raw values and folded into the arithmetic, so that 8-bit pixels need no
    float copy.

    Parameters
    ----------
    scale : float, or array of shape (n_features,)
        Finite and not zero.
    offset : float, or array of shape (n_features,)
        Finite.

    Raises
    ------
    InputError
        If a scale is zero, one of the numbers is not finite, or the shapes differ.
    """

    scale: Factor
    offset: Factor

    def __post_init__(self) -> None:
        """Refuse numbers that cannot scale anything."""
        for name in ("scale", "offset"):
            object.__setattr__(self, name, _factor(getattr(self, name)))
        if np.shape(self.scale) != np.shape(self.offset):
            raise InputError(
                f"scaling: the shape of scale is {np.shape(self.scale)}, that of offset "
                f"{np.shape(self.offset)}; give two numbers, or two arrays with one number a "
                "feature."
            )
        scale, offset = np.atleast_1d(self.scale, self.offset)
        wrong = np.flatnonzero(~(np.isfinite(scale) & np.isfinite(offset)) | (scale == 0))
        if len(wrong):
            where = f"feature {wrong[0]}: " if np.ndim(self.scale) else ""
            raise InputError(
                f"scaling: {where}scale {scale[wrong[0]]} and offset {offset[wrong[0]]} cannot be "
                "used; both must be finite and the scale must not be zero."
            )

    def __eq__(self, other: object) -> bool:
        """Whether both map every value alike."""
        if not isinstance(other, Scaling):
            return NotImplemented
        return np.array_equal(self.scale, other.scale) and np.array_equal(self.offset, other.offset)

    __hash__ = None  # type: ignore[assignment]  # it may hold arrays

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

    def per_feature(self, n_features: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return scale and offset as arrays of shape (n_features,).

        Raises
        ------
        InputError
            If they are arrays of another length.
        """
        if np.ndim(self.scale) and len(np.atleast_1d(self.scale)) != n_features:
            raise InputError(
                f"scaling: there are {len(np.atleast_1d(self.scale))} scales and {n_features} "
                "features; give one number a feature."
            )
        return np.full(n_features, self.scale), np.full(n_features, self.offset)

    def of_features(self, begin: int, end: int) -> "Scaling":
        """Return the scaling of the features from `begin` to before `end`."""
        scale, offset = (
            number if isinstance(number, float) else number[begin:end]
            for number in (self.scale, self.offset)
        )
        return Scaling(scale, offset)

    def apply(self, raw: Any, dtype: DTypeLike = np.float32) -> Any:
        """Return the scaled values as a new array.

        Parameters
        ----------
        raw : array of numbers, any shape; or a SciPy sparse array, where the offset must be 0
            The last axis is that of the features, where the scaling has one number a feature.
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
        # A plain float leaves the type of an array as it is, an array of float64 does not.
        scale, offset = (
            number if isinstance(number, float) else number.astype(dtype)
            for number in (self.scale, self.offset)
        )
        if not isinstance(raw, np.ndarray):
            return raw.astype(dtype).multiply(scale).tocsr()
        scaled: NDArray[Any] = raw.astype(dtype)
        if not (isinstance(scale, float) and scale == 1):
            scaled *= scale
        if not (isinstance(offset, float) and offset == 0):
            scaled += offset
        return scaled


def _factor(number: Any) -> Factor:
    """Return a float, or a read-only array of float64."""
    if np.ndim(number) == 0:
        return float(number)
    array = np.array(number, np.float64)
    if array.ndim != 1:
        raise InputError(
            f"scaling: the shape is {array.shape}; give one number, or one number a feature."
        )
    array.flags.writeable = False
    return array
