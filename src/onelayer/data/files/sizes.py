"""Sizes of images: as users write them, as a model wants them."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from onelayer.data.files.examples import Examples, Request
from onelayer.errors import Argument, InputError

_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")


def parse_size(size: str) -> tuple[int, int]:
    """Return width and height in pixels of a size such as "28x28", as image tools write it.

    Raises
    ------
    InputError
        If it is not WIDTHxHEIGHT with whole numbers above 0.
    """
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if found is None:
        raise InputError(
            Argument("size"),
            f": {size!r} is no size; give WIDTHxHEIGHT in pixels, for example 28x28.",
        )
    return int(found[1]), int(found[2])


def wanted_shape(image_shape: Sequence[int] | None, size: str | None) -> tuple[int, int] | None:
    """Return the height and width that images must have, None where any will do.

    Raises
    ------
    InputError
        If `size` is no size, or another than `image_shape`.
    """
    shape = None
    if image_shape is not None:
        height, width = image_shape
        shape = (int(height), int(width))
    if size is not None:
        width, height = parse_size(size)
        if shape is not None and shape != (height, width):
            raise InputError(
                f"size: {size} is not the model's {shape[1]}x{shape[0]} (width x height); leave "
                "it out."
            )
        shape = (height, width)
    return shape


def with_wanted_shape(examples: Examples, request: Request) -> Examples:
    """Return the examples as the images that are wanted, if any are.

    Raises
    ------
    InputError
        If they have another number of features, size or number of channels.
    """
    n = examples.n_features
    if request.features is not None and n != len(request.features):
        raise InputError(
            f"{request.source}: has {n} features, the model {len(request.features)}; give a file "
            "with the model's features."
        )
    shape = request.image_shape or examples.image_shape
    if shape is None:
        return examples
    channels = request.channels or examples.channels or (1 if n == math.prod(shape) else 3)
    found = examples.image_shape or shape, examples.channels or channels
    if found != (shape, channels) or n != math.prod(shape) * channels:
        raise InputError(
            f"{request.source}: has {_described(examples)}; wanted are images of "
            f"{shape[1]}x{shape[0]} (width x height) with {channels} values a pixel. "
            "Give such a file; only the images of a folder are resized."
        )
    return replace(examples, image_shape=shape, channels=channels)


def _described(examples: Examples) -> str:
    if examples.image_shape is None:
        return f"{examples.n_features} features"
    height, width = examples.image_shape
    return f"images of {width}x{height} with {examples.channels} values a pixel"
