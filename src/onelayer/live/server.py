"""The server of a live page: this machine alone, and nobody who does not have its address."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.web import Application, HTTPError, RequestHandler

from onelayer.errors import InputError
from onelayer.live import page
from onelayer.live.state import End, LiveState

HOST = "127.0.0.1"
_OWN_NAMES = (HOST, "localhost")

_TICK = 0.25
"""Seconds from one message to a page to the next, at least."""

_SHARE = 20
"""To make a message may take a core for one in so many seconds."""

_QUIET = 15.0
"""Seconds after which a page without news is told that there is none."""

_NOTHING = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src data:"
)
_LIVE_POLICY = f"{_NOTHING}; script-src 'self'; style-src 'self'; connect-src 'self'"
# The report is one file, with its scripts, styles and fonts inside; its charts are compiled.
_REPORT_POLICY = (
    f"{_NOTHING} blob:; font-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline' 'unsafe-eval' blob:"
)

# A request that is refused is no news for a terminal; without a handler Python would print it.
logging.getLogger("tornado").addHandler(logging.NullHandler())


@dataclass
class _Shared:
    """What the requests know of the study, and the study of the requests."""

    state: LiveState
    token: str
    stop: Callable[[], None]
    report: Path | None = None
    open_pages: int = 0
    ever_opened: bool = False
    owed: int = 0  # pages that were told of the report, and have not taken it
    stopping: bool = False
    files: dict[str, tuple[str, bytes]] = field(default_factory=page.files)


class LiveServer:
    """Serves a page of a study from a thread of its own. Use it in a `with` statement.

    Parameters
    ----------
    state : LiveState
    stop : function
        Asks the study to stop; called once, in the server's thread.
    port : int
        0 for any that is free.

    Raises
    ------
    InputError
        If the port cannot be had.
    """

    def __init__(self, state: LiveState, stop: Callable[[], None], port: int = 0) -> None:
        self._shared = _Shared(state, secrets.token_urlsafe(24), stop)
        try:
            self._socket = socket.create_server((HOST, port))
        except OSError as error:
            raise InputError(
                f"--port {port}: cannot be used: {os.strerror(error.errno or 0)}. Name another, or "
                "leave --port out."
            ) from None
        self._socket.setblocking(False)
        self._port = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="live page", daemon=True)

    @property
    def address(self) -> str:
        """The page's address; whoever has it may see and stop the study."""
        return f"http://{HOST}:{self._port}/{self._shared.token}/"

    def __enter__(self) -> LiveServer:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop serving."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        routes = [
            (r"/(?P<token>[^/]+)/events", _Events),
            (r"/(?P<token>[^/]+)/stop", _Stop),
            (r"/(?P<token>[^/]+)/report", _Report),
            (r"/(?P<token>[^/]+)/(?P<name>[a-z.]*)", _File),
        ]
        application = Application(
            [(pattern, handler, {"shared": self._shared}) for pattern, handler in routes],
            default_handler_class=_Refused, default_handler_args={"shared": self._shared},
            log_function=lambda _handler: None,
        )  # fmt: skip
        server = HTTPServer(application, max_body_size=4096, idle_connection_timeout=60)
        server.add_socket(self._socket)
        try:
            self._loop.run_forever()
        finally:
            server.stop()
            with suppress(TimeoutError):
                closing = asyncio.wait_for(server.close_all_connections(), 2)
                self._loop.run_until_complete(closing)
            self._loop.close()

    def ends(
        self,
        how: End,
        text: str,
        report: Path | None = None,
        *,
        expected: bool = False,
        seconds: float = 10.0,
    ) -> None:
        """Say how the study ended; wait until open pages know, and have its report.

        Parameters
        ----------
        how : {"report", "interrupted", "failed"}
        text : str
            For people.
        report : Path, optional
            Into which pages turn.
        expected : bool
            Whether a page is about to open, for which to wait too.
        seconds : float
            To wait at most.
        """  # fmt: skip
        self._shared.report = report
        self._shared.state.ends(how, text)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            awaited = expected and not self._shared.ever_opened
            if not (awaited or self._shared.open_pages or self._shared.owed):
                return
            time.sleep(0.02)


class _Handler(RequestHandler):
    """Checks who asks, before anything else."""

    policy = _LIVE_POLICY

    def initialize(self, shared: _Shared) -> None:
        self.shared = shared

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Content-Security-Policy", self.policy)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")

    def prepare(self) -> None:
        # A name of another's that leads here: DNS rebinding. A page of another's that sends here.
        host = self.request.headers.get("Host", "")
        origin = self.request.headers.get("Origin")
        if urlsplit(f"//{host}").hostname not in _OWN_NAMES:
            raise HTTPError(403)
        if origin is not None and origin != f"http://{host}":
            raise HTTPError(403)
        token = str(self.path_kwargs.get("token", ""))
        if not hmac.compare_digest(token.encode(), self.shared.token.encode()):
            raise HTTPError(403)

    def write_error(self, status_code: int, **_facts: Any) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code} {self._reason}\n")


class _Refused(_Handler):
    def prepare(self) -> None:
        raise HTTPError(403)


class _File(_Handler):
    """The page itself, its script and its style."""

    def get(self, token: str, name: str) -> None:  # noqa: ARG002
        if name not in self.shared.files:
            raise HTTPError(404)
        kind, content = self.shared.files[name]
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.finish(content)


class _Events(_Handler):
    """What is new, as server-sent events. A page that reads slowly misses what was in between."""

    def initialize(self, shared: _Shared) -> None:
        super().initialize(shared)
        self._gone = asyncio.Event()

    def on_connection_close(self) -> None:
        self._gone.set()

    async def get(self, token: str) -> None:  # noqa: ARG002
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        shared, seen = self.shared, -1
        shared.open_pages += 1
        shared.ever_opened = True
        last = time.monotonic()
        try:
            while not self._gone.is_set():
                began, ended = time.monotonic(), shared.state.end
                seen, news = shared.state.since(seen)
                if news is not None or began - last > _QUIET:
                    text = ":" if news is None else f"data: {json.dumps(news, allow_nan=False)}"
                    self.write(f"{text}\n\n")
                    spent, last = time.monotonic() - began, began
                    await self.flush()
                else:
                    spent = 0.0
                if ended is not None:
                    shared.owed += ended == "report"
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._gone.wait(), max(_TICK, _SHARE * spent))
        except StreamClosedError:
            pass
        finally:
            shared.open_pages -= 1


class _Stop(_Handler):
    """Asks the study to stop, as Ctrl-C does; never twice, which would end it at once."""

    def post(self, token: str) -> None:  # noqa: ARG002
        if not self.shared.stopping and self.shared.state.end is None:
            self.shared.stopping = True
            self.shared.state.stopping()
            self.shared.stop()
        self.set_status(204)


class _Report(_Handler):
    """The report, into which the page turns."""

    policy = _REPORT_POLICY

    def get(self, token: str) -> None:  # noqa: ARG002
        if self.shared.report is None:
            raise HTTPError(404)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(self.shared.report.read_bytes())

    def on_finish(self) -> None:
        if self.get_status() == 200:
            self.shared.owed = max(0, self.shared.owed - 1)
