"""Fit, sweep, predict and evaluate on files and folders that are read block by block."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from blocks_material import LENGTH, N, Places, make

from onelayer.data import Dataset, fingerprint, fit_scaling
from onelayer.data.blocks import ArrayBlocks, BlockMatrix
from onelayer.errors import Argument, InputError, OnelayerError
from onelayer.inference import Classifier
from onelayer.sweep import Grid
from onelayer.training import EarlyStopping, Event, Steps, TrainConfig, checkpoint, train
from onelayer.workflow import whole_or_blocks
from onelayer.workflow.evaluate import read_labelled
from onelayer.workflow.files import File, Share, TrainingFiles
from onelayer.workflow.fit import fit_files
from onelayer.workflow.predict import predict_file
from onelayer.workflow.sweep import sweep_files
from onelayer.workflow.training_data import read_training_data
from onelayer.workflow.watch import Watch

MEMORY = 10**6
STEPS = TrainConfig(max_epochs=3, batch_size=16, learning_rate=0.2)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return make(tmp_path_factory.mktemp("data"))


def of(places: Places, kind: str, **how: Any) -> TrainingFiles:
    if kind == "shards":
        return TrainingFiles(places.shards, **how)
    return TrainingFiles(places.table, drop=("name", "number"), memory=MEMORY, **how)


def listening(lines: list[str]) -> Watch:
    return Watch(say=lambda *pieces: lines.append("".join(map(str, pieces))))


def test_a_fit_has_the_bits_of_arrays_in_the_same_blocks(places: Places, tmp_path: Path) -> None:
    lines: list[str] = []
    files = TrainingFiles(places.shards, validation=None)
    result, model = fit_files(files, STEPS, tmp_path / "m.safetensors", watch=listening(lines))
    whole = Dataset(places.X, places.y, scaling=result.data.train.scaling)
    alone = train(whole.in_blocks(LENGTH), None, STEPS.model_copy(update={"order": "blocks"}))
    assert model.weights.tobytes() == alone.weights.tobytes()
    assert result.final == alone.final
    for own, other in zip(
        whole.scaling.per_feature(5), fit_scaling(places.X, "standard").per_feature(5), strict=True
    ):
        np.testing.assert_allclose(own, other, rtol=1e-6)
    assert lines[0].startswith(f"{places.shards}: 400 examples, read block by block: 7 blocks")
    blocked = BlockMatrix(ArrayBlocks(places.X, None, LENGTH))
    assert model.data["fingerprint"] == fingerprint(blocked, places.y)
    assert model.data["fingerprint"] != fingerprint(places.X, places.y)


@pytest.mark.parametrize("kind", ["shards", "table"])
def test_a_share_is_held_out_as_of_files(places: Places, kind: str) -> None:
    """The same rows, a scaling of the others alone, and the same classes."""
    groups = None if kind == "shards" else "patient"
    in_blocks = read_training_data(of(places, kind, groups=groups, class_weight="balanced"))
    whole = TrainingFiles(places.table, class_weight="balanced", drop=("name", "number"))
    if groups is None:
        in_memory = read_training_data(replace(whole, drop=("name", "number", "patient")))
    else:
        in_memory = read_training_data(replace(whole, groups=groups))
    assert in_blocks.rows is not None
    assert in_memory.rows is not None
    assert in_blocks.rows.tolist() == in_memory.rows.tolist()
    assert in_blocks.class_weights == in_memory.class_weights
    for a, b in zip(
        in_blocks.train.scaling.per_feature(5), in_memory.train.scaling.per_feature(5), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "chooses"), [("shards", False), ("table", False), ("table", True)]
)
def test_all_examples_train_in_the_end(
    places: Places, kind: str, chooses: bool, tmp_path: Path
) -> None:
    config = TrainConfig(solver="optimum", tolerance=1e-4)
    if not chooses:
        config = STEPS.model_copy(update={"early_stopping": EarlyStopping(patience=2)})
    validation = None if chooses else Share(0.2)
    files = of(places, kind, validation=validation)
    result, _ = fit_files(files, config, tmp_path / "m.safetensors", chooses=chooses)
    assert result.data.n_train == N
    assert result.final.train_accuracy is not None
    assert result.final.train_accuracy > 0.8


def test_a_validation_file_of_either_kind(places: Places, tmp_path: Path) -> None:
    """Blocks beside what is in memory: the order is that of blocks in both cases."""
    csv = str(Path(places.table).with_suffix(".csv"))
    drop = ("name", "number", "patient")
    results = []
    for train_file, other, memory in (
        (places.table, csv, MEMORY),
        (places.table, places.table, MEMORY),
        (csv, places.shards, None),
    ):
        files = TrainingFiles(
            train_file, drop=drop, validation=File(other), memory=memory, scale="none"
        )
        if other == places.shards:
            with pytest.raises(InputError, match="order: file was given; data that is read block"):
                fit_files(files, TrainConfig(order="file"), tmp_path / "m.safetensors")
        results.append(fit_files(files, STEPS, tmp_path / "m.safetensors")[0])
    assert {r.config.order for r in results} == {"blocks"}
    assert results[0].weights.tobytes() == results[1].weights.tobytes()
    assert results[0].final.val_loss == pytest.approx(results[2].final.train_loss, rel=0.2)
    assert results[0].final.val_loss == pytest.approx(results[1].final.val_loss)  # float64 in one


def test_a_sweep_on_folds_of_groups(places: Places, tmp_path: Path) -> None:
    files = of(places, "table", groups="patient")
    done = sweep_files(files, Grid.of([0.001, 0.1], [0.2]), STEPS, tmp_path / "out", folds=3)
    assert done.result.final.config.order == "blocks"
    assert done.classifier.data["validation"] == "3 folds of whole groups (patient)"


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_predictions_are_those_of_the_whole_file(places: Places, name: str, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    _, model = fit_files(of(places, "table"), STEPS, out)
    done = predict_file(
        model, places.table, tmp_path / name, key=["name"], proba=True, memory=MEMORY
    )
    assert done.n == N
    predict_file(model, places.table, tmp_path / f"whole-{name}", key=["name"], proba=True)
    if name == "p.csv":
        assert (tmp_path / name).read_bytes() == (tmp_path / f"whole-{name}").read_bytes()
    else:
        both = [pl.read_parquet(tmp_path / each) for each in (name, f"whole-{name}")]
        assert both[0].equals(both[1])
    with pytest.raises(InputError, match="has no named columns, so that 'name' is none of them"):
        predict_file(model, places.shards, tmp_path / name, key=["name"])
    labelled = read_labelled(model, places.table, memory=MEMORY)
    assert isinstance(labelled.X, BlockMatrix)
    found, whole = model.evaluate(labelled.X, labelled.y), read_labelled(model, places.table)
    assert found.as_json() == model.evaluate(whole.X, whole.y).as_json()


def test_a_model_on_columns_of_lists_predicts_in_blocks(places: Places, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"e": pl.Series(places.X.tolist(), dtype=pl.List(pl.Float32)), "label": places.y}
    )
    path = tmp_path / "lists.parquet"
    frame.write_parquet(path, row_group_size=LENGTH)
    files = TrainingFiles(str(path), memory=MEMORY, validation=None)
    _, model = fit_files(files, STEPS, tmp_path / "m.safetensors")
    assert model.feature_names == tuple(f"e[{i}]" for i in range(5))
    predict_file(model, str(path), tmp_path / "p.csv", memory=MEMORY)
    assert pl.read_csv(tmp_path / "p.csv")["label"].to_list() == model.predict(places.X).tolist()


def test_a_stopped_prediction_leaves_nothing(places: Places, tmp_path: Path) -> None:
    _, model = fit_files(of(places, "table"), STEPS, tmp_path / "m.safetensors")
    bad = pl.read_parquet(places.table).with_columns(
        pl.when(pl.col("number") == 300).then(None).otherwise(pl.col("x1")).alias("x1")
    )
    bad.write_parquet(tmp_path / "bad.parquet", row_group_size=LENGTH)
    with pytest.raises(InputError, match=r"row .*, column 'x1' is missing"):
        predict_file(model, str(tmp_path / "bad.parquet"), tmp_path / "p.csv", memory=MEMORY)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.parquet", "m.safetensors"]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            {"memory": 20_000},
            "memory: 20 kB are too little",
        ),
        ({"impute": "mean"}, "impute: .* is read block by block, where this is not done"),
        ({"size": "2x2"}, "size: .* is read block by block"),
        ({"labels": "y.npy"}, "labels: .* comes with its labels; leave it out"),
        ({"groups": "absent"}, "'absent'"),
    ],
)
def test_what_is_not_done_is_refused(places: Places, how: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"memory": MEMORY, "drop": ("name",)}
    files = TrainingFiles(places.table, **(given | how))
    with pytest.raises(InputError, match=message):
        read_training_data(files, window=4 if "memory" in how else 1)


def test_a_block_that_is_too_large_says_what_to_do(places: Places) -> None:
    with pytest.raises(InputError) as refused:
        read_training_data(TrainingFiles(places.shards, memory=5000))
    said = refused.value.worded(Argument.flag)
    assert said == (
        f"--memory: 5 kB are too little for {places.shards}, whose largest block takes 1.28 kB (64 "
        "examples): 6 such blocks are in memory at once. Give --memory 1MB, or smaller blocks: "
        f"onelayer data pack {places.shards} FOLDER --block-length 41."
    )


def test_a_file_that_is_read_whole_takes_no_bound(places: Places) -> None:
    csv = str(Path(places.table).with_suffix(".csv"))
    for name in (csv, "digits"):
        with pytest.raises(InputError, match=r"memory: .* is read whole; leave it out, or make"):
            read_training_data(TrainingFiles(name, memory=MEMORY))


def test_another_order_is_refused_before_anything_is_read(places: Places, tmp_path: Path) -> None:
    lines: list[str] = []
    with pytest.raises(InputError, match="order: epoch was given; data that is read block by"):
        fit_files(
            of(places, "table"), TrainConfig(order="epoch"), tmp_path / "m", watch=listening(lines)
        )
    assert lines == []


def test_a_table_larger_than_the_memory_is_read_in_blocks(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not whole_or_blocks.reads_in_blocks(places.table, None)
    monkeypatch.setattr(whole_or_blocks, "available_memory", lambda: N * 6 * 8)
    assert whole_or_blocks.reads_in_blocks(places.table, None)


def test_a_memory_map_is_cut_to_suit_the_memory(places: Places, tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", places.X)
    np.save(tmp_path / "y.npy", places.y)
    data = read_training_data(
        TrainingFiles(str(tmp_path / "X.npy"), labels=str(tmp_path / "y.npy"), memory=12_000)
    )
    assert data.train.block_lengths is not None
    assert max(data.train.block_lengths) == 12_000 // (12 * 20)


def test_columns_that_number_the_rows_are_named(places: Places, tmp_path: Path) -> None:
    lines: list[str] = []
    files = TrainingFiles(places.table, drop=("name",), memory=MEMORY)
    fit_files(files, STEPS, tmp_path / "m.safetensors", watch=listening(lines))
    (warned,) = [line for line in lines if line.startswith("Warning")]
    assert "the column 'number' looks like an identifier" in warned


def test_blocks_of_one_class_each_are_noticed(tmp_path: Path) -> None:
    sorted_by_class = make(tmp_path, by_class=True)
    lines: list[str] = []
    fit_files(TrainingFiles(sorted_by_class.shards), STEPS, tmp_path / "m", watch=listening(lines))
    (warned,) = [line for line in lines if line.startswith("Warning")]
    assert "hold one class each" in warned
    assert f"onelayer data pack {sorted_by_class.shards} FOLDER" in warned


def bits(place: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(place.rglob("*")) if p.suffix != ".lock"
            and p.is_file()}  # fmt: skip


@pytest.mark.parametrize("kind", ["fit", "sweep"])
def test_the_same_call_goes_on_with_the_same_bits(
    places: Places, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "MOST_SHARE", 1e9)
    files = of(places, "table", validation=Share(0.25))

    def work(place: Path, watch: Watch) -> None:
        place.mkdir(exist_ok=True)
        if kind == "fit":
            fit_files(files, STEPS, place / "m.safetensors", watch=watch)
        else:
            grid = Grid.of([0.001, 0.1], [0.2])
            sweep_files(files, grid, STEPS, place / "out", folds=2, watch=watch)

    work(tmp_path / "whole", Watch())
    expected = bits(tmp_path / "whole")
    for stop in (9, 25) if kind == "sweep" else (2, 9):
        place = tmp_path / f"stopped-{stop}"
        with pytest.raises((KeyboardInterrupt, OnelayerError)):
            work(place, _stopping_at(stop))
        lines: list[str] = []
        work(place, listening(lines))
        assert any("goes on from" in line for line in lines)
        assert bits(place) == expected


def _stopping_at(stop: int) -> Watch:
    """Return what ends a training at so many reports of steps."""
    seen = 0

    def hear(event: Event) -> None:
        nonlocal seen
        seen += isinstance(event, Steps)
        if seen == stop:
            raise KeyboardInterrupt

    return Watch(training=lambda _models, _steps: nullcontext(hear))


def test_a_checkpoint_of_other_blocks_is_not_taken_up(places: Places, tmp_path: Path) -> None:
    a = read_training_data(of(places, "table"))
    pl.read_parquet(places.table).write_parquet(tmp_path / "t.parquet", row_group_size=32)
    files = TrainingFiles(str(tmp_path / "t.parquet"), drop=("name", "number"), memory=MEMORY)
    b = read_training_data(files)
    assert a.train.y.tolist() == b.train.y.tolist()
    assert a.fingerprint != b.fingerprint


def test_a_model_file_is_read_back(places: Places, tmp_path: Path) -> None:
    _, model = fit_files(of(places, "table"), STEPS, tmp_path / "m.safetensors")
    again = Classifier.load(tmp_path / "m.safetensors")
    assert again.predict(places.X.repeat(2, axis=1)[:, :6]).shape == (N,)
    assert again.record == model.record
