"""The real command in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cli_helpers import COMMAND, PATIENCE, call, run
from cli_muted import MUTED

import onelayer

# One evaluation a step: slow enough to be interrupted, whatever the speed of a step.
LONG = f"""
name = "long"
{MUTED}
[data]
source = "digits"
[defaults]
batch_size = 1
max_epochs = 3
evaluations_per_epoch = 1200
[[runs]]
name = "first"
classes = [2, 3]
max_epochs = 1
evaluations_per_epoch = 1
[[runs]]
name = "second"
[[sections]]
kind = "early-stopping"
runs = ["first"]
"""


def test_version() -> None:
    ended = run("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"onelayer {onelayer.__version__}\n", "")


def test_wrong_input_ends_with_2(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("runs = 3")
    message = run("study", path).refused(2)
    assert message == f"{path}: runs: must be an array of tables, [[runs]]."


def _default_interrupt() -> None:
    # A shell that runs in the background makes its children ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.usefixtures("no_report")  # of the command that goes on, in this process
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_interrupted_command_says_how_to_go_on_and_the_same_command_does(tmp_path: Path) -> None:
    study, out = tmp_path / "long.toml", tmp_path / "out"
    study.write_text(LONG)
    arguments = ("study", str(study), "--out", str(out))
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        stdin=subprocess.DEVNULL, preexec_fn=_default_interrupt,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE
        while not (out / "models" / "first.safetensors").exists():
            assert time.monotonic() < deadline, "the first run did not end"
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert (process.returncode, printed) == (1, "")
    assert "Traceback" not in said
    assert said.splitlines()[-1] == (
        f"onelayer: Interrupted: 1 of 2 runs are done and kept in {out}. "
        "The same command goes on where it was."
    )
    runs = json.loads((out / "results.json").read_text("utf-8"))["runs"]
    reasons = {each["name"]: each["stop_reason"] for each in runs}
    assert reasons == {"first": "max_epochs"}
    assert not (out / "report.html").exists()

    ended = call(*arguments)
    assert ended.code == 0, ended.err
    assert "all classes: all 3 epochs done, 3600 steps" in ended.err
    assert "first: " not in ended.err
    assert (out / "report.html").exists()
