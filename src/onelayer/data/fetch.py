"""Download one file, bounded in time and in size."""

import http.client
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from onelayer.errors import OnelayerError

CHUNK = 1 << 16

_Event = int | bytes | Exception | None
"""What the reader reports: the total size, a chunk, a failure, or None at the end."""


class FetchError(OnelayerError):
    """A file could not be fetched from one address; the message is the reason alone."""


def fetch(
    url: str,
    limit: int,
    *,
    timeout: float,
    min_rate: float,
    on_progress: Callable[[int, int | None], None],
) -> bytes:
    """Return what a server sends.

    At any time the server must have sent all but `timeout` seconds' worth of bytes at
    `min_rate`, from the name's look-up on. So a server that trickles is given up early, and no
    server can take longer than timeout + limit / min_rate.

    Parameters
    ----------
    url : str
    limit : int
        The most bytes to accept.
    timeout : float
        Seconds.
    min_rate : float
        Bytes a second.
    on_progress : callable
        Called in this thread with the bytes so far and the total, None where it is not known.

    Raises
    ------
    FetchError
        If the server cannot be reached, refuses, is too slow, sends too much or stops early.
    """
    events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
    cancelled = threading.Event()
    # A thread, because a socket's timeout bounds one receive only: look-up, handshake and header
    # lines are many. The thread holds nothing but the socket and ends at its next receive.
    reader = threading.Thread(
        target=_read, args=(url, limit, timeout, events, cancelled), daemon=True
    )
    start = time.monotonic()
    reader.start()
    chunks: list[bytes] = []
    received, total = 0, None
    try:
        while True:
            left = start + timeout + received / min_rate - time.monotonic()
            event = _next(events, left, received, time.monotonic() - start)
            if event is None:
                break
            if isinstance(event, Exception):
                raise FetchError(_reason(event)) from event
            if isinstance(event, int):
                total = event
            else:
                chunks.append(event)
                received += len(event)
            if max(received, total or 0) > limit:
                raise FetchError(f"sends more than the {limit} bytes that the file can have")
            on_progress(received, total)
    finally:
        cancelled.set()
    if total is not None and received < total:
        raise FetchError(f"the connection ended after {received} of {total} bytes")
    return b"".join(chunks)


def _next(
    events: "queue.SimpleQueue[_Event]", left: float, received: int, elapsed: float
) -> _Event:
    """Return the next event; one that is there already counts as in time."""
    left = max(left, 0)
    try:
        return events.get(timeout=left)
    except queue.Empty:
        raise FetchError(f"too slow: {received} bytes in {elapsed + left:.1f} s") from None


def _read(
    url: str,
    limit: int,
    timeout: float,
    events: "queue.SimpleQueue[_Event]",
    cancelled: threading.Event,
) -> None:
    """Report what the server sends, until it ends, fails, exceeds the limit or is cancelled."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            length = response.headers.get("Content-Length", "")
            if length.isdecimal():
                events.put(int(length))
            received = 0
            # read1 returns after one receive; read would wait for the whole chunk.
            while received <= limit and not cancelled.is_set() and (chunk := response.read1(CHUNK)):
                received += len(chunk)
                events.put(chunk)
        events.put(None)
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        events.put(error)
    except Exception as error:  # every failure must reach the waiting thread
        events.put(error)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return f"cannot be reached ({error.reason})"
    if isinstance(error, TimeoutError):
        return "too slow: the server stopped sending"
    if isinstance(error, http.client.IncompleteRead):
        return f"the connection ended early after {len(error.partial)} bytes of a part"
    return f"{type(error).__name__}: {error}"
