"""What readers raise at damaged files."""

import struct
import tokenize
import zipfile
import zlib

DAMAGE = (
    ValueError, OSError, EOFError, KeyError, IndexError, TypeError, AttributeError, OverflowError,
    NotImplementedError, RuntimeError, SyntaxError, zipfile.BadZipFile, zlib.error, struct.error,
    tokenize.TokenError,
)  # fmt: skip
"""What NumPy raises at damaged headers and archives, those that ask for a password among them."""
