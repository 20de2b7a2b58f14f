"""The report's process: what it hands over, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import PATIENCE, QUICK, call

from onelayer.cli.report import ReportProcess
from onelayer.diagnosis import diagnose
from onelayer.errors import InputError, OnelayerError
from onelayer.report import compose, render
from onelayer.study import RunFolderWriter, load_data, resolve, run_study

STUDY = {
    "name": "quick",
    "title": "Quick",
    "data": {"source": "digits", "train": 200, "validation": 60},
    "defaults": {"batch_size": 20, "max_epochs": 2},
    "runs": [{"name": "plain"}],
    "sections": [
        {"kind": "derivation", "derivations": ["logistic"]},
        {"kind": "loss-curves", "runs": ["plain"]},
    ],
}


class Code:
    """Code that the process runs when it reads this object."""

    def __init__(self, code: str) -> None:
        self._code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self._code,)


def test_files_are_those_that_this_process_would_make(tmp_path: Path) -> None:
    with ReportProcess() as report:
        study = resolve(STUDY, "quick.toml")
        report.prepare(study)
        data = load_data(study)
        with RunFolderWriter.open(tmp_path, study, data.facts()) as folder:
            outcome = run_study(study, data, folder, lambda _run, _event: None)
        findings = diagnose(outcome, data)
        files = report.files(outcome, findings)
    *figures, paper, page = files
    assert (figures[0], paper, page) == ("figures/loss-plain.svg", "report.pdf", "report.html")
    assert all(name.startswith("figures/") and name.endswith(".svg") for name in figures)
    assert files == render(compose(outcome, findings))
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("when", ["while it prepares", "while it makes the report"])
def test_error_in_the_process_is_raised_here(when: str) -> None:
    code = Code("from onelayer.errors import InputError; raise InputError('no such colour')")
    study: Any = code if when == "while it prepares" else resolve(STUDY | {"sections": []}, "")
    results: Any = code
    with ReportProcess() as report:
        report.prepare(study)
        with pytest.raises(InputError) as caught:
            report.files(results, [])
    assert str(caught.value) == "no such colour"
    # Where it happened can be seen on request.
    assert "in _make_report" in caught.value.__notes__[0]


def test_process_that_dies_is_no_hang_and_no_traceback(tmp_path: Path) -> None:
    dies: Any = Code("import os; os._exit(7)")
    with ReportProcess() as report:
        report.prepare(dies)
        with pytest.raises(OnelayerError, match="ended with code 7; perhaps memory ran out"):
            report.files(dies, [])

    study = tmp_path / "quick.toml"
    study.write_text(QUICK)

    class Dying(ReportProcess):
        def files(self, *_results: object) -> dict[str, bytes]:
            return super().files(dies, [])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("onelayer.cli.report.ReportProcess", Dying)
        ended = call("study", study, "--out", tmp_path / "out", "--quiet")
    assert "ended with code 7" in ended.refused(1)
    assert (tmp_path / "out" / "history.parquet").exists()
    assert not (tmp_path / "out" / "report.html").exists()
    assert call("study", study, "--out", tmp_path / "out", "--quiet").code == 0


def test_process_ends_with_the_statement_whatever_it_is_at() -> None:
    busy: Any = Code("import time; time.sleep(600)")
    began = time.monotonic()
    with ReportProcess() as report:
        report.prepare(busy)
        process = report._process
        assert process.is_alive()
    with pytest.raises(ValueError, match="closed"):
        process.is_alive()
    assert time.monotonic() - began < 300


PARENT = """
import os, sys, time
from onelayer.cli.report import ReportProcess
if __name__ == "__main__":
    with ReportProcess() as report:
        print(report._process.pid, flush=True)
        time.sleep(600)
"""


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM"])
def test_process_does_not_outlive_a_killed_one(end: str, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _alive(pid)
        parent.send_signal(getattr(signal, end))
    deadline = time.monotonic() + PATIENCE
    while _alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


INTERRUPTING = """
import os, signal, time
from onelayer.cli.report import ReportProcess
if __name__ == "__main__":
    with ReportProcess() as report:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for _ in range(30):
            os.killpg(0, signal.SIGINT)
            time.sleep(0.05)
        print("alive" if report._process.is_alive() else "dead")
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs POSIX process groups")
def test_ctrl_c_of_a_terminal_is_left_to_the_main_process(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(INTERRUPTING)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")
