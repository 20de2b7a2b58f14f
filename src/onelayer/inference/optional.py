"""Libraries that only the exports need."""

from collections.abc import Iterator
from contextlib import contextmanager

from onelayer.errors import InputError


@contextmanager
def export_needs(library: str, to: str) -> Iterator[None]:
    """Import `library` inside; an ImportError becomes a message that says how to install it."""
    try:
        yield
    except ImportError:
        raise InputError(
            f"The export to {to} needs the library {library}; install it with "
            "pip install 'onelayer[export]'."
        ) from None
