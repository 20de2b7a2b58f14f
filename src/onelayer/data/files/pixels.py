"""One image as pixels."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from onelayer.errors import InputError

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

_GREY = {"1", "L", "LA"}
_ORIENTATION = 0x0112  # EXIF; from 5 on, width and height are exchanged
_TRANSPOSED = (5, 6, 7, 8)
# What decoders raise at damaged files: SyntaxError is PNG's.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class ImageInfo:
    """What the start of a file says of an image."""

    size: Size
    has_colour: bool


def inspect_image(path: str) -> ImageInfo:
    """Return the size and colour of an image, without decoding it.

    Raises
    ------
    InputError
        If it is no PNG or JPEG image, or has more than 8 bits a value.
    """
    with _opened(path) as image:
        if image.mode.startswith(("I", "F")):
            raise InputError(
                f"{path}: has 16 bits a pixel, and images are read with 8; convert it to 8 bits, "
                "or give the values as a .npy file."
            )
        width, height = image.size
        if image.format == "JPEG" and image.getexif().get(_ORIENTATION) in _TRANSPOSED:
            width, height = height, width
        return ImageInfo((width, height), image.mode not in _GREY)


def read_pixels(path: str, size: Size, channels: int) -> NDArray[np.uint8]:
    """Return an image as uint8, shape (height, width) or (height, width, 3).

    A JPEG image is turned as its EXIF orientation says, as viewers do. Where its size is another,
    it is resized (bilinear, with antialiasing) without regard to its proportions.

    Parameters
    ----------
    path : str
    size : (int, int)
        Width and height.
    channels : int
        1: grey, by the luma of ITU-R 601-2. 3: red, green, blue.

    Raises
    ------
    InputError
        If it cannot be decoded, or has transparent pixels.
    """
    with _opened(path) as image:
        if image.has_transparency_data and _is_transparent(image):
            raise InputError(
                f"{path}: has transparent pixels, and what is behind them is not known; save it "
                "without transparency."
            )
        turned = ImageOps.exif_transpose(image) if image.format == "JPEG" else image
        plain = turned.convert("L" if channels == 1 else "RGB")
        if plain.size != size:
            plain = plain.resize(size, Image.Resampling.BILINEAR)
        return np.asarray(plain)


def _is_transparent(image: Image.Image) -> bool:
    lowest, _ = image.convert("RGBA").getchannel("A").getextrema()
    return bool(lowest < 255)  # type: ignore[operator]


@contextmanager
def _opened(path: str) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of metadata that nothing here uses
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG", "JPEG")) as image:
                yield image
    except InputError:
        raise  # a ValueError too
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: has too many pixels ({error}); make it smaller.") from error
    except UnidentifiedImageError as error:
        raise InputError(f"{path}: is no PNG or JPEG image; get it again or remove it.") from error
    except _DAMAGE as error:
        raise InputError(
            f"{path}: cannot be decoded ({error}); get it again or remove it."
        ) from error
