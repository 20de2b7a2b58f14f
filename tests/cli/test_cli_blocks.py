"""The commands on data that is read block by block."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from cli_helpers import call

N = 300
y = np.arange(N) % 3
X = np.random.default_rng(0).normal(size=(N, 4)) + 2 * np.eye(3, 4)[y]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "t.parquet"
    columns = {f"x{i}": X[:, i].astype(np.float32) for i in range(4)}
    names = [f"=n{i}" for i in range(N)]
    frame = pl.DataFrame({**columns, "kind": np.array(["a", "b", "c"])[y], "name": names})
    frame.write_parquet(path, row_group_size=50)
    return path


def test_from_a_table_to_its_predictions(table: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    how = "--target", "kind", "--memory", "1MB"
    done = call("fit", table, "--out", model, "--drop", "name", "--max-epochs", "3", *how)
    assert done.code == 0, done.err
    assert "300 examples, read block by block: 6 blocks, the largest of 800 B; at most 1 MB" in (
        done.err
    )
    done = call("predict", model, table, "--out", tmp_path / "p.csv", "--key", "name",
                "--memory", "1MB")  # fmt: skip
    assert done.code == 0, done.err
    assert "a spreadsheet would take text in this file for formulas: '=n0', '=n1'" in done.err
    assert pl.read_csv(tmp_path / "p.csv").columns == ["name", "kind"]
    done = call("evaluate", model, table, *how, "--json", "--quiet")
    whole = call("evaluate", model, table, "--target", "kind", "--json", "--quiet")
    assert json.loads(done.out) == json.loads(whole.out)
    done = call("sweep", table, "--out", tmp_path / "s", "--drop", "name", "--max-epochs", "2",
                "--l2", "0.1,0.01", *how)  # fmt: skip
    assert done.code == 0, done.err


def test_packed_data_is_read_as_it_is(table: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.parquet"
    pl.read_parquet(table).drop("name").write_parquet(plain, row_group_size=50)
    packed, model = tmp_path / "packed", tmp_path / "m.safetensors"
    assert call("data", "pack", plain, packed, "--target", "kind", "--block-length", "64").code == 0
    done = call("fit", packed, "--out", model, "--max-epochs", "3")
    assert done.code == 0, done.err
    assert "read block by block: 5 blocks" in done.err
    done = call("predict", model, table, "--out", tmp_path / "p.csv", "--memory", "1MB")
    assert done.code == 0, done.err
    assert set(pl.read_csv(tmp_path / "p.csv")["kind"]) == {"a", "b", "c"}
    assert "holds examples that are read block by block, which a study does not" in (
        call("study", "--data", packed, "--out", tmp_path / "run").refused(2)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--memory", "little"], "--memory: 'little' is no size"),
        (["--memory", "5kB"], "--memory: 5 kB are too little for"),
        (["--memory", "1MB", "--order", "epoch"], "--order: epoch was given; data that is read"),
        (["--memory", "1MB", "--impute", "mean"], "--impute: "),
    ],
)
def test_refusals_name_the_options(table: Path, arguments: list[str], message: str) -> None:
    out = table.parent / "m.safetensors"
    how = "--target", "kind", "--drop", "name", "--max-epochs", "2"
    done = call("fit", table, "--out", out, *how, *arguments)
    assert done.refused(2).startswith(message)
