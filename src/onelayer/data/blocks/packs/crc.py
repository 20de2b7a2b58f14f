"""CRC-32, by ISA-L where that is installed: it takes a quarter of zlib's time or less."""

from __future__ import annotations

try:
    from isal.isal_zlib import crc32
except ImportError:
    from zlib import crc32

from functools import lru_cache

__all__ = ["check", "compare", "crc32", "joined"]

_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31
"""Polynomials over two values have their lowest power in the highest bit, as CRC-32 has it."""


def check(content: bytes | memoryview, noted: str) -> None:
    """Refuse bytes of another CRC-32 than was noted of them, in hexadecimal; "": of none.

    Raises
    ------
    ValueError
    """
    compare(crc32(content), noted)


def compare(checksum: int, noted: str) -> None:
    """Refuse another CRC-32 than was noted, in hexadecimal; "": of none.

    Raises
    ------
    ValueError
    """
    found = f"{checksum:08x}"
    if found != noted:
        raise ValueError(f"its checksum is {found}, and {noted or 'none'} was noted")


def joined(first: int, second: int, length: int) -> int:
    """Return the CRC-32 of some bytes and `length` more, of those of both, as zlib joins them."""
    return _product(_power(8 * length), first) ^ second


def _product(a: int, b: int) -> int:
    """Return the product of two polynomials, modulo that of the CRC."""
    found = 0
    while a:
        if a & _ONE:
            found ^= b
        a = a << 1 & 0xFFFFFFFF
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return found


@lru_cache(maxsize=64)
def _power(n: int) -> int:
    """Return x to the n."""
    found, square = _ONE, _ONE >> 1
    while n:
        if n & 1:
            found = _product(square, found)
        square, n = _product(square, square), n >> 1
    return found
