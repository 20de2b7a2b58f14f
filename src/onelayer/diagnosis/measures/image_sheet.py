"""Images inside a measurement: as few bytes as they need, and their raw values to be had again."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.image_shape import ImageShape

STEPS = 255


@dataclass(frozen=True)
class Levels:
    """How a raw value is kept in a byte: raw = low + step * byte; `white` is the largest byte.

    Those of uint8 are kept as they are where there are enough steps; others are rounded.
    """

    low: float
    step: float
    white: int

    @classmethod
    def of(cls, raw: NDArray[Any], steps: int = STEPS) -> Self:
        """Return the levels that hold such values in so many steps, at most 255."""
        low, high = float(raw.min()), float(raw.max())
        if raw.dtype == np.uint8:
            low, high = 0.0, float(STEPS) if high > STEPS / 2 else max(1.0, high)
            if high <= steps:
                return cls(low, 1.0, int(high))
        return cls(low, (high - low) / steps or 1.0, steps)

    def bytes_of(self, raw: NDArray[Any]) -> NDArray[np.uint8]:
        """Return values as bytes; those outside go to the nearest end."""
        kept = np.floor((np.asarray(raw, np.float64) - self.low) / self.step + 0.5)
        return np.clip(kept, 0, self.white).astype(np.uint8)

    def raw(self, kept: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the raw values of bytes."""
        found: NDArray[np.float64] = self.low + self.step * kept.astype(np.float64)
        return found

    def shown(self, kept: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return bytes as a picture has them, 255 for white."""
        return np.clip(kept.astype(np.float64) * STEPS / self.white + 0.5, 0, STEPS).astype(
            np.uint8
        )  # fmt: skip


@dataclass(frozen=True)
class ImageSheet:
    """Images of one size.

    Attributes
    ----------
    height, width, channels, count : int
    levels : Levels
    pixels : str
        The bytes in the order (image, row, column, channel), deflated, as base64.
    """

    height: int
    width: int
    channels: int
    count: int
    levels: Levels
    pixels: str

    @classmethod
    def of(cls, raw: NDArray[Any], shape: ImageShape, levels: Levels) -> Self:
        """Return a sheet of images, (n, n_features) or so in raw values."""
        kept = levels.bytes_of(raw)
        text = base64.b64encode(zlib.compress(kept.tobytes(), 9)).decode()
        return cls(shape.height, shape.width, shape.channels, len(raw), levels, text)

    @property
    def bytes(self) -> NDArray[np.uint8]:
        """What is kept, (count, height, width, channels)."""
        content = zlib.decompress(base64.b64decode(self.pixels))
        shape = (self.count, self.height, self.width, self.channels)
        return np.frombuffer(content, np.uint8).reshape(shape)

    @property
    def shown(self) -> NDArray[np.uint8]:
        """The images as pictures, (count, height, width, channels); 255 is white."""
        return self.levels.shown(self.bytes)
