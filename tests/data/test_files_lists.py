"""Columns of lists: embeddings in Parquet and Arrow files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from files_material import imputed

from onelayer.data.files import read_examples
from onelayer.errors import InputError

VECTORS = [[0.5, -1.0, 2.0], [4.0, 5.5, -6.0]]
LISTS: list[pl.DataType] = [pl.List(pl.Float32()), pl.Array(pl.Float32(), 3)]


def table(dtype: pl.DataType, **more: Any) -> pl.DataFrame:
    return pl.DataFrame({"e": pl.Series(VECTORS, dtype=dtype), **more})


def put(frame: pl.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".feather":
        frame.write_ipc(path)
    else:
        frame.write_ipc_stream(path)
    return path


@pytest.mark.parametrize("name", ["d.parquet", "d.feather", "d.arrow"])
@pytest.mark.parametrize("dtype", LISTS, ids=["list", "array"])
def test_each_position_is_a_feature(dtype: pl.DataType, name: str, tmp_path: Path) -> None:
    found = read_examples(put(table(dtype, label=["a", "b"]), tmp_path / name))
    np.testing.assert_array_equal(found.X, np.array(VECTORS))
    assert found.X.dtype == np.float32
    assert found.feature_names == ("e[0]", "e[1]", "e[2]")
    assert found.y is not None
    assert found.y.tolist() == ["a", "b"]


def test_lists_stand_between_other_columns(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"a": [1, None], "e": VECTORS, "b": [True, False], "f": [[7], [8]], "y": [0, 1]}
    )
    found = imputed(put(frame, tmp_path / "d.parquet"))
    assert found.feature_names == ("a", "e[0]", "e[1]", "e[2]", "b", "f[0]")
    np.testing.assert_array_equal(found.X, [[1, 0.5, -1, 2, 1, 7], [1, 4, 5.5, -6, 0, 8]])
    assert found.X.flags.c_contiguous


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (pl.UInt8, np.uint8),
        (pl.Int16, np.float32),
        (pl.Float16, np.float32),
        (pl.Boolean, np.float32),
        (pl.Int64, np.float64),
        (pl.Float64, np.float64),
    ],
)
def test_type_of_the_features(
    inner: type[pl.DataType], expected: type[np.generic], tmp_path: Path
) -> None:
    values = pl.Series([[1, 0], [0, 1]]).cast(pl.List(inner))
    found = read_examples(put(pl.DataFrame({"e": values, "y": [0, 1]}), tmp_path / "d.parquet"))
    assert found.X.dtype == expected
    np.testing.assert_array_equal(found.X, [[1, 0], [0, 1]])


def test_reading_again_finds_lists_and_columns_of_that_name(tmp_path: Path) -> None:
    first = read_examples(put(table(LISTS[0], z=[1, 2], y=[0, 1]), tmp_path / "d.parquet"))
    # In another order, of another type, among other columns, without labels.
    new = pl.DataFrame({"note": ["u"], "z": [3], "other": [[9.0]], "e": [[1, 2, 4]]})
    second = read_examples(put(new, tmp_path / "new.arrow"), need_labels=False, **first.reading())
    assert second.X.tolist() == [[1, 2, 4, 3]]
    assert second.feature_names == first.feature_names
    pl.DataFrame({"e[2]": [4], "z": [3], "e[1]": [2], "e[0]": [1]}).write_csv(tmp_path / "new.csv")
    third = read_examples(tmp_path / "new.csv", need_labels=False, **first.reading())
    np.testing.assert_array_equal(third.X, second.X)


def test_a_model_of_plain_columns_reads_lists_in_its_own_order(tmp_path: Path) -> None:
    path = put(table(LISTS[1]), tmp_path / "d.parquet")
    found = read_examples(path, features=["e[2]", "e[0]", "e[1]"], need_labels=False)
    assert found.X.tolist() == [[2, 0.5, -1], [-6, 4, 5.5]]


def test_drop_leaves_out_all_of_a_column(tmp_path: Path) -> None:
    path = put(table(LISTS[0], a=[1, 2], y=[0, 1]), tmp_path / "d.parquet")
    assert read_examples(path, drop=["e"]).feature_names == ("a",)


def test_nan_in_a_list_is_a_missing_value(tmp_path: Path) -> None:
    frame = pl.DataFrame({"e": [[1.0, np.nan], [2.0, 3.0]], "y": [0, 1]})
    path = put(frame, tmp_path / "d.parquet")
    with pytest.raises(InputError, match=r"'e\[1\]' \(1\); fill them with impute=mean"):
        read_examples(path)
    assert imputed(path).X.tolist() == [[1, 3], [2, 3]]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"e": [[1.0, 2], [1.0, 2], [3.0]]},
            "'e': the list of row 3 has 1 values, that of row 1 2",
        ),
        (
            {"e": [[1.0, 2], [3.0, None], [None, 5.0]]},
            "'e': a value is missing in the list of row 2",
        ),
        ({"e": [[1.0], None, [2.0]]}, "'e': row 2 has no list"),
        ({"e": [[], [], []]}, "'e': the lists are empty"),
        ({"e": [["u"], ["v"], ["w"]]}, "'e': holds lists of the type String; give .* drop=NAME"),
        ({"e": [[[1.0]], [[2.0]], [[3.0]]]}, r"'e': holds lists of the type List\(Float64\)"),
        (
            {"e": pl.Series(np.zeros((3, 2, 2)))},
            r"'e': holds lists of the type Array\(Float64",
        ),
        ({"e": [[1], [2], [3]], "e[0]": [1, 2, 3]}, r"are both called 'e\[0\]'; rename"),
        ({"a": [1, 2, 3], "y": [[1], [2], [3]]}, "'y': labels of type"),
    ],
)
def test_refused(columns: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = put(pl.DataFrame({"y": [0, 1, 0]} | columns), tmp_path / "d.parquet")
    with pytest.raises(InputError, match=f"^{path}.*{message}"):
        read_examples(path)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([f"e[{i}]" for i in range(2)], "'e': the lists have 3 values, those of the model 2"),
        ([f"e[{i}]" for i in range(4)], "'e': the lists have 3 values, those of the model 4"),
        (["e"], "'e': the lists have 3 values, those of the model 1"),
        (["e[0]", "e[1]", "e[7]"], r"lacks 1 feature of the model: 'e\[7\]'"),
        (["f[0]", "f[1]"], r"lacks 2 features of the model: 'f\[0\]', 'f\[1\]'"),
    ],
)
def test_lists_that_do_not_fit_a_model_are_refused(
    features: list[str], message: str, tmp_path: Path
) -> None:
    path = put(table(LISTS[0]), tmp_path / "d.parquet")
    with pytest.raises(InputError, match=message):
        read_examples(path, features=features, need_labels=False)
