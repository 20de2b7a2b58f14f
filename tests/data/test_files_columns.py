"""Columns of tables that are no features: a pandas index, groups, keys, identifiers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from onelayer.data.files import formulas, read_examples, write_predictions
from onelayer.data.files.identifiers import identifiers
from onelayer.data.split import hold_out_groups
from onelayer.errors import InputError

WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    "d.csv": lambda frame, path: frame.write_csv(path),
    "d.parquet": lambda frame, path: frame.write_parquet(path),
    "d.arrow": lambda frame, path: frame.write_ipc(path),
}


def put(frame: pl.DataFrame, folder: Path, name: str = "d.parquet") -> Path:
    WRITERS[name](frame, folder / name)
    return folder / name


# A pandas index -------------------------------------------------------------------------------


def with_index(folder: Path, columns: Any, frame: pl.DataFrame) -> Path:
    path = folder / "pandas.parquet"
    frame.write_parquet(path, metadata={"pandas": json.dumps({"index_columns": columns})})
    return path


FRAME = pl.DataFrame({"row": ["u", "v"], "a": [1.5, 2.5], "day": [3, 4], "y": [0, 1]})


def test_index_columns_of_pandas_are_no_features(tmp_path: Path) -> None:
    path = with_index(tmp_path, ["row", "day", {"kind": "range"}], FRAME)
    found = read_examples(path)
    assert found.feature_names == ("a",)
    assert found.index == ("row", "day")
    found = read_examples(path, drop=["row"])
    assert (found.feature_names, found.index) == (("a",), ("day",))


def test_an_index_is_read_where_it_is_asked_for(tmp_path: Path) -> None:
    path = with_index(tmp_path, ["row", "day"], FRAME)
    found = read_examples(path, target="day", groups="row")
    assert found.y is not None
    assert found.y.tolist() == [3, 4]
    assert (found.feature_names, found.index) == (("a", "y"), ())
    found = read_examples(path, features=["day", "a"])
    assert found.X.tolist() == [[3, 1.5], [4, 2.5]]
    assert found.index == ()


@pytest.mark.parametrize("columns", [None, "row", ["none"], [3], []])
def test_other_metadata_names_no_index(columns: Any, tmp_path: Path) -> None:
    path = with_index(tmp_path, columns, FRAME.drop("row"))
    assert read_examples(path).feature_names == ("a", "day")


def test_metadata_that_is_no_json_names_no_index(tmp_path: Path) -> None:
    for text in ("{", "[]", "3"):
        FRAME.drop("row").write_parquet(tmp_path / "d.parquet", metadata={"pandas": text})
        assert read_examples(tmp_path / "d.parquet").feature_names == ("a", "day")


# Groups ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["b", "a", "b", "c"], [1, 0, 1, 2]),
        ([7, 7, -1, 2], [2, 2, 0, 1]),
        ([True, False, True, True], [1, 0, 1, 1]),
        ([0.5, 0.25, 0.5, 0.5], [1, 0, 1, 1]),
    ],
)
def test_groups_are_numbered(name: str, values: Any, numbers: Any, tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1.0, 2, 3, 4], "g": values, "y": [0, 1, 0, 1]})
    found = read_examples(put(frame, tmp_path, name), groups="g")
    assert found.groups is not None
    same = found.groups[:, None] == found.groups
    np.testing.assert_array_equal(same, np.equal.outer(numbers, numbers))
    assert set(found.groups.tolist()) == set(numbers)
    assert found.feature_names == ("a",)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ("h", "groups: .* has no column 'h'; the columns are 'a', 'g', 'l', 'y'"),
        ("y", "groups: the column 'y' holds the labels; name another"),
        ("g", "column 'g': 1 rows are in no group, the first is row 2"),
        ("l", r"column 'l': holds values of the type List\(Int64\)"),
    ],
)
def test_groups_that_cannot_be_are_refused(groups: str, message: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1.0, 2], "g": ["u", None], "l": [[1], [2]], "y": [0, 1]})
    with pytest.raises(InputError, match=message):
        read_examples(put(frame, tmp_path), groups=groups, drop=["g"] if groups == "l" else [])


def test_a_group_column_may_be_called_as_labels_are(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1.0, 2], "class": ["u", "v"], "label": [0, 1]})
    found = read_examples(put(frame, tmp_path), groups="class")
    assert (found.target, found.feature_names) == ("label", ("a",))


def test_whole_groups_are_held_out() -> None:
    groups = np.repeat(np.arange(20), 5)
    targets = np.arange(100) % 3
    kept, held = hold_out_groups(targets, groups, 0.25, 3)
    assert len(np.unique(groups[held])) == 5
    assert not set(groups[kept]) & set(groups[held])
    np.testing.assert_array_equal(np.sort(np.r_[kept, held]), np.arange(100))
    assert not np.array_equal(held, hold_out_groups(targets, groups, 0.25, 4)[1])
    with pytest.raises(InputError, match=r"0.5 of 1 groups cannot be held out"):
        hold_out_groups(targets, np.zeros(100, int), 0.5, 0)
    with pytest.raises(InputError, match=r"would leave a class without examples"):
        hold_out_groups(np.repeat([0, 1], 50), np.repeat([0, 1], 50), 0.5, 0)


# Keys -----------------------------------------------------------------------------------------


def test_keys_of_a_csv_file_are_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text('id,"a, b",x,y\n007,1.50,1,0\n,"u ""v""",2,1\n')
    found = read_examples(path, key=["id", "a, b", "id"])
    assert found.feature_names == ("x",)
    assert {name: list(column) for name, column in found.keys.items()} == {
        "id": ["007", None], "a, b": ["1.50", 'u "v"'],
    }  # fmt: skip
    write_predictions(tmp_path / "p.csv", {**found.keys, "y": [0, 1]})
    assert (tmp_path / "p.csv").read_text() == 'id,"a, b",y\n007,1.50,0\n,"u ""v""",1\n'


def test_keys_of_other_tables_keep_their_type(tmp_path: Path) -> None:
    kinds: Any = {"day": pl.Date, "n": pl.Int16, "c": pl.Categorical}
    frame = (
        pl.DataFrame(
            {"day": [19000, None], "n": [3, None], "c": ["u", None], "x": [1.0, 2], "y": [0, 1]}
        )
        .with_columns(pl.col("day").cast(pl.Int32))
        .cast(kinds)
    )
    found = read_examples(put(frame, tmp_path), key=tuple(kinds))
    write_predictions(tmp_path / "p.parquet", found.keys)
    assert pl.read_parquet(tmp_path / "p.parquet").equals(frame.select(*kinds))
    write_predictions(tmp_path / "p.csv", found.keys)
    assert (tmp_path / "p.csv").read_text() == "day,n,c\n2022-01-08,3,u\n,,\n"


def test_a_key_that_is_a_feature_of_the_model_stays_one(tmp_path: Path) -> None:
    path = put(pl.DataFrame({"a": [1.5], "b": [2], "y": [0]}), tmp_path)
    found = read_examples(path, key=["b", "y"], features=["b", "a"], need_labels=False)
    assert found.X.tolist() == [[2, 1.5]]
    assert found.keys["b"].to_list() == [2]
    assert (found.y, found.keys["y"].to_list()) == (None, [0])


def test_formulas_in_keys_are_found() -> None:
    keys = {"k": pl.Series(["=1+1", None, "=1+1"]), "n": pl.Series([-1, 2, None])}
    assert formulas("p.csv", keys) == ["=1+1"]


@pytest.mark.parametrize(("option", "use"), [("groups", "hold groups"), ("key", "be kept as a k")])
def test_files_without_columns_have_neither(option: str, use: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", X=np.eye(2), y=[0, 1])
    given: Any = {option: "a" if option == "groups" else ["a"]}
    for source in (tmp_path / "d.npz", "digits"):
        with pytest.raises(InputError, match=f"has no named columns, so that none can {use}"):
            read_examples(source, **given)


# Identifiers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "is_one"),
    [
        (np.arange(10), True),
        (np.arange(9), False),
        (np.random.default_rng(0).permutation(60) + 1000, True),
        (np.arange(60) * 7919 % 100_003, True),
        (np.arange(40) * 7919 % 100_003, False),
        (np.arange(60) // 2, False),
        (np.arange(60) + 0.0, False),
        (np.random.default_rng(0).normal(size=60), False),
        ([*range(59), None], False),
        (np.arange(60) % 2 == 0, False),
        (np.full(60, 3), False),
        (np.arange(200, dtype=np.uint8), True),
        ([str(i) for i in range(60)], False),
    ],
)
def test_columns_that_look_like_identifiers(values: Any, is_one: bool) -> None:
    column = pl.Series("id", values, strict=False)
    assert identifiers([column]) == (("id",) if is_one else ())


def test_many_columns_of_which_all_values_differ_are_amounts() -> None:
    amounts = [pl.Series(f"a{i}", np.arange(60) * (7919 + i)) for i in range(4)]
    assert identifiers(amounts[:3]) == ("a0", "a1", "a2")
    assert identifiers([*amounts, pl.Series("row", range(60))]) == ("row",)


def test_identifiers_are_looked_for_among_the_features(tmp_path: Path) -> None:
    n = np.arange(60)
    frame = pl.DataFrame({"id": n, "a": n * 0.5, "g": n, "y": n % 2})
    for name in WRITERS:
        path = put(frame, tmp_path, name)
        assert read_examples(path, groups="g").identifiers == ("id",)
        assert read_examples(path, drop=["id", "g"]).identifiers == ()
        assert read_examples(path, features=["id", "a"]).identifiers == ()
