import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from onelayer.data.files import write_predictions
from onelayer.errors import InputError, OnelayerError

COLUMNS = {
    "name": np.array(["a,b", 'say "x"', "ü"]),
    "prediction": np.array([3, 1, 3]),
    "probability": np.array([0.1, 1 / 3, 1e-300]),
}


@pytest.mark.parametrize("name", ["p.csv", "p.parquet", "p.CSV"])
def test_round_trip(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("what was there before")
    write_predictions(path, COLUMNS)
    read = pl.read_parquet if name.endswith("parquet") else pl.read_csv
    frame = read(path)
    assert frame.columns == [*COLUMNS]
    for column, values in COLUMNS.items():
        assert frame[column].to_list() == values.tolist()
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["p.txt", "p", "p.csv.gz"])
def test_other_endings(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"written as \.csv or \.parquet"):
        write_predictions(tmp_path / name, COLUMNS)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "no columns to write"),
        ({"a": np.zeros((2, 2))}, r"column 'a': the shape is \(2, 2\)"),
        ({"a": np.zeros(2), "b": np.zeros(3)}, "columns differ in length: a 2, b 3"),
    ],
)
def test_columns_that_form_no_table(
    columns: dict[str, np.ndarray], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        write_predictions(tmp_path / "p.csv", columns)
    assert not [*tmp_path.iterdir()]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"there is no folder {tmp_path}/absent"):
        write_predictions(tmp_path / "absent" / "p.csv", COLUMNS)


def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.csv"
    path.write_text("before")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OnelayerError, match=r"cannot be written: No space left on device"):
        write_predictions(path, COLUMNS)
    assert [p.name for p in tmp_path.iterdir()] == ["p.csv"]
    assert path.read_text() == "before"


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "p.csv").mkdir()
    with pytest.raises(OnelayerError, match=r"p\.csv: cannot be written"):
        write_predictions(tmp_path / "p.csv", COLUMNS)
