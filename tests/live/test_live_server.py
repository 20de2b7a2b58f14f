"""The server of the live page: who may ask, what is told, and that training waits for nobody."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live_material import STEPS, ask, begun, make_steps

from onelayer.errors import InputError
from onelayer.live import LiveServer, LiveState
from onelayer.training import Ended


@pytest.fixture
def stops() -> list[str]:
    return []


@pytest.fixture
def server(stops: list[str]) -> Iterator[LiveServer]:
    state, _ = begun()
    with LiveServer(state, lambda: stops.append("stop")) as server:
        yield server


def path(server: LiveServer, name: str = "") -> str:
    return urlsplit(server.address).path + name


def test_the_address_is_of_this_machine_and_secret(server: LiveServer) -> None:
    parts = urlsplit(server.address)
    assert parts.hostname == "127.0.0.1"
    assert len(parts.path) > 32
    with LiveServer(LiveState(), lambda: None) as other:
        assert urlsplit(other.address).path != parts.path


@pytest.mark.parametrize("name", ["", "live.js", "live.css", "events", "report", "stop", "other"])
@pytest.mark.parametrize("token", ["wrong", "", "ä", "{}x"])
def test_who_has_no_token_is_refused(
    server: LiveServer, stops: list[str], token: str, name: str
) -> None:
    wrong = token.format(path(server).strip("/"))
    for method in ("GET", "POST"):
        status, headers, body = ask(server.address, quoted(f"/{wrong}/{name}"), method)
        assert (status, body) == (403, b"403 Forbidden\n")
        assert headers["Content-Security-Policy"]
    assert stops == []


def quoted(text: str) -> str:
    return text.replace("ä", "%C3%A4")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "", "[::1]", "10.0.0.1"]
)
def test_another_name_that_leads_here_is_refused(server: LiveServer, host: str) -> None:
    assert ask(server.address, path(server), headers={"Host": host})[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1:80", "localhost", "localhost:9000"])
def test_a_tunnel_may_have_another_port(server: LiveServer, host: str) -> None:
    assert ask(server.address, path(server), headers={"Host": host})[0] == 200


def test_a_page_of_another_origin_may_not_stop(server: LiveServer, stops: list[str]) -> None:
    for origin in ("http://evil.example", "null", "https://127.0.0.1"):
        assert ask(server.address, path(server, "stop"), "POST", {"Origin": origin})[0] == 403
    assert ask(server.address, path(server, "stop"))[0] == 405  # no link does it
    assert stops == []


def test_stop_is_asked_for_once(server: LiveServer, stops: list[str]) -> None:
    for _ in range(3):
        assert ask(server.address, path(server, "stop"), "POST")[0] == 204
    assert stops == ["stop"]


def test_nothing_from_elsewhere_may_be_loaded(server: LiveServer) -> None:
    status, headers, body = ask(server.address, path(server))
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "http" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] is None
    assert b"http" not in body.replace(b"http-equiv", b"")


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"--port {port}: cannot be used: .*in use"):
            LiveServer(LiveState(), lambda: None, port)


def test_what_is_new_is_told_and_what_is_over_is_not() -> None:
    state, study = begun()
    version, news = state.since(-1)
    assert news is not None
    assert news["title"] == "A study <b>told</b> by hand"
    assert [run["name"] for run in news["runs"]] == ["λ = 0", "λ = 1", "λ = 0.1"]
    assert state.since(version) == (version, None)
    make_steps(state, study, 0, 500)
    version, news = state.since(version)
    assert news is not None
    assert "title" not in news
    assert (news["made"], news["planned"]) == (3 * 500, 3 * STEPS)
    assert news["left"] > 0
    steps, mean, low, high = news["runs"][0]["curves"]["val_loss"]
    assert len(steps) == len(mean) == len(low) == len(high) == 50
    json.dumps(news, allow_nan=False)


def test_training_waits_for_no_reader(server: LiveServer) -> None:
    """A page that reads nothing: what it is owed does not grow, and events are taken as ever."""
    state = server._shared.state
    _, study = begun()
    parts = urlsplit(server.address)
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        reader.sendall(f"GET {path(server, 'events')} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        deadline = time.monotonic() + 120
        while not server._shared.open_pages:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        slowest = 0.0
        for first in range(0, 40_000, 2000):
            began = time.thread_time()
            make_steps(state, study, first, first + 2000)
            slowest = max(slowest, time.thread_time() - began)
        _, news = state.since(-1)
        assert news is not None
        assert len(json.dumps(news)) < 400_000
        assert slowest < 2
        # Others are served meanwhile.
        assert ask(server.address, path(server))[0] == 200


def test_where_no_page_is_open_nothing_is_waited_for(server: LiveServer, tmp_path: Path) -> None:
    began = time.monotonic()
    server.ends("report", "Done", tmp_path, seconds=120)
    assert time.monotonic() - began < 60
    # Unless one is about to open.
    server.ends("report", "Done", tmp_path, expected=True, seconds=0.2)
    assert time.monotonic() - began > 0.2


def test_a_page_that_is_gone_is_not_waited_for(server: LiveServer, tmp_path: Path) -> None:
    parts = urlsplit(server.address)
    reader = socket.create_connection((parts.hostname or "", parts.port or 0))
    reader.sendall(f"GET {path(server, 'events')} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    while not server._shared.open_pages:
        time.sleep(0.01)
    reader.close()
    report = tmp_path / "report.html"
    report.write_text("the report")
    assert ask(server.address, path(server, "report"))[0] == 404
    began = time.monotonic()
    ender = threading.Thread(
        target=server.ends, args=("report", "Done", report), kwargs={"seconds": 120}
    )
    ender.start()
    while ask(server.address, path(server, "report"))[2] != b"the report":
        assert time.monotonic() - began < 60
    ender.join()
    assert time.monotonic() - began < 100


def test_a_page_that_knows_of_the_report_is_waited_for(server: LiveServer, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("the report")
    told: list[bytes] = []
    page = threading.Thread(
        target=lambda: told.append(ask(server.address, path(server, "events"))[2])
    )
    page.start()
    while not server._shared.open_pages:
        time.sleep(0.01)
    ender = threading.Thread(
        target=server.ends, args=("report", "Done", report), kwargs={"seconds": 120}
    )
    ender.start()
    page.join()
    assert b'"end": "report"' in told[0]
    ender.join(0.3)
    assert ender.is_alive()
    assert ask(server.address, path(server, "report"))[2] == b"the report"
    ender.join(60)
    assert not ender.is_alive()


def test_runs_end_in_their_own_words() -> None:
    state, study = begun()

    class Result:
        stop_reason = "diverged"
        message = "the loss was no longer finite"
        history = type("History", (), {"steps": 40})

    state(study.runs[0], Ended(0, Result()))  # type: ignore[arg-type]
    _, news = state.since(-1)
    assert news is not None
    run = news["runs"][0]
    assert (run["state"], run["step"], run["steps"]) == ("diverged", 40, 40)
    assert news["planned"] == 40 + 2 * STEPS


def test_the_process_that_trains_loads_nothing_of_reports() -> None:
    program = "import sys, onelayer.live; print(*{'altair', 'jinja2', 'typst'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"
