"""What a study leaves in its folder, and which folders it takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from study_helpers import THREE, Watcher, bits, content, do, finish

from onelayer.data import load
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.study import (
    Outcome,
    RunFolderReader,
    RunFolderWriter,
    json_bytes,
    load_data,
    resolve,
)
from onelayer.training import RunRecord, StopReason, history_schema


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome, Watcher]:
    folder = tmp_path_factory.mktemp("three") / "runs" / "new"
    watcher = Watcher()
    return folder, do(THREE, folder, watcher), watcher


def results(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "results.json").read_text("utf-8"))
    return loaded


# What is left -----------------------------------------------------------------------------------


def test_folder_holds_every_file_and_no_part_of_one(three: tuple[Path, Outcome, Watcher]) -> None:
    folder, _, _ = three
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == {
        "manifest.json", "study.toml", "results.json", "history.parquet",
        "models/short.safetensors", "models/long.safetensors", "models/pair.safetensors",
    }  # fmt: skip


def test_results_have_the_keys_of_the_contract(three: tuple[Path, Outcome, Watcher]) -> None:
    document = results(three[0])
    assert (document["format"], document["study"]) == (2, "small")
    assert document["data"]["source"] == "digits"
    assert (document["data"]["train"], document["data"]["validation"]) == (200, 60)
    assert [run["name"] for run in document["runs"]] == ["short", "long", "pair"]
    for run in document["runs"]:
        assert {
            "name", "model", "config", "n_train", "n_validation", "steps", "evaluations",
            "stop_reason", "last", "best", "final",
        } <= run.keys()  # fmt: skip
        for which in ("last", "best"):
            assert run[which].keys() == {
                "step", "epoch", "val_loss", "val_accuracy", "train_accuracy", "weight_norm",
            }  # fmt: skip
        assert run["final"].keys() == {
            "val_loss", "val_accuracy", "train_loss", "train_accuracy", "weight_norm",
            "val_balanced_accuracy", "train_balanced_accuracy",
            "val_top5_accuracy", "train_top5_accuracy",
        }  # fmt: skip
    short, long, pair = document["runs"]
    assert (short["steps"], short["evaluations"], short["stop_reason"]) == (10, 5, "max_epochs")
    assert (short["n_train"], short["n_validation"]) == (200, 60)
    assert (pair["model"], pair["classes"]) == ("logistic", [2, 3])
    assert pair["n_train"] < 60
    assert long["config"]["early_stopping"] == {"patience": 1000, "min_delta": 0.0}
    assert short["last"]["step"] == 8


def test_last_and_best_are_those_of_the_history(three: tuple[Path, Outcome, Watcher]) -> None:
    folder, _, _ = three
    history = pl.read_parquet(folder / "history.parquet")
    for run in results(folder)["runs"]:
        rows = history.filter(pl.col("run") == run["name"], pl.col("val_loss").is_not_null())
        assert run["evaluations"] == rows.height
        assert run["last"] == rows.drop("run", "train_loss").row(-1, named=True)
        best = rows.row(int(np.argmin(rows["val_loss"].to_numpy())), named=True)
        assert run["best"]["step"] == best["step"]
        assert run["best"]["val_loss"] == best["val_loss"]


def test_history_has_a_row_a_step_and_nulls_between_evaluations(
    three: tuple[Path, Outcome, Watcher],
) -> None:
    history = pl.read_parquet(three[0] / "history.parquet")
    assert dict(history.schema) == history_schema()
    assert history["run"].unique(maintain_order=True).to_list() == ["short", "long", "pair"]
    short = history.filter(pl.col("run") == "short")
    assert short["step"].to_list() == list(range(10))
    assert short["epoch"].to_list() == [0] * 10
    assert short["train_loss"].null_count() == 0
    for column in ("val_loss", "val_accuracy", "train_accuracy", "weight_norm"):
        assert short[column].is_not_null().to_list() == [True, False] * 5
    assert history.filter(pl.col("run") == "long")["epoch"].max() == 59
    assert short["train_loss"][0] == pytest.approx(np.log(10))


def test_model_file_is_the_classifier_that_was_trained(
    three: tuple[Path, Outcome, Watcher],
) -> None:
    folder, outcome, watcher = three
    model = Classifier.load(folder / "models" / "pair.safetensors")
    assert (model.weights.shape, model.bias.shape) == ((64, 1), (1,))
    assert model.weights.dtype == np.float32
    assert model.weights.tobytes() == watcher.finished["pair"].weights.tobytes()
    assert model.bias.tobytes() == watcher.finished["pair"].bias.tobytes()
    assert outcome["pair"].model.weights.tobytes() == model.weights.tobytes()
    assert (model.model, model.classes, model.image_shape) == ("logistic", (2, 3), (8, 8))
    document = results(folder)
    assert {"scale": model.scaling.scale, "offset": model.scaling.offset} == (
        document["data"]["scaling"]
    )
    listed = document["runs"][2]
    assert model.record == listed
    assert RunRecord.from_json(listed) == watcher.finished["pair"].record("pair", listed["label"])
    assert model.data == {
        "study": "small", "source": "digits", "train": 200, "validation": 60,
        "sha256": document["data"]["sha256"],
    }  # fmt: skip


def test_evaluating_a_model_file_gives_its_final_numbers(
    three: tuple[Path, Outcome, Watcher],
) -> None:
    folder, _, _ = three
    train, validation = load("digits", train=200, validation=60)
    for run in results(folder)["runs"]:
        model = Classifier.load(folder / "models" / f"{run['name']}.safetensors")
        for part, key in ((train, "train"), (validation, "val")):
            own = part.subset_of_classes(run["classes"])
            metrics = model.evaluate(own.X, own.y)
            assert metrics.log_loss == run["final"][f"{key}_loss"]
            assert metrics.accuracy == run["final"][f"{key}_accuracy"]
            assert metrics.balanced_accuracy == run["final"][f"{key}_balanced_accuracy"]
            top = metrics.top_k_accuracy(5) if len(metrics.classes) > 5 else None
            assert top == run["final"][f"{key}_top5_accuracy"]
    # One more update than the last evaluation has seen.
    short = results(folder)["runs"][0]
    assert short["steps"] - 1 - short["last"]["step"] == 1
    assert short["final"]["val_loss"] != short["last"]["val_loss"]


def test_observer_sees_every_run_and_every_evaluation(
    three: tuple[Path, Outcome, Watcher],
) -> None:
    _, outcome, watcher = three
    assert sorted(watcher.begun) == sorted(watcher.finished) == ["long", "pair", "short"]
    steps = [step for run, step in watcher.evaluations if run == "short"]
    assert steps == outcome["short"].curve["step"].to_list() == [0, 2, 4, 6, 8]


def test_two_identical_studies_leave_the_same_bits(
    three: tuple[Path, Outcome, Watcher], tmp_path: Path
) -> None:
    do(THREE, tmp_path / "again", threads=3)
    assert bits(tmp_path / "again") == bits(three[0])


def test_other_seed_leaves_other_bits(three: tuple[Path, Outcome, Watcher], tmp_path: Path) -> None:
    do(THREE | {"seed": 1}, tmp_path / "again")
    other, one = bits(tmp_path / "again"), bits(three[0])
    assert [name for name in one if other[name] == one[name]] == []


def test_runs_are_listed_in_the_order_of_the_study_not_in_that_of_their_ends(
    tmp_path: Path,
) -> None:
    table = content({"name": "c"}, {"name": "b", "classes": [2, 3]}, {"name": "a"})
    watcher = Watcher()
    do(table, tmp_path, watcher)
    assert list(watcher.finished)[-1] == "b"  # runs on the same classes are trained together
    assert [run["name"] for run in results(tmp_path)["runs"]] == ["c", "b", "a"]
    history = pl.read_parquet(tmp_path / "history.parquet")
    assert history["run"].unique(maintain_order=True).to_list() == ["c", "b", "a"]


def test_nan_cannot_be_written_as_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_bytes({"a": float("nan")})


def test_reader_has_what_the_writer_wrote(three: tuple[Path, Outcome, Watcher]) -> None:
    folder, outcome, _ = three
    reader = RunFolderReader.load(folder)
    assert not reader.is_finished
    assert reader.results() == results(folder)
    again = reader.outcome()
    assert (again.study, again.data) == (outcome.study, outcome.data)
    for one, other in zip(again.runs, outcome.runs, strict=True):
        assert one.record == other.record
        assert one.history.equals(other.history)
        assert one.model.to_bytes() == other.model.to_bytes()


@pytest.mark.parametrize("there", [False, True])
def test_reader_refuses_what_is_no_run_folder(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "x").mkdir()
    with pytest.raises(InputError, match=r"no such folder|is not a run folder"):
        RunFolderReader.load(tmp_path / "x")


def test_diverged_run_leaves_nulls_and_the_others_go_on(tmp_path: Path) -> None:
    table = content(
        {"name": "wild", "learning_rate": 1e38, "l2": 1e38, "max_epochs": 9}, {"name": "tame"}
    )
    outcome = do(table, tmp_path / "out")
    text = (tmp_path / "out" / "results.json").read_text("utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text
    wild, tame = json.loads(text)["runs"]
    assert (wild["stop_reason"], tame["stop_reason"]) == ("diverged", "max_epochs")
    assert wild["steps"] < tame["steps"]
    assert "learning rate 1e+38 and l2 1e+38: the penalty alone" in wild["message"]
    assert None in wild["last"].values()
    assert outcome.missing == ()
    assert outcome["wild"].record.stop_reason is StopReason.DIVERGED
    assert outcome["wild"].history.height == wild["steps"]


# Which folders are taken ------------------------------------------------------------------------

ONE = content({"name": "a", "max_epochs": 1})


def test_finished_folder_is_refused_without_force(tmp_path: Path) -> None:
    do(ONE, tmp_path)
    finish(tmp_path)
    before = bits(tmp_path)
    with pytest.raises(InputError, match=r"holds this study, finished\..* force=True"):
        do(ONE, tmp_path)
    assert bits(tmp_path) == before


def test_force_replaces_what_a_study_writes_and_keeps_the_rest(tmp_path: Path) -> None:
    do(content({"name": "old", "max_epochs": 1}), tmp_path)
    finish(tmp_path)
    (tmp_path / ".results.json.1.2.partial").write_text("{")
    mine = [
        "notes.md", "models/mine.txt", "models/mine.safetensors", "figures/mine.svg",
        "data/mine.csv",
    ]  # fmt: skip
    for name in mine:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    do(ONE, tmp_path, force=True)
    ours = ["manifest.json", "study.toml", "results.json", "history.parquet"]
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == (
        sorted([*mine, *ours, "models/a.safetensors"])
    )
    assert [run["name"] for run in results(tmp_path)["runs"]] == ["a"]


def test_forced_study_has_the_bits_of_a_new_one(tmp_path: Path) -> None:
    do(ONE, tmp_path / "new")
    do(ONE | {"seed": 5}, tmp_path / "old")
    do(ONE, tmp_path / "old", force=True)
    assert bits(tmp_path / "old") == bits(tmp_path / "new")


def test_force_on_a_new_folder_is_no_error(tmp_path: Path) -> None:
    do(ONE, tmp_path / "new", force=True)
    assert results(tmp_path / "new")["study"] == "small"


@pytest.mark.parametrize("force", [False, True])
def test_folder_of_something_else_is_refused_even_with_force(tmp_path: Path, force: bool) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"holds thesis\.tex and is not a run folder"):
        do(ONE, tmp_path, force=force)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["thesis.tex"]


def test_empty_folder_and_one_with_a_cut_off_write_are_taken(tmp_path: Path) -> None:
    (tmp_path / ".study.toml.1.2.partial").write_text("na")
    do(ONE, tmp_path)
    assert results(tmp_path)["study"] == "small"


def test_folder_of_another_study_is_refused_until_forced(tmp_path: Path) -> None:
    do(ONE, tmp_path)
    other = content({"name": "a", "max_epochs": 1, "l2": 0.5})
    before = bits(tmp_path)
    with pytest.raises(InputError, match=r"settings: runs\.a\.config\.l2 is 0\.0, not 0\.5\."):
        do(other, tmp_path)
    assert bits(tmp_path) == before
    do(other, tmp_path, force=True)
    assert results(tmp_path)["runs"][0]["config"]["l2"] == 0.5


def test_folder_begun_on_other_data_is_refused(tmp_path: Path) -> None:
    table = content({"name": "a", "max_epochs": 1})
    study = resolve(table, "small.toml")
    data = load_data(study)
    study = study.model_copy(update={"data": data.choice})
    other = data.facts() | {"sha256": "0" * 64}
    RunFolderWriter.open(tmp_path, study, other).__exit__()
    with pytest.raises(InputError, match=r"was begun on other data: sha256 differ\."):
        do(table, tmp_path)


def test_file_in_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match=r"out: is a file; name a folder\."):
        do(ONE, tmp_path / "out")


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(InputError, match=r"file: is a file; name a folder"):
        do(ONE, tmp_path / "file" / "out")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch_size": 500, "drop_last": True}, r"^runs\.b: batch_size: 500 is more than the 200"),
        ({"model": "logistic"}, r"^runs\.b\.classes: logistic .* needs two classes, there are 10"),
        ({"classes": [2, 77]}, r"^runs\.b\.classes: .*no class 77"),
    ],
)
def test_run_that_does_not_fit_the_data_is_refused_before_anything_is_touched(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    table = content({"name": "a", "max_epochs": 1}, {"name": "b"} | options)
    do(ONE, tmp_path / "old")
    before = bits(tmp_path / "old")
    for folder in ("new", "old"):
        with pytest.raises(InputError, match=said):
            do(table, tmp_path / folder, force=True)
    assert not (tmp_path / "new").exists()
    assert bits(tmp_path / "old") == before
