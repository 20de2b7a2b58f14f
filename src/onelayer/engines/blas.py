"""One thread for BLAS while somebody needs its bits, for all who overlap."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_users = 0
_limits: Any = None
_known: tuple[int, ThreadpoolController] | None = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread: with more, sums are split by their number and bits change.

    The limit belongs to the process. So the first of those who overlap sets it and the last takes
    it back; each taking back what it found would leave the limit of another for ever.
    """
    global _users, _limits
    with _lock:
        if _users == 0:
            _limits = _libraries().limit(limits=1, user_api="blas")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0 and _limits is not None:
                _limits.restore_original_limits()
                _limits = None


def _libraries() -> ThreadpoolController:
    """Return the libraries that are loaded; to look for them takes longer than a small model.

    A library comes with the modules that use it: where none was imported, none has come.
    """
    global _known
    if _known is None or _known[0] != len(sys.modules):
        count = len(sys.modules)
        _known = count, ThreadpoolController()
    return _known[1]
