"""Ctrl-C as a request that the training loop reads between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_on_interrupt(event: threading.Event | None = None) -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets; a second one raises KeyboardInterrupt as usual.

    The event is the given one, or a new one.

    Python delivers signals to the main thread alone: elsewhere, and where the program has set a
    handler of its own, nothing is changed and Ctrl-C does not set the event.
    """
    event = event or threading.Event()
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield event
        return

    def request(_signal: int, _frame: FrameType | None) -> None:
        event.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, request)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
