"""What is wrong with data in blocks is said in one message: what, where, what to do."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sources_material import (
    DENSE,
    SPARSE,
    Array,
    Examples,
    Make,
    arrow_file,
    arrow_stream,
    arrow_table,
    feather_folder,
    memory_parquet,
    memory_shards,
    own_object,
    parquet_file,
    parquet_folder,
    polars_file,
    shards_compressed,
    shards_npz,
    shards_x_name,
    write_arrow,
    write_parquet,
)

from onelayer.data.blocks import Block, BlockSource
from onelayer.data.blocks.readers.open import as_block_source
from onelayer.data.blocks.readers.places import reached
from onelayer.data.blocks.readers.ranges import RangeFile
from onelayer.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.random((21, 5)).astype(np.float32)
Y: Array = RNG.integers(0, 3, 21)


def good(folder: Path) -> Examples:
    return Examples(folder, X, Y, (8, 8, 5))


def read_all(source: BlockSource) -> list[Block]:
    return [source.read_block(i) for i in range(len(source.block_lengths))]


def refused(pattern: str, work: Callable[[], object]) -> str:
    """Return the message, which is one line, names what the pattern says, and ends a sentence."""
    with pytest.raises(InputError, match=pattern) as caught:
        work()
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


SECOND: list[tuple[Make, str]] = [
    (shards_npz, "part-9.npz"),
    (shards_compressed, "9.npz"),
    (shards_x_name, "X-0001.npy"),
    (shards_x_name, "y-0001.npy"),
    (parquet_folder, "part.9.parquet"),
    (feather_folder, "9.feather"),
]
"""Kinds of several files, and the second file."""


@pytest.mark.parametrize(("make", "name"), SECOND)
def test_a_file_that_is_gone(make: Make, name: str, tmp_path: Path) -> None:
    source = make(good(tmp_path))
    (tmp_path / name).unlink()
    source.read_block(0)
    refused(f"{name}: is gone", lambda: source.read_block(1))


@pytest.mark.parametrize(("make", "name"), SECOND)
def test_a_file_that_is_cut_off_after_it_was_found(make: Make, name: str, tmp_path: Path) -> None:
    source = make(good(tmp_path))
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[:-10])
    refused(f"{name}: was changed .*bytes then", lambda: source.read_block(1))


@pytest.mark.parametrize(("make", "name"), SECOND)
def test_a_file_that_was_written_anew(make: Make, name: str, tmp_path: Path) -> None:
    source = make(good(tmp_path))
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content)  # of the same size
    refused(f"{name}: was changed", lambda: source.read_block(1))


@pytest.mark.parametrize("make", [*DENSE, *SPARSE], ids=lambda make: make.__name__)
def test_a_missing_value(make: Make, tmp_path: Path) -> None:
    if make is own_object:
        pytest.skip("its blocks are checked when they are first read")
    if make.__name__ in ("arrays", "memory_map", "csr"):
        pytest.skip("checked when they are first read; CSR at once")
    wrong = X.copy()
    wrong[9, 3] = np.nan
    source = make(Examples(tmp_path, wrong, Y, (8, 8, 5)))
    source.read_block(0)
    message = refused("(nan|missing); all values must be finite", lambda: source.read_block(1))
    # In a file of its own the row is the second, in one file the tenth.
    assert re.search(r"(row (2|10)\b.*'(f3|embedding\[3\])')|(example 1, feature 3\b)", message)


@pytest.mark.parametrize(("make", "name"), SECOND)
@pytest.mark.parametrize("keep", [0, 5, 0.3, 0.9, -1])
def test_a_file_that_is_not_whole(make: Make, name: str, keep: float, tmp_path: Path) -> None:
    make(good(tmp_path))
    content = (tmp_path / name).read_bytes()
    length = int(keep * len(content)) if isinstance(keep, float) else keep
    (tmp_path / name).write_bytes(content[:length])
    refused(name, lambda: as_block_source(tmp_path))


@pytest.mark.parametrize(
    ("make", "name"),
    [*SECOND, *((make, "all.arrow") for make in (arrow_file, arrow_stream, polars_file))],
)
def test_bytes_that_were_changed_are_refused_or_do_no_harm(
    make: Make, name: str, tmp_path: Path
) -> None:
    make(good(tmp_path))
    content = (tmp_path / name).read_bytes()
    rng = np.random.default_rng(1)
    refusals = 0
    for _ in range(60):
        changed = bytearray(content)
        begin = int(rng.integers(len(content) - 7))
        changed[begin : begin + 8] = rng.bytes(8)
        (tmp_path / name).write_bytes(changed)
        try:
            blocks = read_all(as_block_source(tmp_path))
        except InputError as error:
            assert name.split(".")[0] in str(error) or "all shards" in str(error)  # noqa: PT017
            refusals += 1
        else:
            assert [len(block.X) for block in blocks] == [8, 8, 5]
    assert refusals > 3


def test_elsewhere_a_file_is_gone_or_cut_off(tmp_path: Path) -> None:
    import fsspec

    system = fsspec.filesystem("memory")
    for make, name in (
        (memory_parquet, "/parquet/part.9.parquet"),
        (
            memory_shards,
            "/shards/part-9.npz",
        ),
    ):
        (folder := tmp_path / make.__name__).mkdir()
        source = make(good(folder))
        system.pipe_file(name, system.cat_file(name)[:-10])
        refused(f"memory://{name}: was changed", partial(source.read_block, 1))
        system.rm(name)
        refused(f"memory://{name}: is gone", partial(source.read_block, 1))


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    refused("memory://nowhere: there is no such", lambda: as_block_source("memory://nowhere"))
    refused("abc://x: is no address", lambda: as_block_source("abc://x"))
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    refused("gs://x/y: .*gcsfs", lambda: as_block_source("gs://x/y"))
    monkeypatch.setitem(sys.modules, "fsspec", None)
    refused(r"pip install 'onelayer\[large\]'", lambda: as_block_source("s3://x/y"))


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path) -> None:
    parquet_file(good(tmp_path))
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from onelayer.data.blocks.readers.open import as_block_source\n"
        f"try: as_block_source({str(tmp_path / 'all.parquet')!r})\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "needs the library pyarrow; install it with pip install 'onelayer[large]'." in (
        done.stdout
    ), done.stderr


def test_what_is_no_data(tmp_path: Path) -> None:
    listing = r"shards \(\.npz, \.npy\).*Parquet.*Arrow.*blocks\.json"
    refused("there is no such file or folder", lambda: as_block_source(tmp_path / "nowhere"))
    refused(f"holds no file.*{listing}", lambda: as_block_source(tmp_path))
    (tmp_path / "a.csv").write_text("a,b")
    refused(f"'a.csv'.*{listing}", lambda: as_block_source(tmp_path))
    refused(f"a.csv: is none .*{listing}", lambda: as_block_source(tmp_path / "a.csv"))
    refused("of type int is not read.*LazyFrame", lambda: as_block_source(3))
    shards_npz(good(tmp_path))
    parquet_file(good(tmp_path))
    refused(r"several kinds \(.npz and .parquet\)", lambda: as_block_source(tmp_path))


def test_arguments_that_do_not_go_with_the_data(tmp_path: Path) -> None:
    shards_npz(good(tmp_path))
    lazy = pl.LazyFrame({"a": [1.0], "y": [1]})
    refused("^target: .*no named columns", lambda: as_block_source(tmp_path, target="y"))
    refused("^drop: .*no named columns", lambda: as_block_source(tmp_path, drop=["a"]))
    refused("^y: ", lambda: as_block_source(tmp_path, y=Y))
    refused("^y: ", lambda: as_block_source(lazy, y=Y))
    refused("^block_length: ", lambda: as_block_source(tmp_path, block_length=3))
    refused("^target: ", lambda: as_block_source(X, y=Y, target="y"))
    lengths: tuple[Any, ...] = (0, 1.5)
    for length in lengths:
        refused("^block_length: ", partial(as_block_source, X, y=Y, block_length=length))
        refused("^block_length: ", partial(as_block_source, lazy, block_length=length))


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"X": X[:, :4], "y": Y}, "part-11.npz: features: 4, where part-8.npz has 5"),
        ({"X": X.astype(float), "y": Y}, "part-11.npz: values: float64, .* float32"),
        ({"X": X, "y": Y.astype(str)}, "part-11.npz: labels: strings, .* integers"),
        ({"X": X}, "part-11.npz: labels: none, .* integers"),
        ({"X": X, "lab": Y}, "part-11.npz: which of its arrays are the labels .*'lab.npy'"),
        ({"A": X, "y": Y}, "part-11.npz: which of its arrays are the features .*'A.npy'"),
        ({"X": X, "features": X, "y": Y}, "could all be meant"),
        ({"X": X, "y": Y[:5]}, r"labels have the shape \(5,\), .* 21 examples"),
        ({"X": X[:0], "y": Y[:0]}, r"shape \(0, 5\)"),
        ({"X": X[:, 0], "y": Y}, r"shape \(21,\)"),
        ({"X": X.astype(str), "y": Y}, "part-11.npz: values of type <U"),
        ({"X": X.astype(object), "y": Y}, "part-11.npz: .*Python objects"),
    ],
)
def test_shards_that_disagree_or_hold_something_else(
    arrays: dict[str, Any], says: str, tmp_path: Path
) -> None:
    shards_npz(good(tmp_path))
    np.savez(tmp_path / "part-11.npz", **arrays)
    refused(says, lambda: as_block_source(tmp_path))


def test_pairs_that_are_not_pairs(tmp_path: Path) -> None:
    shards_x_name(good(tmp_path))
    (tmp_path / "y-0001.npy").rename(tmp_path / "y-0007.npy")
    refused("y-0007.npy: holds labels, .* no file with their", lambda: as_block_source(tmp_path))
    (tmp_path / "y-0007.npy").unlink()
    refused("X-0001.npy: there is no file with its labels", lambda: as_block_source(tmp_path))
    (tmp_path / "X-0001.npy").rename(tmp_path / "0001.npy")
    refused("0001.npy: does not say whether .*NAME.X.npy", lambda: as_block_source(tmp_path))
    (tmp_path / "0001.npy").unlink()
    np.save(tmp_path / "0000.X.npy", X)
    refused("same shard", lambda: as_block_source(tmp_path))


def test_sparse_shards_that_are_damaged_or_stored_by_columns(tmp_path: Path) -> None:
    np.save(tmp_path / "a.y.npy", Y)
    sparse.save_npz(tmp_path / "a.npz", sparse.csc_array(X))
    refused("as csc.*tocsr", lambda: as_block_source(tmp_path))
    matrix = sparse.csr_array(X)
    matrix.indices[3] = 99
    sparse.save_npz(tmp_path / "a.npz", matrix)
    refused("a.npz: .*index 99", lambda: read_all(as_block_source(tmp_path)))


def table(column: str, values: Sequence[Any]) -> pa.Table:
    """Return the good table with another column."""
    whole = arrow_table(X, Y)
    place = whole.schema.get_field_index(column)
    if place < 0:
        return whole.append_column(column, pa.array(values))
    return whole.set_column(place, column, pa.array(values))


def with_one(value: Any, others: Any) -> list[Any]:
    """Return 21 values, of which the 13th is another."""
    return [*[others] * 12, value, *[others] * 8]


def lists(values: Sequence[Any]) -> pa.Table:
    return pa.table({"e": values, "y": Y.tolist()})


TWO = [1.0, 2.0]


@pytest.mark.parametrize(
    ("contents", "how", "says"),
    [
        (arrow_table(X, Y), {"target": "Lable"}, "no column 'Lable'; did you mean 'label'?"),
        (arrow_table(X, Y), {"target": "zzz"}, "no column 'zzz'; the columns are 'f0', "),
        (arrow_table(X, Y).drop_columns("label"), {}, "name the label column with target="),
        (arrow_table(X, Y), {"drop": ["zzz"]}, "no column 'zzz' to drop"),
        (table("name", ["a"] * 21), {}, r"does not hold numbers: 'name' \(String\)"),
        (table("s", [{"a": 1}] * 21), {}, "does not hold numbers: 's'"),
        (table("n", [None] * 21), {}, "row 1, column 'n' is missing"),
        (table("f2", with_one(None, 1.0)), {}, "row 13, column 'f2' is missing"),
        (table("f2", with_one(np.inf, 1.0)), {}, "row 13, column 'f2' is inf"),
        (table("label", with_one(None, 1)), {}, "'label': 1 label is missing, .* row 13"),
        (table("label", with_one("", "a")), {}, "'label': 1 label is missing, .* row 13"),
        (table("label", with_one(0.5, 1.0)), {}, "'label': the label of row 13 is 0.5"),
        (lists(with_one([1.0], TWO)), {}, "'e': the list of row 13 has 1 values"),
        (lists([*[TWO] * 8, *[[1.0]] * 8, *[TWO] * 5]), {}, "from row 9 on, .*another length"),
        (lists(with_one(None, TWO)), {}, "'e': row 13 has no list"),
        (lists(with_one([1.0, None], TWO)), {}, "'e': a value is missing in the list of row 13"),
        (lists([["a"]] * 21), {}, "'e': holds lists of the type String"),
        (
            pa.Table.from_arrays([pa.array(TWO)] * 3, ["a", "a", "y"]),
            {},
            "several columns are called 'a'",
        ),
    ],
)
def test_tables_that_cannot_be_read(
    contents: pa.Table, how: dict[str, Any], says: str, tmp_path: Path
) -> None:
    lengths = (8, 8, 5) if len(contents) == 21 else (len(contents),)
    write_parquet(tmp_path / "a.parquet", contents, lengths)
    message = refused(says, lambda: read_all(as_block_source(tmp_path / "a.parquet", **how)))
    assert "a.parquet" in message


def test_tables_that_differ(tmp_path: Path) -> None:
    parquet_folder(good(tmp_path))
    other = tmp_path / "part.11.parquet"
    write_parquet(other, arrow_table(X, Y).drop_columns("f2"), (21,))
    refused("part.11.parquet: the column 'f2' is missing", lambda: as_block_source(tmp_path))
    write_parquet(other, table("more", [1.0] * 21), (21,))
    refused("part.11.parquet: has the column 'more'", lambda: as_block_source(tmp_path))
    write_parquet(other, table("f2", [1.0] * 21), (21,))
    refused("'f2' is of type Float64.*part.8.parquet .*Float32", lambda: as_block_source(tmp_path))
    write_parquet(other, table("label", ["a"] * 21), (21,))
    refused("'label' is of type String", lambda: as_block_source(tmp_path))
    write_parquet(other, table("label", pa.array(Y.tolist(), pa.int8())), (21,))
    assert len(read_all(as_block_source(tmp_path))) == 4


def test_tables_without_rows(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", arrow_table(X, Y)[:0], (0,))
    refused("a.parquet: holds no row", lambda: as_block_source(tmp_path))
    refused("holds no row", lambda: as_block_source(pl.LazyFrame({"a": [], "y": []})))
    write_parquet(tmp_path / "b.parquet", arrow_table(X, Y), (0, 8, 0, 13, 0))
    assert as_block_source(tmp_path).block_lengths == (8, 13)


def test_queries_that_fail() -> None:
    lazy = pl.LazyFrame({"a": ["x"], "y": [1]}).with_columns(pl.col("a").cast(pl.Int64))
    refused("LazyFrame: the query failed", lambda: read_all(as_block_source(lazy)))
    lazy = pl.scan_parquet("nowhere.parquet")
    refused("LazyFrame: the query failed .*nowhere", lambda: as_block_source(lazy))


@pytest.mark.parametrize(
    ("member", "value", "says"),
    [
        ("n_features", "a", "Mine.n_features: 'a' is not a whole number"),
        ("n_features", 0, "Mine.n_features: 0 is out of range"),
        ("dtype", "zz", "Mine.dtype: 'zz' is no type"),
        ("dtype", np.int64, "Mine.dtype: values of type int64"),
        ("dtype", "U3", "Mine.dtype: values of type <U3"),
        ("block_lengths", (), r"Mine.block_lengths: \(\) is no list"),
        ("block_lengths", 5, "Mine.block_lengths: 5 is no list"),
        ("block_lengths", (3, 0), r"Mine.block_lengths\[1\]: 0 is out of range"),
        ("read_block", 5, "Mine.read_block: is no function"),
    ],
)
def test_objects_that_cannot_be_a_source(member: str, value: object, says: str) -> None:
    members = {"n_features": 3, "dtype": "f4", "block_lengths": (1, 2), "read_block": print}
    mine = type("Mine", (), members | {member: value})()
    refused(says, lambda: as_block_source(mine))
    del members[member]
    mine = type("Mine", (), members)()
    refused(f"the Mine has no {member}; a source of blocks", lambda: as_block_source(mine))


def test_arrays_that_do_not_fit() -> None:
    refused("21 examples and y has 4 labels", lambda: as_block_source(X, y=Y[:4]))
    refused("X: the shape is", lambda: as_block_source(X[:, 0], y=Y))
    refused("X: the rows differ in length", lambda: as_block_source([[1.0], [1.0, 2.0]], y=[0, 1]))
    refused("X: the shape is", lambda: as_block_source(X[:0], y=Y[:0]))
    refused("X: values of type <U", lambda: as_block_source(X.astype(str), y=Y))
    refused("y: labels of type float", lambda: as_block_source(X, y=Y + 0.5))


def test_a_stream_that_is_cut_off_anywhere(tmp_path: Path) -> None:
    """At the end of a batch nothing tells it from one that is whole."""
    lengths = arrow_stream(good(tmp_path)).block_lengths
    content = (tmp_path / "all.arrow").read_bytes()
    whole = set()
    for end in range(1, len(content) - 7):
        (tmp_path / "all.arrow").write_bytes(content[:end])
        try:
            found = as_block_source(tmp_path).block_lengths
        except InputError:
            continue
        whole.add(end)
        assert found == lengths[: len(found)]
    assert len(whole) == 3


def test_lists_that_lead_out_of_a_file(tmp_path: Path) -> None:
    arrow_lists_plain(good(tmp_path))
    content = (tmp_path / "all.ipc").read_bytes()
    offsets = np.arange(0, 41, 5, dtype=np.int32)
    assert content.count(offsets.tobytes()) == 2
    wrong = offsets.copy()
    wrong[4] = 1 << 30
    (tmp_path / "all.ipc").write_bytes(content.replace(offsets.tobytes(), wrong.tobytes()))
    refused("all.ipc: is damaged", lambda: read_all(as_block_source(tmp_path)))


def arrow_lists_plain(e: Examples) -> None:
    write_arrow(e.folder / "all.ipc", arrow_table(e.X, e.y, "open"), e.lengths)


def test_storage_that_gives_less_than_was_asked_for() -> None:
    class Storage:
        def cat_file(self, _path: str, start: int, end: int) -> bytes:
            return bytes(end - start - 1)

    file = RangeFile(Storage(), "a", "xy://a", 100)
    refused("xy://a: gave 49 bytes where 50", lambda: file.readinto(bytearray(50)))


def test_values_of_sparse_shards_that_are_there_twice(tmp_path: Path) -> None:
    parts = {"data": np.ones(3, "f4"), "indices": [1, 0, 1], "indptr": [0, 3], "shape": (1, 2)}
    np.savez(tmp_path / "a.npz", format="csr", y=[1], **parts)  # type: ignore[arg-type]
    block = as_block_source(tmp_path).read_block(0)
    assert block.X.indices.tolist() == [0, 1]
    assert block.X.toarray().tolist() == [[1, 2]]


def test_a_shard_that_may_not_be_read_is_named_as_any_file() -> None:
    said = "part-3: may not be read; check its permissions"
    with pytest.raises(InputError, match=f"^{said}"), reached("part-3", again=True):
        raise PermissionError(13, "Permission denied")
