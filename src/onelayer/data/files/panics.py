"""What polars raises at a damaged table, and what it prints beside."""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from onelayer.errors import InputError

_DAMAGE = (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException, MemoryError)
_STANDARD_ERROR = 2
_one_at_a_time = threading.RLock()  # there is one standard error


@contextmanager
def damage_named(source: str) -> Iterator[None]:
    """Turn what polars raises at a damaged file into one message, the only one that is seen.

    Where polars meets what it thinks impossible, Rust panics, and prints the place with a trace
    to the file descriptor of standard error, past Python. No check of ours would find all such
    files short of reading them. So the descriptor leads to a temporary file meanwhile; what
    others wrote is passed on if nothing went wrong.
    """
    try:
        with _standard_error_held():
            yield
    except _DAMAGE as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{source}: is damaged or of another kind than its name says ({reason}); get it again."
        ) from error


@contextmanager
def _standard_error_held() -> Iterator[None]:
    with _one_at_a_time, tempfile.TemporaryFile() as held:
        if sys.stderr is not None:
            sys.stderr.flush()
        try:
            screen = os.dup(_STANDARD_ERROR)
        except OSError:  # it is closed: nothing is seen anyway
            yield
            return
        try:
            os.dup2(held.fileno(), _STANDARD_ERROR)
            try:
                yield
            finally:
                if sys.stderr is not None:
                    sys.stderr.flush()
                os.dup2(screen, _STANDARD_ERROR)
            held.seek(0)
            if written := held.read():
                os.write(screen, written)
        finally:
            os.close(screen)
