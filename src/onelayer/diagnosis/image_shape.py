"""The shape of an image whose pixels are the features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ImageShape:
    """Height and width in pixels, and numbers a pixel: 1 for grey, 3 for colours.

    A row of features holds the image's lines from top to bottom, and a pixel's numbers together.
    """

    height: int
    width: int
    channels: int = 1

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self | None:
        """Return the shape that a study's facts of its data tell; None: they are no images."""
        if data["image_shape"] is None:
            return None
        height, width = data["image_shape"]
        return cls(height, width, data["n_features"] // (height * width))

    @classmethod
    def of_grey(cls, data: Mapping[str, Any]) -> Self | None:
        """Return the shape where each feature is a pixel, None elsewhere."""
        shape = cls.of(data)
        return shape if shape is not None and shape.channels == 1 else None

    @property
    def n_features(self) -> int:
        """How many numbers an image is."""
        return self.height * self.width * self.channels

    def pictures(self, weights: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return weights, (n_features, n_outputs), as pictures of one channel each.

        Their shape is (n_outputs * channels, height, width); the channels of an output follow one
        another.
        """
        wide = weights.T.reshape(-1, self.height, self.width, self.channels)
        return np.moveaxis(wide, 3, 1).reshape(-1, self.height, self.width)

    def __str__(self) -> str:
        """Return '28 × 28 pixels'."""
        colours = "" if self.channels == 1 else f" with {self.channels} channels"
        return f"{self.height} × {self.width} pixels{colours}"
