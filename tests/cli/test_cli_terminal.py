"""What is printed: names that are no text, streams that are closed, little room, large numbers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from cli_helpers import COMMAND, PATIENCE, call

from onelayer.cli.terminal import visible
from onelayer.data import Scaling
from onelayer.inference import Classifier
from onelayer.words import first_few

AB = ("a", "b")
HOSTILE = ("\x1b[31mred", "\u202egnp", "c\nError: fake", "\x85\x7f\u2066")
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX streams")


def save(path: Path, classes: tuple[str, ...], weight: float = 1.0) -> Path:
    """Write a model of four features."""
    weights = weight * np.random.default_rng(0).choice([-1.0, 1.0], (4, len(classes)))
    names = tuple(f"f{i}{classes[i % len(classes)]}" for i in range(4))
    Classifier(
        model="softmax", weights=weights, bias=np.zeros(len(classes)), classes=classes,
        scaling=Scaling(1.0, 0.0), feature_names=names, target=f"t{classes[0]}",
    ).save(path)  # fmt: skip
    return path


def data(path: Path, classes: tuple[str, ...], n: int = 40, scale: float = 1.0) -> Path:
    X = scale * np.random.default_rng(1).normal(size=(n, 4))
    labels = [classes[i % len(classes)] for i in range(n)]
    columns = {f"f{i}{classes[i % len(classes)]}": X[:, i] for i in range(4)}
    pl.DataFrame(columns | {f"t{classes[0]}": labels}).write_parquet(path)
    return path


def command(*arguments: str | Path, shell: str = "", **environment: str) -> tuple[int, str]:
    """Run the real command in a shell, with redirections; return the exit code and stderr."""
    words = " ".join(f"'{word}'" for word in (*COMMAND, *map(str, arguments)))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {words} {shell}"], capture_output=True, check=False,
        env=os.environ | environment, stdin=subprocess.DEVNULL, timeout=PATIENCE,
    )  # fmt: skip
    return done.returncode, done.stderr.decode("utf-8", "replace")


# Names --------------------------------------------------------------------------------------------


def test_what_a_terminal_would_obey_is_seen() -> None:
    assert visible("\x1b[2J\u202e\x85\n\t\udc80") == r"\x1b[2J\u202e\x85\n\t\udc80"
    for same in ("naïve λ 猫", "می\u200cخواهم", "[red]"):
        assert visible(same) == same


def test_tables_and_messages_show_control_characters(tmp_path: Path) -> None:
    model, file = save(tmp_path / "m.safetensors", HOSTILE), data(tmp_path / "d.parquet", HOSTILE)
    said = (
        call("inspect", model).out,
        call("evaluate", model, file).err,
        call("predict", model, file, "--out", tmp_path / "\x1b[1m.csv").err,
        call("inspect", tmp_path / "\u202e\x1b[1m\n.safetensors").refused(2),
        call("fit", file, "--drop", HOSTILE[0], "--out", tmp_path / "n.safetensors").refused(2),
        call("fit", f"--{HOSTILE[0]}").err,
    )
    for text in said:
        assert not UNSEEN.search(text), repr(text)
        assert r"\x1b[" in text
        assert not re.search("^Error: fake", text, re.MULTILINE)
    assert r"\u202egnp" in said[0]


def test_json_keeps_control_characters_as_escapes(tmp_path: Path) -> None:
    printed = call("inspect", save(tmp_path / "m.safetensors", HOSTILE), "--json").out
    assert not UNSEEN.search(printed)
    assert r"\u202egnp" in printed
    assert tuple(json.loads(printed)["classes"]) == HOSTILE


# Formulas -----------------------------------------------------------------------------------------

FORMULAS = ("=1+1", "@x", "+a", "-b c", '=HYPERLINK("x","y")')


def test_labels_that_are_formulas_stay_as_they_are_and_are_named(tmp_path: Path) -> None:
    model, file = save(tmp_path / "m.safetensors", FORMULAS), data(tmp_path / "d.parquet", FORMULAS)
    out = tmp_path / "p.csv"
    said = call("predict", model, file, "--out", out)
    assert said.code == 0
    warning = said.err.splitlines()[-1]
    assert warning.startswith("Warning: a spreadsheet would take text in this file for formulas: ")
    assert "'=1+1'" in said.err
    expected = Classifier.load(model).predict(pl.read_parquet(file)[:, :4].to_numpy()).tolist()
    assert pl.read_csv(out)["t=1+1"].to_list() == expected
    assert pd.read_csv(out)["t=1+1"].tolist() == expected
    np.save(tmp_path / "X.npy", pl.read_parquet(file)[:, :4].to_numpy())
    again = call("evaluate", model, tmp_path / "X.npy", "--labels", out, "--json")
    assert json.loads(again.out)["accuracy"] == 1


@pytest.mark.parametrize(("classes", "ending"), [(("-1", "+1"), "csv"), (FORMULAS, "parquet")])
def test_numbers_and_parquet_hold_no_formulas(
    classes: tuple[str, ...], ending: str, tmp_path: Path
) -> None:
    model, file = save(tmp_path / "m.safetensors", classes), data(tmp_path / "d.parquet", classes)
    said = call("predict", model, file, "--out", tmp_path / f"p.{ending}")
    assert said.code == 0
    assert "Warning" not in said.err


# Streams ------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_an_encoding_lacks_is_escaped(encoding: str, tmp_path: Path) -> None:
    classes = ("größe", "猫", "😀")
    model, file = save(tmp_path / "m.safetensors", classes), data(tmp_path / "d.parquet", classes)
    for arguments in (
        ("inspect", model), ("evaluate", model, file), ("--help",), ("fit", "--help"),
        ("predict", model, file, "--out", tmp_path / "猫.csv"),
    ):  # fmt: skip
        code, said = command(*arguments, PYTHONIOENCODING=encoding)
        assert (code, "Error" in said) == (0, False), said
    code, said = command("inspect", tmp_path / "猫.safetensors", PYTHONIOENCODING=encoding)
    assert (code, r"\u732b" in said) == (2, True)
    parsed = subprocess.run(
        [*COMMAND, "inspect", str(model), "--json"], capture_output=True, check=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert tuple(json.loads(parsed.stdout.decode(encoding))["classes"]) == classes


@posix
@pytest.mark.parametrize("shell", ["| true", ">&-", "2>&- | true", "<&- >&-"])
def test_closed_streams_end_a_command_quietly(shell: str, tmp_path: Path) -> None:
    # More than a pipe holds, so that a reader who has gone is noticed.
    model = save(tmp_path / "m.safetensors", tuple(f"class {i}" for i in range(300)))
    code, said = command("inspect", model, "--json", shell=shell)
    assert (code, said) == (1, "")


@posix
def test_closed_streams_that_nothing_is_printed_on_do_no_harm(tmp_path: Path) -> None:
    model, file = save(tmp_path / "m.safetensors", AB), data(tmp_path / "d.parquet", AB)
    out = tmp_path / "p.csv"
    code, said = command("predict", model, file, "--out", out, shell="<&- >&- 2>&-")
    assert (code, said) == (0, "")
    assert pl.read_csv(out).height == 40


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_standard_output_is_said(tmp_path: Path) -> None:
    code, said = command("inspect", save(tmp_path / "m.safetensors", AB), shell="> /dev/full")
    assert code == 1
    assert re.fullmatch(r"onelayer: .*No space left on device\.?\n", said)


@posix
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_disk_that_is_full_leaves_no_half_predictions(ending: str, tmp_path: Path) -> None:
    model, file = save(tmp_path / "m.safetensors", AB), data(tmp_path / "d.parquet", AB, 5000)
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500));"
        "from onelayer.cli import main; main()"
    )
    out = tmp_path / f"p.{ending}"
    arguments = ("predict", str(model), str(file), "--out", str(out), "--proba")
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"onelayer: {out}: cannot be written: File too large.")
    assert done.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {model.name, file.name}


# Room ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [20, 40, 80])
@pytest.mark.parametrize("n_classes", [3, 12, 30])
def test_numbers_of_tables_are_whole(
    columns: int, n_classes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    classes = tuple(f"a class with a long name {i}" for i in range(n_classes))
    model = save(tmp_path / "m.safetensors", classes)
    file = data(tmp_path / "d.parquet", classes, 40_000)
    shown = call("evaluate", model, file)
    printed = set(shown.err.replace("\n", " ").split())
    metrics = Classifier.load(model).evaluate(
        pl.read_parquet(file)[:, :4].to_numpy(), pl.read_parquet(file).to_series(4).to_numpy()
    )
    wrong = metrics.confusion - np.diag(np.diag(metrics.confusion))
    assert f"{wrong.max():,}" in printed
    for part in metrics.calibration:
        if part.accuracy is not None:
            assert {f"{part.n:,}", f"{part.accuracy:.1%}"} <= printed
    assert not re.search(r"\d…", shown.err.replace("name", ""))


@pytest.mark.parametrize("columns", [20, 40])
def test_derivatives_are_whole(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = re.findall(r"[-+\d.]+e-\d+|-?0\.\d+", call("gradcheck").err)
    monkeypatch.setenv("COLUMNS", str(columns))
    assert re.findall(r"[-+\d.]+e-\d+|-?0\.\d+", call("gradcheck").err) == wide


# Numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e150, 1e300, 1e307])
def test_large_values_give_messages_of_ours_alone(scale: float, tmp_path: Path) -> None:
    model = save(tmp_path / "m.safetensors", AB)
    file = data(tmp_path / "d.parquet", AB, scale=scale)
    for arguments in (
        ("evaluate", model, file),
        ("predict", model, file, "--out", tmp_path / "p.csv", "--force"),
    ):  # fmt: skip
        ended = call(*arguments)  # here warnings are errors
        assert ended.code in (0, 1, 2)
        assert "Internal error" not in ended.err
        assert max(map(len, ended.err.splitlines())) < 400


@pytest.mark.parametrize("weight", [1e200, 1e308])
def test_large_weights_can_be_inspected(weight: float, tmp_path: Path) -> None:
    model = save(tmp_path / "m.safetensors", AB, weight)
    assert call("inspect", model).code == 0
    norm = json.loads(call("inspect", model, "--json").out)["weight_norm"]
    assert norm == pytest.approx(weight * 8**0.5) if weight < 1e300 else norm is None


@pytest.mark.parametrize(
    ("kind", "scale"), [("standard", 1e200), ("standard", 1e308), ("minmax", 1e308)]
)
def test_scaling_of_large_values_gives_no_warning(kind: str, scale: float, tmp_path: Path) -> None:
    X = scale * np.random.default_rng(0).choice([-1.0, 1.0], (40, 3))
    np.savez(tmp_path / "d.npz", X=X, y=np.arange(40) % 2)
    out = tmp_path / "n.safetensors"
    said = call("fit", tmp_path / "d.npz", "--out", out, "--scale", kind).refused(2)
    assert said.startswith("--scale: the values of feature 0 are too large")


# Length -------------------------------------------------------------------------------------------


def test_lists_are_short_whatever_there_is() -> None:
    assert first_few(["a", "b"]) == "'a', 'b'"
    assert first_few(range(1244)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1,234 more"
    assert len(first_few(["x" * 10_000] * 5000)) < 100


MANY = tuple(f"a name that is somewhat longer {i}" for i in range(3000))


def _table(path: Path, columns: Any) -> Path:
    pl.DataFrame(columns).write_parquet(path)
    return path


def test_messages_stay_short_whatever_they_name(tmp_path: Path) -> None:
    model, out = save(tmp_path / "m.safetensors", MANY), tmp_path / "o.safetensors"
    numbers = {name: [0.5, 1.5, 2.5] for name in MANY}
    words = {name: ["u", "v", "w"] for name in MANY}
    gaps = {name: [None, 1.0, 2.0] for name in MANY}
    labels = {"y": ["a", "b", "a"]}
    alike = {"f": np.random.default_rng(0).normal(size=len(MANY)), "y": list(MANY)}
    files = {
        name: str(_table(tmp_path / f"{name}.parquet", columns))
        for name, columns in {
            "wide": numbers, "words": words | labels, "gaps": gaps | labels, "alike": alike,
        }.items()
    }  # fmt: skip
    study = tmp_path / "s.toml"
    runs = "".join(f'[[runs]]\nname = "run-with-a-name-{i}"\n' for i in range(2000))
    section = '[[sections]]\nkind = "early-stopping"\nruns = ["none"]\n'
    study.write_text(f'name = "s"\n[data]\nsource = "digits"\n{runs}{section}')
    several = tmp_path / "k.toml"
    several.write_text(
        'name = "s"\n[data]\nsource = "digits"\n[[runs]]\nname = "r"\n[[sections]]\n'
        f'kind = "early-stopping"\nruns = {list(range(3000))}\n'
    )
    np.savez(tmp_path / "u.npz", X=np.zeros((2, 4)), y=np.array(["unknown " * 500] * 2))
    calls: list[tuple[str | Path, ...]] = [
        ("fit", files["wide"], "--out", out),
        ("fit", files["wide"], "--out", out, "--target", "t" * 5000),
        ("fit", files["wide"], "--out", out, "--drop", "no such column"),
        ("fit", files["words"], "--out", out),
        ("fit", files["gaps"], "--out", out),
        ("fit", files["alike"], "--out", out, "--model", "logistic"),
        ("fit", files["wide"], "--out", out, "--model", "x" * 5000),
        ("sweep", files["wide"], "--out", tmp_path / "sweep", "--l2", "1," * 5000),
        ("evaluate", model, files["wide"]),
        ("predict", model, files["words"], "--out", tmp_path / "p.csv"),
        ("evaluate", model, tmp_path / "u.npz"),
        ("study", study, "--out", tmp_path / "run"),
        ("study", study, "--out", tmp_path / "run", "--set", "runs.none.l2=1"),
        ("study", several, "--out", tmp_path / "run"),
        ("data", "get", "x" * 5000),
        ("export", model, "--format", "x" * 5000),
        ("fit", f"--{'x' * 5000}"),
    ]
    for arguments in calls:
        ended = call(*arguments)
        assert ended.code == 2, (arguments[0], ended.err[:300])
        said = ended.err.replace(str(tmp_path), "")
        if "Usage" not in said:
            assert len(said) <= 600 + len("onelayer: \n") + 20, (
                arguments[0],
                len(said),
                said[:300],
            )
        assert len(said) < 1500
