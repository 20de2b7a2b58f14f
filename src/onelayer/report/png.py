"""Numbers to pictures: a diverging colour map and a PNG writer for 8-bit RGB."""

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from onelayer.report import style


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """Return the PNG file of an RGB picture.

    Parameters
    ----------
    pixels
        (height, width, 3) of dtype uint8.

    Returns
    -------
    bytes
        A PNG file (ISO/IEC 15948), the same bytes for the same pixels and zlib.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(
            f"pixels must be uint8 of shape (height, width, 3), not {pixels.dtype} {pixels.shape}"
        )
    height, width, _ = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    # Each line starts with its filter type; 0 means unfiltered.
    lines = np.zeros((height, 1 + 3 * width), dtype=np.uint8)
    lines[:, 1:] = pixels.reshape(height, 3 * width)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9))
        + _chunk(b"IEND", b"")
    )


def data_uri(pixels: NDArray[np.uint8], magnify: int = 1) -> str:
    """Return the picture as a data URI, each pixel drawn as a square of ``magnify`` pixels.

    Magnified pictures stay sharp in viewers that smooth every image they scale.
    """
    magnified = pixels.repeat(magnify, axis=0).repeat(magnify, axis=1)
    return "data:image/png;base64," + base64.b64encode(encode(magnified)).decode("ascii")


def diverging(share: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Map numbers from -1 to 1 to the house's diverging colours.

    Parameters
    ----------
    share
        Any shape; values outside are drawn like the nearest end.

    Returns
    -------
    ndarray
        The shape of ``share`` and a last axis of 3 (red, green, blue), uint8.
    """
    stops = np.linspace(-1.0, 1.0, len(style.DIVERGING))
    colours = np.array([[int(hue[at : at + 2], 16) for at in (1, 3, 5)] for hue in style.DIVERGING])
    mixed = [np.interp(share, stops, colours[:, channel]) for channel in range(3)]
    pixels: NDArray[np.uint8] = np.rint(np.stack(mixed, axis=-1)).astype(np.uint8)
    return pixels


def colours(share: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Map numbers from -1 to 1 of three channels to their colours: all 0 is a medium grey.

    Parameters
    ----------
    share
        The last axis of 3 (red, green, blue).
    """
    pixels: NDArray[np.uint8] = np.rint(np.clip(127.5 * (1 + share), 0, 255)).astype(np.uint8)
    return pixels
