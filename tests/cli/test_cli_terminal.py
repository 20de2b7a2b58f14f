"""What is printed: names made visible, streams that cannot fail, numbers that are whole."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import COMMAND, call

from onelayer.cli.terminal import message, visible
from onelayer.data import Scaling
from onelayer.inference import Classifier
from onelayer.words import first_few

ESCAPES = ("red\x1b[31m", "turned\u202e", "bell\x07")


@pytest.fixture
def material(tmp_path: Path) -> tuple[str, str]:
    """A model whose classes have names that a terminal would obey, and examples for it."""
    model = Classifier(
        model="softmax", weights=np.eye(3), bias=np.zeros(3), classes=ESCAPES,
        scaling=Scaling.identity(), feature_names=("a", "b\x1b[2J", "c"),
    )  # fmt: skip
    model.save(tmp_path / "m.safetensors")
    np.savez(tmp_path / "d.npz", X=np.tile(np.eye(3), (500, 1)), y=np.array(ESCAPES * 500))
    return str(tmp_path / "m.safetensors"), str(tmp_path / "d.npz")


def run_as(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, encoding="utf-8", check=False,
        env=os.environ | environment,
    )  # fmt: skip


def test_names_are_made_visible_on_the_terminal(material: tuple[str, str]) -> None:
    for arguments in (("evaluate", *material), ("inspect", material[0])):
        done = call(*arguments)
        assert done.code == 0, done.err
        printed = done.out + done.err
        assert "\x1b[31m" not in printed
        assert "\u202e" not in printed
        assert r"red\x1b[31m" in printed
        assert r"turned\u202e" in printed


def test_messages_are_visible_and_short() -> None:
    assert visible("a\x1b[2J\u2066b\x7f") == r"a\x1b[2J\u2066b\x7f"
    assert visible("λ −1 é") == "λ −1 é"
    assert len(message("x" * 7000)) <= 600
    assert len(first_few([f"column {i}" for i in range(10_000)])) < 200
    assert "more" in first_few(range(1000))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_any_encoding_can_be_printed(material: tuple[str, str], encoding: str) -> None:
    done = run_as("evaluate", *material, "--json", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert "Internal error" not in done.stderr
    assert "accuracy" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize("ending", [">&-", "| head -c 1", "2>&- >/dev/null"])
def test_streams_that_nobody_reads(material: tuple[str, str], ending: str) -> None:
    line = f"{' '.join(COMMAND)} evaluate {material[0]} {material[1]} --json --quiet {ending}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_numbers_are_whole_in_a_narrow_terminal(material: tuple[str, str]) -> None:
    done = run_as("evaluate", *material, COLUMNS="40")
    assert done.returncode == 0, done.stderr
    assert "1,500 examples" in done.stderr.replace("\n", " ")
    for word in ("1,500", "100.0%"):
        assert word in done.stderr
