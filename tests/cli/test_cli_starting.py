"""Interrupts while the command is starting: one line and the exit code of other interrupts."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import onelayer
from onelayer.cli import INTERRUPTED

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")

RAISES = "import signal; signal.raise_signal(signal.SIGINT)"

IN_A_CALLBACK = f"""
import weakref
class Thing: pass
def raises(_reference):
    {RAISES}
thing = Thing()
reference = weakref.ref(thing, raises)
del thing
"""

IN_A_CLASS = f"""
class Field:
    def __set_name__(self, owner, name):
        {RAISES}
class Thing:
    field = Field()
"""


@pytest.mark.parametrize(
    ("module", "work"),
    [
        (RAISES, "import met"),
        (IN_A_CALLBACK, "import met"),
        (IN_A_CLASS, "import met"),
        ("", f"exec({RAISES!r})"),
        ("", RAISES),
    ],
    ids=["an import", "a callback", "a class", "a text", "a call"],
)
def test_wherever_an_interrupt_comes_it_is_one_line(module: str, work: str, tmp_path: Path) -> None:
    (tmp_path / "met.py").write_text(module)
    (tmp_path / "started.py").write_text(
        "import sys, types\n"
        "from onelayer.cli import main\n"
        f"def run():\n    {work}\n"
        "sys.modules['onelayer.cli.app'] = types.SimpleNamespace(main=run)\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "started"], cwd=tmp_path, capture_output=True, text=True,
        check=False, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert ended.stderr == f"onelayer: {INTERRUPTED}\n"
    assert (ended.returncode, ended.stdout) == (1, "")


def test_little_is_loaded_before_signals_are_handled() -> None:
    source = str(Path(onelayer.__file__).parent.parent)
    program = (
        f"import sys; sys.path[0] = {source!r}; import onelayer.cli.signals; print(*sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True
    )
    assert not {"typing", "re", "typer", "numpy"} & {*ended.stdout.split()}
