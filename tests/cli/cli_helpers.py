"""Call the command line in this process, or as a command of its own."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from onelayer.cli import main

COMMAND = (sys.executable, "-m", "onelayer")

PATIENCE = 600.0
"""Seconds after which a command hangs: far more than any takes, on a loaded machine too."""

QUICK = """
name = "quick"

[data]
source = "digits"
train = 200
validation = 60

[defaults]
batch_size = 20
max_epochs = 2

[[runs]]
name = "plain"

[[runs]]
name = "l2"
l2 = [1.0, 0.1]

[[sections]]
kind = "early-stopping"
runs = ["plain"]
"""


@dataclass(frozen=True)
class Ended:
    """How a call ended, and what it printed."""

    code: int
    out: str
    err: str

    def refused(self, code: int) -> str:
        """Return the one message of a call that was refused."""
        assert self.code == code, self.err
        assert self.out == ""
        assert "Traceback" not in self.err
        assert self.err.count("onelayer: ") == 1
        assert self.err.startswith("onelayer: ")
        return self.err.removeprefix("onelayer: ").removesuffix("\n")


def call(*arguments: str | Path) -> Ended:
    """Call `main` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["onelayer", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    assert isinstance(code, int)
    return Ended(code, out.getvalue(), err.getvalue())


def run(*arguments: str | Path, timeout: float = PATIENCE) -> Ended:
    """Run the real command."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)
