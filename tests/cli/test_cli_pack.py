"""`onelayer data pack`: files of people, shuffled into a folder of blocks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from cli_helpers import COMMAND, PATIENCE, call, run

from onelayer.data.blocks import PackedBlocks


@pytest.fixture
def table(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    frame = pl.DataFrame({f"f{i}": draw.normal(size=300) for i in range(4)})
    frame = frame.with_columns(kind=pl.Series(draw.choice(["cat", "dog"], 300)))
    path = tmp_path / "table.parquet"
    frame.write_parquet(path)
    return path


def test_a_table(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = call("data", "pack", table, out, "--target", "kind", "--block-length", "128", "--json")
    assert ended.code == 0, ended.err
    assert ended.err == (
        f"300 examples of 4 features and 2 classes, shuffled, in 3 blocks of 128: {out}\n"
    )
    document = json.loads(ended.out)
    assert document["classes"] == ["cat", "dog"]
    assert document["block_lengths"] == [128, 128, 44]
    assert document["feature_names"] == ["f0", "f1", "f2", "f3"]
    assert document["target"] == "kind"
    packed = PackedBlocks(out)
    assert document["fingerprint"] == packed.fingerprint
    packed.verify()


def test_the_seed_and_a_pack_as_the_source(table: Path, tmp_path: Path) -> None:
    for name, seed in (("a", "0"), ("b", "0"), ("c", "1")):
        options = ("--target", "kind", "--seed", seed, "--memory", "1MB", "--quiet")
        ended = call("data", "pack", table, tmp_path / name, *options)
        assert (ended.code, ended.err, ended.out) == (0, "", "")
    a, b, c = (PackedBlocks(tmp_path / name).fingerprint for name in "abc")
    assert a == b != c
    assert call("data", "pack", tmp_path / "a", tmp_path / "again").code == 0
    assert PackedBlocks(tmp_path / "again").n_examples == 300
    for out in (tmp_path / "a", tmp_path / "a" / "in"):
        said = call("data", "pack", tmp_path / "a", out, "--force").refused(2)
        assert "is in what is to be packed; name a folder beside it" in said


def test_arrays_of_types_that_are_not_stored(tmp_path: Path) -> None:
    X, y = np.arange(600, dtype=np.int16).reshape(200, 3), np.arange(200) % 2
    np.savez(tmp_path / "d.npz", X=X, y=y)
    assert call("data", "pack", tmp_path / "d.npz", tmp_path / "out").code == 0
    block = PackedBlocks(tmp_path / "out").read_block(0)
    assert block.X.dtype == np.float32
    assert sorted(block.X[:, 0]) == list(range(0, 600, 3))
    assert block.y is not None
    assert (block.X[:, 0] / 3 % 2 == block.y).all()


def test_a_folder_of_shards(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    for i in range(3):
        X, y = np.full((40, 2), i, np.float32), np.full(40, i)
        np.savez(tmp_path / "shards" / f"{i}.npz", X=X, y=y)
    assert call("data", "pack", tmp_path / "shards", tmp_path / "out").code == 0
    assert PackedBlocks(tmp_path / "out").manifest.class_counts == (40, 40, 40)


def test_built_in_data(tmp_path: Path) -> None:
    assert call("data", "pack", "digits", tmp_path / "out").code == 0
    assert PackedBlocks(tmp_path / "out").image_shape == (8, 8)


def test_refusals(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "no size; give a number with a unit" in call(
        "data", "pack", table, out, "--target", "kind", "--memory", "lots"
    ).refused(2)
    assert "there is no such file" in call("data", "pack", tmp_path / "x.csv", out).refused(2)
    assert not out.exists()
    assert call("data", "pack", table, out, "--target", "kind").code == 0
    said = call("data", "pack", table, out, "--target", "kind").refused(2)
    assert "holds packed blocks that are finished" in said
    assert said.endswith("or replace them with --force.")
    assert call("data", "pack", table, out, "--target", "kind", "--force", "--quiet").code == 0
    assert "leave it out" in call(
        "data", "pack", out, tmp_path / "again", "--target", "kind"
    ).refused(2)


def test_advice_is_of_what_packing_has(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.ones((4, 2)))
    frame = pl.DataFrame({"a": [1.0, None, 3.0], "label": [0, 1, 0]})
    frame.write_csv(tmp_path / "gap.csv")
    frame.with_columns(a=pl.Series(["x", "y", "z"])).write_csv(tmp_path / "text.csv")
    frame.with_columns(a=pl.Series([["x"]] * 3)).write_parquet(tmp_path / "lists.parquet")
    for name, said in (
        ("X.npy", "holds no labels, and blocks come with them; save both in one file"),
        ("gap.csv", "'a' (1); fill them, or remove these rows or columns."),
        ("lists.parquet", "holds lists of the type String; packing leaves none out: take a file"),
        ("text.csv", "1 column does not hold numbers: 'a' (String, such as 'x'); packing leaves"),
    ):
        refused = call("data", "pack", tmp_path / name, tmp_path / "out")
        assert refused.code == 2
        assert said in refused.err
        assert not any(flag in refused.err for flag in ("--impute", "--drop", "--labels"))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_signal_ends_it_and_the_same_command_goes_on(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", X=draw.random((60_000, 300), np.float32),
             y=draw.integers(0, 3, 60_000))  # fmt: skip
    arguments = ("data", "pack", str(tmp_path / "d.npz"))
    options = ("--block-length", "1000", "--memory", "40MB", "--quiet")
    out = tmp_path / "out"
    for _ in range(10):  # where this process has to wait, the other one is done before
        process = subprocess.Popen(
            [*COMMAND, *arguments, str(out), *options], stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        while not (out / "packing" / "00001.X.npy").exists() and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
        if process.returncode:
            break
        shutil.rmtree(out)
    assert process.returncode == 1
    assert said == (
        "onelayer: Interrupted. What is done is kept; the same command goes on from there.\n"
    )
    os.utime(tmp_path / "d.npz", ns=(1, 1))
    assert "the source has changed since" in run(*arguments, out, *options).refused(2)
    assert run(*arguments, out, *options, "--force").code == 0
    assert run(*arguments, tmp_path / "whole", *options).code == 0
    assert PackedBlocks(out).fingerprint == PackedBlocks(tmp_path / "whole").fingerprint
