"""The PNG writer, checked by a reader that follows the format's description."""

import base64
import struct
import zlib

import numpy as np
import pytest

from onelayer.report import png


def decode(content: bytes) -> np.ndarray:
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    place, chunks = 8, {}
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        kind, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", content, place + 8 + length)
        assert checksum == zlib.crc32(kind + body)
        chunks[kind] = body
        place += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colour_type, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour_type, rest) == (8, 2, [0, 0, 0])
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(height, width, 3)


def test_a_picture_comes_back() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decode(png.encode(pixels)), pixels)
    assert png.encode(pixels) == png.encode(pixels.copy(order="F"))


def test_a_magnified_picture_has_square_blocks() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    head, content = png.data_uri(pixels, magnify=3).split(",")
    assert head == "data:image/png;base64"
    large = decode(base64.b64decode(content))
    assert large.shape == (6, 6, 3)
    np.testing.assert_array_equal(large[::3, ::3], pixels)
    assert (large[:3, :3] == pixels[0, 0]).all()


@pytest.mark.parametrize(
    "pixels", [np.zeros((2, 2), np.uint8), np.zeros((2, 2, 4), np.uint8), np.zeros((2, 2, 3))]
)
def test_other_arrays_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8 of shape"):
        png.encode(pixels)


def test_the_diverging_colours_are_blue_white_red_and_symmetric_in_lightness() -> None:
    low, middle, high = png.diverging(np.array([-1.0, 0.0, 1.0])).astype(int)
    assert low[2] > low[0]
    assert high[0] > high[2]
    assert set(middle) == {0xF7}
    np.testing.assert_array_equal(png.diverging(np.array([-5.0, 5.0])), [low, high])
