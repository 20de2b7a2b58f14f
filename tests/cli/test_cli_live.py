"""`onelayer study --live`: the real command, its page read without a browser."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import pytest
from cli_helpers import COMMAND, PATIENCE, call

from onelayer.cli import extras

# One evaluation a step: slow enough to be stopped, whatever the speed of a step.
STUDY = """
name = "long"
title = "Long"
[data]
source = "digits"
train = 400
validation = 100
[defaults]
batch_size = 1
max_epochs = 9
evaluations_per_epoch = 400
[[runs]]
name = "first"
label = "first"
classes = [2, 3]
max_epochs = 1
evaluations_per_epoch = 1
[[runs]]
name = "second"
label = "second"
[[sections]]
kind = "early-stopping"
runs = ["first"]
"""


def _ignore_interrupt() -> None:
    # As of a command that a shell runs in the background: the button must work there too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def begin(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "study", *map(str, arguments), "--live"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, preexec_fn=_ignore_interrupt,
    )  # fmt: skip


def address_of(said: IO[str] | None) -> str:
    assert said is not None
    for line in said:
        if found := re.fullmatch(r"Live: (http://127\.0\.0\.1:\d+/[\w-]+/)\n", line):
            return found[1]
    raise AssertionError("no address was printed")


def ask(address: str, name: str, method: str = "GET") -> tuple[int, bytes]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    with closing(connection):
        connection.request(method, parts.path + name)
        answer = connection.getresponse()
        return answer.status, answer.read()


def news(address: str) -> Generator[dict[str, Any]]:
    """Yield what the page is told, until the end."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    with closing(connection):
        connection.request("GET", f"{parts.path}events")
        with connection.getresponse() as answer:
            for line in answer:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_button_stops_as_ctrl_c_does_and_the_page_turns_into_the_report(tmp_path: Path) -> None:
    study, out = tmp_path / "long.toml", tmp_path / "out"
    study.write_text(STUDY)
    with begin(study, "--out", out) as process:
        try:
            address = address_of(process.stderr)
            head: dict[str, Any] = {}
            states: dict[str, str] = {}
            for told in news(address):
                head |= told
                states |= {run["name"]: run["state"] for run in told["runs"]}
                if states == {"first": "max_epochs", "second": "training"} and head["made"] > 400:
                    assert ask(address, "stop", "POST")[0] == 204
            printed, said = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert (process.returncode, printed) == (1, "")
    message = (
        f"Interrupted: 1 of 2 runs are done and kept in {out}. The same command goes on where it "
        "was."
    )
    assert said.splitlines()[-1] == f"onelayer: {message}"
    assert (head["end"], head["stage"]) == ("interrupted", message)
    assert states == {"first": "max_epochs", "second": "interrupted"}
    assert not (out / "report.html").exists()

    with begin(study, "--out", out) as process:
        try:
            address, head = address_of(process.stderr), {}
            runs: dict[str, Any] = {}
            # A page that is closed is not missed; another sees all.
            closed = news(address)
            next(closed)
            closed.close()
            for told in news(address):
                head |= told
                runs |= {run["name"]: run for run in told["runs"]}
            report = ask(address, "report")[1]
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 0
    assert (head["title"], head["end"]) == ("Long", "report")
    assert report == (out / "report.html").read_bytes()
    # That which had ended before is shown as well.
    assert [runs[name]["state"] for name in ("first", "second")] == ["max_epochs"] * 2
    assert len(runs["first"]["curves"]["train_loss"][0]) > 50
    assert (runs["second"]["step"], head["made"]) == (3600, head["planned"])


def test_an_address_that_nobody_would_learn_is_refused() -> None:
    message = call("study", "--live", "--quiet").refused(2)
    assert message == "--live: with --quiet nobody is told its address; give --open as well."
    message = call("study", "--port", "8000").refused(2)
    assert message == "--port: is that of the live page; give --live as well."


def test_a_port_of_another_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = call("study", "--live", "--port", port, "--out", tmp_path / "out")
    assert re.fullmatch(rf"--port {port}: cannot be used: .*in use\. Name another, or leave --port "
                        r"out\.", ended.refused(2))  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onelayer.cli.extras.find_spec", lambda name: name != "tornado" or None)
    message = call("study", "--live").refused(1)
    assert message == "A study, with its report, needs tornado: pip install 'onelayer[study]'."
    assert extras.advice("A report") is None
