"""`--groups`, `--key`, a pandas index and identifiers: columns that are no features."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from cli_helpers import call
from sklearn.model_selection import StratifiedGroupKFold

from onelayer.errors import Argument
from onelayer.inference import Classifier
from onelayer.training import Checkpoint, TrainConfig
from onelayer.workflow import sweep as sweeps
from onelayer.workflow.files import Share, TrainingFiles
from onelayer.workflow.fit import fit_files
from onelayer.workflow.splits import split
from onelayer.workflow.training_data import read_training_data
from onelayer.workflow.watch import Watch

N = 90
QUICK = ("--max-epochs", "3", "--batch-size", "16")


def frame() -> pl.DataFrame:
    """Give six rows to each of 15 patients; each has a number, and a code with zeros in front."""
    rng = np.random.default_rng(0)
    y = np.arange(N) % 3
    X = rng.normal(size=(N, 3)) + 3 * np.eye(3)[y]
    return pl.DataFrame(
        {
            "code": [f"{i:03}" for i in range(N)],
            "patient": [f"p{i // 6}" for i in range(N)],
            **{f"f{i}": X[:, i] for i in range(3)},
            "label": [f"class {k}" for k in y],
        }
    )


@pytest.fixture
def table(tmp_path: Path) -> Path:
    frame().drop("code").write_csv(tmp_path / "visits.csv")
    return tmp_path / "visits.csv"


def test_folds_of_a_sweep_are_of_whole_groups(table: Path) -> None:
    out = table.parent / "sweep"
    how = ("--groups", "patient", "--folds", "4", "--l2", "0.01")
    done = call("sweep", table, "--out", out, *how, *QUICK)
    assert done.code == 0, done.err
    assert "on 4 folds of whole groups (patient)" in done.err
    assert "4 folds of whole groups (patient)" in (out / "report.html").read_text()
    model = Classifier.load(out / "model.safetensors")
    assert model.feature_names == ("f0", "f1", "f2")
    assert model.data["groups"] == "patient"
    assert "groups by patient" in " ".join(call("inspect", out / "model.safetensors").out.split())
    # The scores are those of models that are trained without each fold.
    files = TrainingFiles(str(table), groups="patient", validation=None)
    data = read_training_data(files)
    numbers, targets = data.examples.groups, data.train.targets
    assert numbers is not None
    expected = list(StratifiedGroupKFold(4).split(targets, targets, numbers))
    for (kept, held), (own_kept, own_held) in zip(expected, split(data, 4), strict=True):
        np.testing.assert_array_equal(kept, own_kept)
        np.testing.assert_array_equal(held, own_held)
        assert not set(numbers[kept]) & set(numbers[held])
    scores = json.loads((out / "results.json").read_text())["candidates"][0]["scores"]
    plain = table.parent / "plain"
    call("sweep", table, "--out", plain, "--drop", "patient", *how[2:], *QUICK)
    assert json.loads((plain / "results.json").read_text())["candidates"][0]["scores"] != scores


@pytest.mark.parametrize("command", ["fit", "sweep"])
def test_whole_groups_are_held_out(command: str, table: Path) -> None:
    out = table.parent / ("m.safetensors" if command == "fit" else "sweep")
    grid = ("--l2", "0.01") if command == "sweep" else ()
    done = call(command, table, "--out", out, "--groups", "patient", *grid, *QUICK)
    assert done.code == 0, done.err
    path = out if command == "fit" else out / "model.safetensors"
    assert Classifier.load(path).data["validation"] == "20% of the groups (patient), held out"
    data = read_training_data(TrainingFiles(str(table), groups="patient", validation=Share(0.2)))
    numbers = data.examples.groups
    assert numbers is not None
    assert len(np.unique(numbers[data.validation_rows])) == 3
    assert not set(numbers[data.rows]) & set(numbers[data.validation_rows])
    if command == "fit":
        assert "72 examples to train, 18 to validate; 3 features" in done.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--groups", "doctor", "--folds", "3"), "--groups: {} has no column 'doctor'; the col"),
        (("--groups", "label", "--folds", "3"), "--groups: the column 'label' holds the labels"),
        (("--groups", "patient", "--folds", "16"), "--folds: 16 was given, and there are 15 g"),
        (("--groups", "kind", "--folds", "3"), "--groups: of 3 folds of whole groups all exam"),
        (
            ("--groups", "kind", "--validation", "0.2"),
            "--validation: 0.2 of 3 groups would leave a class without",
        ),
    ],
)
def test_groups_that_cannot_be_are_refused(
    options: tuple[str, ...], message: str, table: Path
) -> None:
    pl.read_csv(table).with_columns(kind=pl.col("label").str.to_uppercase()).write_csv(table)
    drop = () if "kind" in options else ("--drop", "kind")
    patient = () if "patient" in options else ("--drop", "patient")
    out = table.parent / "sweep"
    said = call("sweep", table, "--out", out, *options, *drop, *patient).refused(2)
    assert said.startswith(message.format(table))
    assert not out.exists()


def test_other_groups_are_another_training(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint of other folds is not taken up."""
    facts: list[Any] = []

    class Noted(Checkpoint):
        def __init__(self, path: Path, own: dict[str, Any]) -> None:
            facts.append(own)
            super().__init__(path, own)

    monkeypatch.setattr(sweeps, "Checkpoint", Noted)
    how = ("--groups", "patient", "--folds", "3", "--l2", "0.01", "--force", *QUICK)
    for groups in (pl.col("patient"), pl.col("patient"), pl.col("patient").reverse()):
        pl.read_csv(table).with_columns(groups).write_csv(table)
        assert call("sweep", table, "--out", table.parent / "sweep", *how).code == 0
    first, again, other = (own for own in facts if own)
    assert first == again
    assert {key for key in first if first[key] != other[key]} == {"groups"}


def test_a_class_with_fewer_examples_than_folds_is_named(table: Path) -> None:
    rare = pl.read_csv(table).filter((pl.col("label") != "class 1") | (pl.col("patient") < "p10"))
    rare.write_csv(table)
    for groups in (("--groups", "patient"), ("--drop", "patient")):
        done = call(
            "sweep", table, "--out", table.parent / "sweep", "--folds", "5", "--l2", "0.01",
            *groups, *QUICK, "--force",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert "Warning: the class 'class 1' has 4 examples, fewer than there are fol" in done.err
        assert "UserWarning" not in done.err


# Keys -----------------------------------------------------------------------------------------


@pytest.fixture
def model(table: Path) -> Path:
    out = table.parent / "m.safetensors"
    assert call("fit", table, "--drop", "patient", "--out", out, *QUICK).code == 0
    return out


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_keys_ride_along_in_front(ending: str, model: Path) -> None:
    data, out = model.parent / f"new.{ending}", model.parent / f"p.{ending}"
    {"csv": frame().write_csv, "parquet": frame().write_parquet}[ending](data)  # type: ignore[operator]
    plain = model.parent / "plain.csv"
    call("predict", model, data, "--out", plain)
    keys = ("--key", "code", "--key", "patient")
    done = call("predict", model, data, "--out", out, "--proba", *keys)
    assert done.code == 0, done.err
    read: Any = {"csv": lambda p: pl.read_csv(p, infer_schema=False), "parquet": pl.read_parquet}
    found = read[ending](out)
    assert found.columns[:3] == ["code", "patient", "label"]
    assert found.select("code", "patient").equals(frame().select("code", "patient"))
    assert found["label"].to_list() == pl.read_csv(plain)["label"].to_list()
    assert pl.read_csv(plain).columns == ["label"]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("name", "--key: {} has no column 'name'; the columns are 'code', 'patient'"),
        ("label", "--key: the predictions have a column 'label' of their own; rename that of"),
    ],
)
def test_keys_that_cannot_be_are_refused(key: str, message: str, model: Path) -> None:
    data, out = model.parent / "new.csv", model.parent / "p.csv"
    frame().write_csv(data)
    said = call("predict", model, data, "--out", out, "--key", key).refused(2)
    assert said.startswith(message.format(data))
    assert not out.exists()


@pytest.mark.parametrize("command", ["predict", "evaluate"])
@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("", "fill them, or train the model with --impute mean."),
        ("x", "the model takes numbers there: encode them as for the training."),
    ],
)
def test_features_of_a_model_are_not_to_be_left_out(
    command: str, value: str, advice: str, model: Path, tmp_path: Path
) -> None:
    spoiled = [value, *map(str, frame()["f1"][1:])]
    frame().with_columns(f1=pl.Series(spoiled)).write_csv(tmp_path / "d.csv")
    out = ["--out", str(tmp_path / "o.csv")] if command == "predict" else []
    assert call(command, model, tmp_path / "d.csv", *out).refused(2).endswith(advice)


def test_files_without_columns_have_no_key(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", X=np.eye(20), y=np.arange(20) % 2)
    out = tmp_path / "m.safetensors"
    assert call("fit", tmp_path / "d.npz", "--out", out, *QUICK).code == 0
    for option in ("--key", "--groups"):
        command = ("predict", out) if option == "--key" else ("fit",)
        to = tmp_path / ("o.csv" if option == "--key" else "o.safetensors")
        said = call(*command, tmp_path / "d.npz", "--out", to, option, "id").refused(2)
        assert said.startswith(f"{tmp_path / 'd.npz'}: has no named columns, so that none can ")
        assert said.endswith(f"; leave {option} out.")


# What is said of columns ----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["fit", "sweep"])
def test_an_index_and_identifiers_are_named(command: str, tmp_path: Path) -> None:
    columns = {"row": np.arange(N)[::-1] + 7, "number": np.arange(N) * 7919 % 100_003}
    given = frame().drop("patient", "code").with_columns(**columns)
    path = tmp_path / "d.parquet"
    given.write_parquet(path, metadata={"pandas": json.dumps({"index_columns": ["row"]})})
    out = tmp_path / ("m.safetensors" if command == "fit" else "sweep")
    grid = ("--l2", "0.01") if command == "sweep" else ()
    done = call(command, path, "--out", out, *grid, *QUICK)
    assert done.code == 0, done.err
    assert f"{path}: the column 'row' is the row index of pandas, and no feature.\n" in done.err
    assert (
        f"Warning: {path}: the column 'number' looks like an identifier, with another value in "
        "each row; leave it out with --drop 'number' if it is one.\n" in done.err
    )
    done = call(command, path, "--out", out, *grid, *QUICK, "--drop", "number", "--force")
    assert "like an identifier" not in done.err
    model = Classifier.load(out if command == "fit" else out / "model.safetensors")
    assert model.feature_names == ("f0", "f1", "f2")


def test_constant_features_are_named(tmp_path: Path) -> None:
    path, out = tmp_path / "d.csv", tmp_path / "m.safetensors"
    given = frame().drop("patient", "code").with_columns(unit=pl.lit(3), year=pl.lit(2020))
    given.write_csv(path)
    done = call("fit", path, "--out", out, *QUICK)
    assert (
        f"{path}: 2 features have one value in all examples to train on, and tell no classes "
        "apart: 'unit', 'year'.\n" in done.err
    )
    done = call("fit", path, "--out", out, *QUICK, "--force", "--drop", "unit")
    assert "1 feature has one value in all examples to train on, and tells" in done.err
    done = call("fit", "digits", "--out", out, *QUICK, "--force")  # of pixels some never vary
    assert "one value" not in done.err


def test_in_a_script_a_remark_names_arguments_as_python_does(tmp_path: Path) -> None:
    frame().drop("patient").write_csv(tmp_path / "d.csv")
    said: list[tuple[Any, ...]] = []
    watch = Watch(say=lambda *pieces: said.append(pieces))
    files, out = TrainingFiles(str(tmp_path / "d.csv")), tmp_path / "m.safetensors"
    fit_files(files, TrainConfig(max_epochs=1), out, watch=watch)
    assert (Argument("drop", "'code'")) in said[1]
    assert "".join(map(str, said[1])).endswith("leave it out with drop='code' if it is one.")
