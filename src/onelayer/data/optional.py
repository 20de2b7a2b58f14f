"""Libraries that a plain installation does not bring."""

from collections.abc import Iterator
from contextlib import contextmanager

from onelayer.errors import InputError


@contextmanager
def needs(what: str, extra: str) -> Iterator[None]:
    """Import libraries inside; if one is missing, a message says what to install.

    Parameters
    ----------
    what : str
        What needs the libraries, as the first words of the message.
    extra : str
        The extra of this distribution that brings them.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in ("", "onelayer"):
            raise  # a mistake of this package, and no missing library
        raise InputError(
            f"{what} needs the library {library}; install it with pip install 'onelayer[{extra}]'."
        ) from None
