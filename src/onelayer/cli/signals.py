"""Ctrl-C and SIGTERM: the first asks the work to stop, the second ends the process at once.

While a module is imported the first does so too: an interrupt that is raised there is lost, or
comes out as another error, where it meets a callback of the import system or the making of a class.
"""

from __future__ import annotations

import _thread
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from onelayer.cli import INTERRUPTED

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name)]

stop = threading.Event()
"""Set by the first signal while somebody listens; work reads it between two steps."""

_listening = False


@contextmanager
def handled() -> Iterator[None]:
    """Handle signals within the block; a signal that the caller has ignored stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stop.clear()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _first)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def listening() -> Iterator[threading.Event]:
    """Yield an event that the first signal sets; outside such a block it raises an interrupt."""
    global _listening
    _listening = True
    try:
        yield stop
    finally:
        _listening = False


def ask_to_stop() -> None:
    """Do from any thread what the first signal does; nothing where one has come before."""
    for number in _SIGNALS:
        handler = signal.getsignal(number)
        if handler is _second:
            return
        if handler is _first:
            main = threading.main_thread().ident
            if hasattr(signal, "pthread_kill") and main is not None:
                signal.pthread_kill(main, number)  # wakes it where it waits
            else:
                _thread.interrupt_main(number)
            return
    stop.set()


def _first(_number: int, frame: FrameType | None) -> None:
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _second)
    if _listening:
        stop.set()
    elif _imports(frame):
        _end(INTERRUPTED)
    else:
        raise KeyboardInterrupt


def _second(_number: int, _frame: FrameType | None) -> None:
    _end("Ended at once; the same command goes on where it was.")


def _imports(frame: FrameType | None) -> bool:
    """Return whether a frame is called by an import."""
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None


def _end(message: str) -> None:
    # Nothing is half written: every file is there as a whole or not at all.
    shown = "\x1b[?25h" * (os.name == "posix" and os.isatty(2))  # the cursor, if a bar hid it
    os.write(2, f"{shown}onelayer: {message}\n".encode())
    os._exit(1)
