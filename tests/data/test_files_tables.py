import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from files_material import imputed

from onelayer.data.files import read_examples
from onelayer.errors import InputError

Put = Callable[..., Path]

FRAME = pl.DataFrame(
    {
        "age": [31, 42, 53, 64],
        "income": [1.5, 2.25, -3.0, 1e6],
        "member": [True, False, True, True],
        "label": ["cat", "dog", "cat", "bird"],
    }
)
VALUES = [[31, 1.5, 1], [42, 2.25, 0], [53, -3, 1], [64, 1e6, 1]]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Write text or a table to a file and return its path."""

    def write(content: str | bytes | pl.DataFrame, name: str = "data.csv") -> Path:
        path = tmp_path / name
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            WRITERS[path.suffix](content, path)
        return path

    return write


WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    ".csv": lambda frame, path: frame.write_csv(path),
    ".tsv": lambda frame, path: frame.write_csv(path, separator="\t"),
    ".gz": lambda frame, path: path.write_bytes(gzip.compress(frame.write_csv().encode())),
    ".parquet": lambda frame, path: frame.write_parquet(path),
    ".ipc": lambda frame, path: frame.write_ipc(path),
    ".feather": lambda frame, path: frame.write_ipc(path),
    ".arrow": lambda frame, path: frame.write_ipc_stream(path),
    ".CSV": lambda frame, path: frame.write_csv(path),
}


@pytest.mark.parametrize("ending", [*WRITERS, ".csv.gz", "[1]*.csv"])
def test_round_trip(ending: str, put: Put) -> None:
    path = put(FRAME, f"data{'.csv' if ending == '.gz' else ''}{ending}")
    found = read_examples(path)
    np.testing.assert_array_equal(found.X, VALUES)
    assert found.X.dtype == np.float64
    assert found.X.flags.c_contiguous
    assert found.y is not None
    assert found.y.tolist() == ["cat", "dog", "cat", "bird"]
    assert found.y.dtype.kind == "U"
    assert found.feature_names == ("age", "income", "member")
    assert found.target == "label"
    assert found.source == str(path)
    assert (found.fill, found.image_shape, found.names) == (None, None, None)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("labels", "kind", "expected"),
    [
        ([3, 1, 3], "i", [3, 1, 3]),
        ([2.0, -1.0, 2.0], "i", [2, -1, 2]),
        ([True, False, True], "b", [True, False, True]),
        (["a", "b", "a"], "U", ["a", "b", "a"]),
        (["NA", "null", "none"], "U", ["NA", "null", "none"]),
    ],
)
def test_kinds_of_labels(
    ending: str, labels: list[object], kind: str, expected: list[object], put: Put
) -> None:
    found = read_examples(put(pl.DataFrame({"a": [1, 2, 3], "Y": labels}), f"d.{ending}"))
    assert found.y is not None
    assert (found.y.dtype.kind, found.y.tolist()) == (kind, expected)
    assert found.target == "Y"


def test_categories_are_strings(put: Put) -> None:
    frame = pl.DataFrame({"a": [1, 2], "y": pl.Series(["u", "v"], dtype=pl.Categorical)})
    found = read_examples(put(frame, "d.parquet"))
    assert found.y is not None
    assert found.y.tolist() == ["u", "v"]


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ([pl.UInt8, pl.UInt8], np.uint8),
        ([pl.UInt8, pl.Int16], np.float32),
        ([pl.Float32, pl.Boolean], np.float32),
        ([pl.Float32, pl.Int32], np.float64),
        ([pl.UInt8, pl.Decimal(10, 2)], np.float64),
    ],
)
def test_type_of_the_features(types: list[pl.DataType], expected: type, put: Put) -> None:
    frame = pl.DataFrame([pl.Series(str(i), [1, 0]).cast(t) for i, t in enumerate(types)])
    found = read_examples(put(frame.with_columns(y=1), "d.parquet"))
    assert found.X.dtype == expected
    np.testing.assert_array_equal(found.X, [[1, 1], [0, 0]])


def test_small_integers_with_gaps_are_floats(put: Put) -> None:
    frame = pl.DataFrame({"a": pl.Series([1, None], dtype=pl.UInt8), "y": [0, 1]})
    found = imputed(put(frame, "d.parquet"))
    assert found.X.dtype == np.float32
    assert found.X.tolist() == [[1], [1]]


def test_text_that_is_numbers(put: Put) -> None:
    found = imputed(put('a, b ,c,label\n1, 2.5,"7", x\n-0,+3,"8",y\n2,nan,NA,y \n'))
    np.testing.assert_array_equal(found.X, [[1, 2.5, 7], [0, 3, 8], [2, 2.75, 7.5]])
    assert found.feature_names == ("a", "b", "c")
    assert found.y is not None
    assert found.y.tolist() == ["x", "y", "y"]


@pytest.mark.parametrize("late", ["2.5", "oops", "NA", "99999999999999999999999", "true"])
def test_a_late_value_decides_the_type_too(late: str, put: Put) -> None:
    path = put("a,y\n" + "1,0\n" * 3000 + f"{late},1\n")
    if late in ("oops", "true"):
        with pytest.raises(InputError, match=f"'a' .*such as '{late}'"):
            read_examples(path)
    else:
        found = imputed(path)
        assert found.X[-1, 0] == (1.0 if late == "NA" else float(late))
        assert found.n_examples == 3001


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a;b;y\n1;2;u\n3;4;v\n", "d.csv"),
        ("a\tb\ty\n1\t2\tu\n3\t4\tv\n", "d.csv"),
        ("a,b,y\n1,2,u\n3,4,v\n", "d.tsv"),
        ('"a";"b";y\n1;2;"u, or not"\n3;4;v\n', "d.csv"),
        ("a;b;y\n1;2;u,or,not\n3;4;v\n", "d.csv"),
    ],
)
def test_other_separators(text: str, name: str, put: Put) -> None:
    found = read_examples(put(text, name))
    assert found.X.tolist() == [[1, 2], [3, 4]]
    assert found.y is not None
    assert found.y[1] == "v"


def test_separator_by_the_ending_goes_first(put: Put) -> None:
    found = read_examples(put("a;b,y\n1,u;v\n2,w\n"))
    assert (found.feature_names, found.X.tolist()) == (("a;b",), [[1], [2]])


def test_blank_lines_at_the_end_are_no_examples(put: Put) -> None:
    found = imputed(put("a,y\n1,0\n2,1\n\n,\n\n"))
    assert found.X.tolist() == [[1], [2]]


def test_byte_order_mark_and_crlf(put: Put) -> None:
    found = read_examples(put(b"\xef\xbb\xbf\r\na,y\r\n1,0\r\n2,1\r\n"))
    assert (found.feature_names, found.X.tolist()) == (("a",), [[1], [2]])


def test_the_value_that_is_no_number_is_shown(put: Put) -> None:
    with pytest.raises(InputError, match=r"'a' \(String, such as '1,234'\)"):
        read_examples(put('a,y\n1.5,0\n,1\n"1,234",0\n'))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,y\n1,,0\n2,,1\n", "1 column without any value at all: 'b'; leave it out with drop"),
        ("a,b,y\n1,2,0\n2,inf,1\n", "column 'b', row 2 is inf"),
    ],
)
def test_no_means(text: str, message: str, put: Put) -> None:
    with pytest.raises(InputError, match=message):
        imputed(put(text))


def test_means_of_some_of_the_examples(put: Put) -> None:
    path = put("a,b,y\n1,2,0\n,4,1\n8,,0\n100,,1\n")
    found = imputed(path, np.arange(3))
    assert found.X.tolist() == [[1, 2], [4.5, 4], [8, 3], [100, 3]]
    assert found.fill is not None
    assert found.fill.tolist() == [4.5, 3]
    with pytest.raises(
        InputError, match="1 column without any value in the examples to train on: 'b'"
    ):
        imputed(path, np.array([3]))


def test_columns_of_a_model(put: Put) -> None:
    path = put("label,c,text,a,b\nx,3,?,1,2\ny,6,!,4,5\n")
    found = read_examples(path, features=("a", "c"))
    assert found.X.tolist() == [[1, 3], [4, 6]]
    assert found.feature_names == ("a", "c")
    assert found.y is not None
    without = read_examples(put("c,a\n3,1\n"), features=("a", "c"), target="b", need_labels=False)
    assert (without.X.tolist(), without.y, without.target) == ([[1, 3]], None, None)
    # A feature of the model that is called as targets are is none.
    feature = read_examples(put("y,label\n3,1\n"), features=["y"])
    assert (feature.X.tolist(), feature.target) == ([[3]], "label")


def test_names_that_polars_takes_for_patterns(put: Put) -> None:
    frame = pl.DataFrame({"*": [1.0], "^a.*$": [2.0], "ab": [3.0], "blank0": [4.0], "y": [0]})
    for name in ("d.csv", "d.parquet"):
        found = read_examples(put(frame, name), features=["^a.*$", "*"])
        assert found.X.tolist() == [[2, 1]]


def test_drop_and_target(put: Put) -> None:
    path = put(FRAME)
    found = read_examples(path, target="member", drop=["label", "income"])
    assert found.X.tolist() == [[31], [42], [53], [64]]
    assert found.y is not None
    assert found.y.tolist() == [True, False, True, True]


def test_reading_again(put: Put) -> None:
    first = imputed(put("b,a,kind\n1,2,0\n,4,1\n"), target="kind")
    second = read_examples(put("x,a,b\nu,,9\n"), need_labels=False, **first.reading())
    assert second.X.tolist() == [[9, 3]]
    assert second.fill is not None
    assert second.fill.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (["007", "08", "10"], ["007", "08", "10"]),
        (["7", "-01", "10"], ["7", "-01", "10"]),
        (["0", "7", "10"], [0, 7, 10]),
    ],
)
def test_labels_with_zeros_in_front_are_codes(
    words: list[str], labels: list[int | str], put: Put
) -> None:
    rows = "".join(f"1.5,{word}\n" for word in words)
    assert np.array(read_examples(put(f"x,y\n{rows}\n")).y).tolist() == labels
    alone = put("\n".join(words), "labels.txt")
    data = put(f"x,z\n{rows}", "features.csv")
    assert np.array(read_examples(data, labels=alone, drop=["z"]).y).tolist() == labels


@pytest.mark.parametrize("name", ["data.csv", "data.parquet"])
def test_labels_of_128_bits(name: str, put: Put) -> None:
    def read(first: int) -> object:
        labels = pl.Series([first, 5], dtype=pl.Int128)
        return read_examples(put(pl.DataFrame({"x": [1.0, 2.0], "y": labels}), name)).y

    assert np.array(read(2**62)).tolist() == [2**62, 5]
    with pytest.raises(InputError, match=r"column 'y': the label 1180591620717411303424 does not"):
        read(2**70)


def test_labels_with_gaps_count_as_none_where_none_are_needed(put: Put) -> None:
    path = put("a,y\n1,0\n2,\n")
    assert read_examples(path, need_labels=False).y is None
    with pytest.raises(InputError, match="column 'y': 1 label is missing, the first in row 2"):
        read_examples(path)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "the file is empty"),
        ("\n\n", {}, "the file is empty; the first line must name the columns"),
        ("a,y\n", {}, "holds no row"),
        ("a\n1\n", {}, "only one column, 'a'"),
        ("a|y\n1|2\n", {}, r"only one column, 'a\|y'.*separated by commas, semicolons or tabs"),
        ("a;y\n1\n", {}, "only one column, 'a;y'"),
        ("a;b\ty\n1;2\t3\n", {}, "only one column"),  # either might be meant
        ("a;b;y\n1;2,5;u\n2;NA;v\n", {}, r"1 column holds .* commas: 'b' \(.*'2,5'\); write"),
        ("a,b\n1,2\n", {}, "no column is called target, label, class, y.*target.*'a', 'b'"),
        ("0.5,1\n1,2\n", {}, "the first line holds only numbers"),
        ("a,y,Label\n1,2,3\n", {}, "columns 'y', 'Label' could all hold the labels.*target"),
        ("a,y\n1,2\n", {"target": "z"}, "no column 'z'; the columns are 'a', 'y'"),
        ("a,y\n1,2\n", {"drop": ["z"]}, "no column 'z' to drop; the columns are 'a', 'y'"),
        ("a,y\n1,2\n", {"drop": ["a"]}, "no feature column is left"),
        ("a,b,a,b,y\n1,2,3,4,5\n", {}, "more than one column is called 'a', 'b'"),
        ("1,1,2\n1,2,3\n", {}, "more than one column is called '1'.*only numbers"),
        (",a,y\n0,1,2\n", {}, "'Unnamed: 1' has no name.*drop='Unnamed: 1'"),
        ("a,y\n1,2\n3,4,5\n", {}, "cannot be read as CSV .*as many values"),
        ("a,y\n1,2\n\n3,4\n", {}, "row 2 holds no value in any column"),
        ("a,y\n1,2.5\n", {}, "label of row 1 is 2.5"),
        ("a,b,c,y\n1,p,2024-01-05,0\n", {}, "2 columns.*'b' .*'p'.*'c' .*drop=NAME"),
        (
            "a,b,c,y\n1,,2,0\n,,3,1\n",
            {},
            r"2 of 3 columns .* of 2\): 'b' \(2\), 'a' \(1\); .*impute",
        ),
        ("a,b,y\n1,2,0\n2,1e999,1\n", {}, "column 'b', row 2 is inf"),
        ("a,y\n1,2\n", {"features": ["a", "b", "c"]}, "lacks 2 features of the model: 'b', 'c'"),
        ("a,y\n1,2\n", {"features": ["a", "y"], "target": "y"}, "'y' is a feature of the model"),
        ("a,y\n1,2\n", {"fill": [1.0, 2.0]}, "has 1 features.* are for 2"),
        ("a,b,y\n1,2,3\n", {"size": "2x2"}, "has 2 features; wanted are images of 2x2"),
        ("a,y\r1,2\r", {}, "cannot be read as CSV"),
    ],
)
def test_refused(text: str, options: dict[str, object], message: str, put: Put) -> None:
    path = put(text)
    with pytest.raises(InputError, match=f"(?s)^{path}.*{message}"):
        read_examples(path, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"\xff\xfea\0,\0y\0\n\0", "d.csv", "is not text in UTF-8"),
        (b"caf\xe9,y\n1,2\n", "d.csv", "is not text in UTF-8"),
        (b"a,y\n" + b"1,2\n" * 9000 + b"1,\xe9\n", "d.csv", "in UTF-8"),
        (b'a,y\n1,"2\n', "d.csv", "cannot be read as CSV"),
        (
            gzip.compress(b"a,y\n" + bytes(range(48, 58)) * 999, mtime=0)[:-30],
            "d.csv.gz",
            "gzip|CSV",
        ),
        (b"PAR1 and no more", "d.parquet", "is damaged or of another kind"),
        (b"a,y\n1,2\n", "d.arrow", "is damaged or of another kind"),
        (b"ARROW1\0\0", "d.arrow", "is damaged or of another kind"),
    ],
)
def test_damaged(content: bytes, name: str, message: str, put: Put) -> None:
    path = put(content, name)
    with pytest.raises(InputError, match=f"^{path}: .*({message})"):
        read_examples(path)


def test_pandas_index_is_no_feature(put: Put) -> None:
    frame = pl.DataFrame({"a": [1], "__index_level_0__": [7], "y": [0]})
    for name in ("d.parquet", "d.ipc"):
        found = read_examples(put(frame, name))
        assert found.X.tolist() == [[1]]
        assert found.index == ("__index_level_0__",)
    path = put(frame, "d.csv")
    with pytest.raises(InputError, match=r"'__index_level_0__' .*row index of pandas"):
        read_examples(path)
    assert read_examples(path, drop=["__index_level_0__"]).X.tolist() == [[1]]


def test_all_columns_that_are_no_numbers_are_named(put: Put) -> None:
    frame = pl.DataFrame({f"t{i}": ["u"] for i in range(12)} | {"y": [0]})
    with pytest.raises(InputError, match=r"12 columns .*'t0' \(String, such as 'u'\).* 8 more"):
        read_examples(put(frame, "d.parquet"))
