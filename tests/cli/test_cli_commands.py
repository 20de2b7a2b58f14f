"""`onelayer gradcheck`, `onelayer data get`, `--help`, `--version` and the data of a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import call

import onelayer
from onelayer.model import Objective, Parameters, Sums

HEAVY = ("numpy", "polars", "altair", "sympy", "sklearn", "scipy", "numba", "typst")


@pytest.mark.parametrize("arguments", [["--help"], ["study", "--help"], ["--version"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from onelayer.cli import main\n"
        f"sys.argv = ['onelayer', *{arguments!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('HEAVY', *[m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    *text, heavy = done.stdout.splitlines()
    assert heavy == "HEAVY"
    assert "\n".join(text).strip()
    assert done.stderr == ""


def test_version_is_that_of_the_package() -> None:
    assert call("--version").out == f"onelayer {onelayer.__version__}\n"


def test_help_names_the_commands_and_options() -> None:
    shown = call("--help").out
    assert all(command in shown for command in ("study", "gradcheck", "data"))
    shown = call("study", "--help").out
    for option in ("--data", "--out", "--set", "--threads", "--force", "--json", "--quiet"):
        assert option in shown


@pytest.mark.parametrize(
    "arguments", [["studdy"], ["study", "--threads", "0"], ["study", "--bad"], ["data", "get"], []]
)
def test_wrong_usage_ends_with_2_without_a_traceback(arguments: list[str]) -> None:
    ended = call(*arguments)
    assert ended.code == 2
    assert "Usage: onelayer" in ended.err + ended.out
    assert "Traceback" not in ended.err


# gradcheck --------------------------------------------------------------------------------------


def test_gradcheck_prints_the_worst_error_and_ends_with_0() -> None:
    ended = call("gradcheck")
    assert ended.code == 0, ended.err
    assert ended.out == ""
    assert ended.err.count(" ok") == 6
    worst = float(ended.err.partition("Worst relative error: ")[2].partition(",")[0])
    assert 0 < worst <= 1e-6


def test_gradcheck_finds_a_planted_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Objective.gradient_from

    def wrong(self: Objective, sums: Sums, parameters: Parameters) -> Parameters:
        gradient = right(self, sums, parameters)
        if self.model == "softmax" and self.penalize_bias:
            gradient = Parameters(gradient.weights, gradient.bias * 1.001)
        return gradient

    monkeypatch.setattr(Objective, "gradient_from", wrong)
    ended = call("gradcheck")
    assert ended.code == 1
    assert ended.err.count(" ok") == 5
    assert ended.err.count("WRONG") == 1
    assert "onelayer: 1 of 6 gradients are off by more than 1e-06: for softmax" in ended.err
    assert "the analytic derivative is " in ended.err
    assert "Traceback" not in ended.err


# data -------------------------------------------------------------------------------------------


def test_data_set_that_there_is_not_is_refused() -> None:
    assert call("data", "get", "cifar").refused(2).startswith("cifar: no such data set to get;")


def test_data_get_prints_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("onelayer.cli.data.get_mnist", lambda **_options: tmp_path)
    ended = call("data", "get", "mnist")
    assert (ended.code, ended.out, ended.err) == (0, "", f"MNIST is in {tmp_path}\n")


@pytest.mark.parametrize("command", ["study", "gradcheck"])
def test_corrupt_file_of_a_folder_is_named(command: str, tmp_path: Path) -> None:
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                 "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):  # fmt: skip
        (tmp_path / name).write_bytes(b"\0\0\x08\x03 this is no IDX file")
    message = call(command, "--data", tmp_path).refused(2)
    assert message.startswith(f"{tmp_path / 'train-images-idx3-ubyte'}: ")


@pytest.mark.parametrize("command", ["study", "gradcheck"])
def test_folder_with_missing_files_says_which(command: str, tmp_path: Path) -> None:
    message = call(command, "--data", tmp_path).refused(2)
    assert "train-images-idx3-ubyte" in message
