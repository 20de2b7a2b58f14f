"""Files that are damaged, lie about themselves or are no files give one message, and soon."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix, eye_array, random_array, save_npz

from onelayer.data import Dataset
from onelayer.data.files import limits, read_examples
from onelayer.data.files.panics import damage_named
from onelayer.data.idx_folder import load_idx_folder
from onelayer.errors import InputError, OnelayerError


def idx(array: np.ndarray, kind: int) -> bytes:
    sizes = b"".join(struct.pack(">I", side) for side in array.shape)
    return bytes([0, 0, kind, array.ndim]) + sizes + array.tobytes()


@pytest.fixture
def valid(tmp_path: Path) -> dict[str, Path]:
    """A small file of each kind."""
    source = np.random.default_rng(0)
    X, y = source.random((12, 4), np.float32), np.arange(12) % 3
    frame = pl.DataFrame(X, schema=list("abcd")).with_columns(y=pl.Series(y))
    paths = {
        ending: tmp_path / f"d.{ending}"
        for ending in ("npy", "npz", "safetensors", "csv", "parquet", "ipc", "arrow", "idx")
    }
    np.save(paths["npy"], X)
    np.savez(paths["npz"], X=X, y=y)
    save_file({"features": X, "labels": y}, paths["safetensors"])
    frame.write_csv(paths["csv"])
    frame.write_ipc(paths["ipc"])
    frame.write_ipc_stream(paths["arrow"])
    frame.write_parquet(paths["parquet"])
    paths["idx"].write_bytes(idx((255 * X).astype(np.uint8).reshape(12, 2, 2), 8))
    paths["sparse"] = tmp_path / "sparse.npz"
    save_npz(paths["sparse"], csr_matrix(random_array((12, 6), density=0.4, rng=source)))
    return paths


@pytest.mark.parametrize("kind", ["npy", "npz", "sparse", "safetensors", "csv", "arrow", "idx"])
def test_a_damaged_file_is_refused_or_read(kind: str, valid: dict[str, Path]) -> None:
    path, source = valid[kind], np.random.default_rng(1)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    refused = 0
    for _ in range(150):
        content = whole.copy()
        # Half of the damage is at the start, where headers are.
        most = len(content) if source.random() < 0.5 else min(len(content), 128)
        places = source.integers(0, most, source.integers(1, 5))
        content[places] = source.integers(0, 256, len(places))
        if source.random() < 0.3:
            content = content[: source.integers(0, len(content))]
        path.write_bytes(content.tobytes())
        said = ""
        try:
            read_examples(path, need_labels=False)
        except OnelayerError as error:
            said = str(error)
            refused += 1
        assert not said or str(path) in said
    assert refused > 5


@pytest.mark.parametrize("length", [5, 600, -1])
def test_a_parquet_file_that_is_cut_off(
    length: int, valid: dict[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    valid["parquet"].write_bytes(valid["parquet"].read_bytes()[:length])
    with pytest.raises(InputError, match="is damaged or of another kind"):
        read_examples(valid["parquet"])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["parquet", "ipc", "arrow"])
def test_what_polars_prints_of_a_damaged_table_is_not_seen(
    kind: str, valid: dict[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    path, source = valid[kind], np.random.default_rng(3)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    refused = 0
    for _ in range(300):
        content = whole.copy()
        places = source.integers(0, len(content), source.integers(1, 5))
        content[places] = source.integers(0, 256, len(places))
        path.write_bytes(content.tobytes())
        try:
            read_examples(path, need_labels=False)
        except InputError:
            refused += 1
    assert refused > 50
    assert capfd.readouterr().err == ""


def test_what_others_print_while_a_table_is_read_is_passed_on(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with damage_named("d.parquet"):
        os.write(2, b"a line of another thread\n")
        assert capfd.readouterr().err == ""
    assert capfd.readouterr().err == "a line of another thread\n"


def test_what_is_printed_before_an_error_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with damage_named("d.parquet"):
            os.write(2, b"thread panicked")
            raise OSError("no room")

    with pytest.raises(InputError, match=r"^d\.parquet: is damaged .*no room"):
        fail()
    assert capfd.readouterr().err == ""


def test_files_under_the_name_of_another_kind(valid: dict[str, Path], tmp_path: Path) -> None:
    one, many = tmp_path / "one.npz", tmp_path / "many.npy"
    one.write_bytes(valid["npy"].read_bytes())
    many.write_bytes(valid["npz"].read_bytes())
    with pytest.raises(InputError, match=r"one\.npz: is no archive of arrays.* name it \.npy"):
        read_examples(one)
    with pytest.raises(InputError, match=r"many\.npy: cannot be read"):
        read_examples(many, need_labels=False)


def test_a_member_that_is_no_array(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("X", b"not an array")
    with pytest.raises(InputError, match="X is no array"):
        read_examples(tmp_path / "d.npz", need_labels=False)


def test_an_archive_that_expands_beyond_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez_compressed(tmp_path / "d.npz", X=np.zeros((3000, 1000)), y=np.arange(3000) % 2)
    assert os.path.getsize(tmp_path / "d.npz") < 1e6
    assert read_examples(tmp_path / "d.npz").n_examples == 3000
    monkeypatch.setattr(limits, "available_memory", lambda: 1e7)
    with pytest.raises(InputError, match=r"expands to 0\.0 GB, and 0\.0 GB of memory are free"):
        read_examples(tmp_path / "d.npz")


def test_a_packed_table_that_expands_beyond_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "d.csv.gz"
    path.write_bytes(gzip.compress(b"a,y\n" + b"1,0\n2,1\n" * 500_000))
    assert read_examples(path).n_examples == 1_000_000
    monkeypatch.setattr(limits, "available_memory", lambda: 1e6)
    with pytest.raises(InputError, match=r"d\.csv\.gz: expands to"):
        read_examples(path)


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_a_header_of_millions_of_columns(tmp_path: Path, ending: str) -> None:
    path, content = tmp_path / f"d.{ending}", b"a," * 10_000_000
    path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    with pytest.raises(InputError, match="the first line is longer than 16,777,216 characters"):
        read_examples(path)


def test_a_packed_table_that_expands_to_an_endless_line(tmp_path: Path) -> None:
    path = tmp_path / "d.csv.gz"
    path.write_bytes(gzip.compress(b"a,y\n1,2\n" + b"0" * (80 << 20), 1))
    with pytest.raises(InputError, match="expands to a line longer than 16,777,216 characters"):
        read_examples(path)


def test_lines_of_a_packed_table_are_counted_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "d.csv.gz"
    monkeypatch.setattr(limits, "_SMALL", 0)
    monkeypatch.setattr(limits, "_PIECE", 7)
    monkeypatch.setattr(limits, "LONGEST_LINE", 20)
    path.write_bytes(gzip.compress(b"a,y\n" + b"1234567890123456,0\n" * 50))
    assert read_examples(path).n_examples == 50
    path.write_bytes(gzip.compress(b"a,y\n1,1\n" + b"1234567890123456789,0\n"))
    with pytest.raises(InputError, match="expands to a line longer than 20"):
        read_examples(path)


def test_a_header_of_more_columns_than_text_is_read_with(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("y," + ",".join(map(str, range(250_000))) + "\n")
    with pytest.raises(InputError, match=r"names 250,001 columns, .* up to 250,000; .* \.npy"):
        read_examples(tmp_path / "d.csv")
    (tmp_path / "d.csv").write_text("," * 250_000 + "\n")
    with pytest.raises(InputError, match=r"names 250,001 columns"):
        read_examples(tmp_path / "d.csv")


def test_a_small_parquet_file_of_very_many_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column of one value takes a few bytes on the disk, and many in memory."""
    n = 300_000
    frame = pl.DataFrame({"a": np.zeros(n), "b": np.zeros(n), "y": np.zeros(n, np.int64)})
    frame.write_parquet(tmp_path / "d.parquet")
    assert (tmp_path / "d.parquet").stat().st_size < 50_000
    monkeypatch.setattr(limits, "available_memory", lambda: 24 * n - 1)
    with pytest.raises(InputError, match=r"d\.parquet: expands to 0\.0 GB"):
        read_examples(tmp_path / "d.parquet")
    monkeypatch.setattr(limits, "available_memory", lambda: 24 * n)
    assert read_examples(tmp_path / "d.parquet").n_examples == n


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "images" / "a").mkdir(parents=True)
    os.mkfifo(tmp_path / "images" / "a" / "1.png")
    os.mkfifo(tmp_path / "d.csv")
    with pytest.raises(InputError, match=r"images/a: '1\.png' are no files of their own"):
        read_examples(tmp_path / "images")
    with pytest.raises(InputError, match=r"d\.csv: is not a file"):
        read_examples(tmp_path / "d.csv")


@pytest.mark.parametrize("part", ["train", "test"])
def test_parts_of_an_idx_folder_are_of_one_type(tmp_path: Path, part: str) -> None:
    images, labels = np.full((6, 2, 2), 200, np.uint8), np.arange(6, dtype=np.uint8) % 2
    for name in ("train", "t10k"):
        kind = 9 if name == "t10k" else 8  # 9: signed bytes, of which 200 is -56
        (tmp_path / f"{name}-images-idx3-ubyte").write_bytes(idx(images, kind))
        (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels, 8))
    with pytest.raises(InputError, match=r"images.* of type int8, .* of type uint8"):
        read_examples(tmp_path, part=part)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(images, 8))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(labels, 9))
    with pytest.raises(InputError, match=r"labels.* of type int8, .* of type uint8"):
        read_examples(tmp_path, part=part)
    with pytest.raises(InputError, match=r"labels.* of type int8, .* of type uint8"):
        load_idx_folder(tmp_path)


@pytest.mark.parametrize("word", ["nan", "NaN", " nan "])
@pytest.mark.parametrize("kind", ["table", "text"])
def test_a_label_that_is_no_number_is_missing(tmp_path: Path, word: str, kind: str) -> None:
    if kind == "table":
        (tmp_path / "d.csv").write_text(f"a,y\n1,u\n2,{word}\n3,v\n")
        found = {"path": tmp_path / "d.csv"}
    else:
        np.save(tmp_path / "d.npy", np.zeros((3, 2)))
        (tmp_path / "y.txt").write_text(f"u\n{word}\nv\n")
        found = {"path": tmp_path / "d.npy", "labels": tmp_path / "y.txt"}
    with pytest.raises(InputError, match="1 label is missing, the first in row 2"):
        read_examples(**found)  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", [["u", None], ["u", " NaN"], ["u", " "], [1.0, float("nan")]])
def test_missing_labels_are_the_same_in_every_table(labels: list[object], tmp_path: Path) -> None:
    pl.DataFrame({"a": [1, 2], "y": labels}).write_parquet(tmp_path / "d.parquet")
    with pytest.raises(InputError, match="column 'y': 1 label is missing, the first in row 2"):
        read_examples(tmp_path / "d.parquet")
    assert read_examples(tmp_path / "d.parquet", need_labels=False).y is None


@pytest.mark.parametrize("word", ["NA", "null", "?"])
def test_a_word_for_a_missing_number_among_numbers_is_a_missing_label(
    word: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "d.npy", np.zeros((3, 2)))
    (tmp_path / "y.txt").write_text(f"1\n{word}\n2\n")
    with pytest.raises(InputError, match="1 label is missing, the first in row 2"):
        read_examples(tmp_path / "d.npy", labels=tmp_path / "y.txt")
    (tmp_path / "y.txt").write_text(f"none\n{word}\nsome\n")
    found = read_examples(tmp_path / "d.npy", labels=tmp_path / "y.txt").y
    assert found is not None
    assert found.tolist() == ["none", word, "some"]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**70])
def test_a_number_beyond_64_bits_is_no_label(number: int, tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.zeros((2, 2)))
    (tmp_path / "y.txt").write_text(f"0\n{number}\n")
    with pytest.raises(InputError, match=f"the label {number} does not fit 64 bits"):
        read_examples(tmp_path / "d.npy", labels=tmp_path / "y.txt")
    with pytest.raises(InputError, match=f"y: the label {number} does not fit 64 bits"):
        Dataset(np.eye(2), [0, number])


def test_labels_beyond_64_bits(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", X=np.zeros((2, 2)), y=np.array([0, 2**63], np.uint64))
    with pytest.raises(InputError, match=r"the label 9223372036854775808 does not fit 64 bits"):
        read_examples(tmp_path / "d.npz")


@pytest.mark.parametrize("kind", ["csr", "csc", "bsr", "coo"])
@pytest.mark.parametrize("index", [10**9, -1])
def test_sparse_indices_out_of_range(kind: str, index: int, tmp_path: Path) -> None:
    # SciPy converts such a matrix by writing where its indices point.
    X = eye_array(4).asformat(kind).astype(float)
    (X.row if kind == "coo" else X.indices)[1] = index
    with pytest.raises(InputError, match=f"X: the sparse matrix is damaged .the index {index} "):
        Dataset(X, [0, 1, 0, 1])
    save_npz(tmp_path / "d.npz", X)
    with pytest.raises(InputError, match=r"d\.npz: the sparse matrix is damaged"):
        read_examples(tmp_path / "d.npz", need_labels=False)


@pytest.mark.parametrize("kind", ["csr", "csc", "bsr"])
@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (1, 3, "indptr does not ascend from 0"),
        (0, 1, "indptr does not ascend from 0"),
        (4, 10**9, "indptr ends at 1000000000, for 4 indices and 4 values"),
    ],
)
def test_sparse_pointers_that_do_not_ascend_or_end_beyond(
    kind: str, place: int, value: int, reason: str
) -> None:
    X = eye_array(4).asformat(kind).astype(float)
    X.indptr[place] = value
    with pytest.raises(InputError, match=f"X: the sparse matrix is damaged .{reason}"):
        Dataset(X, [0, 1, 0, 1])


def test_a_small_sparse_file_that_claims_many_rows(tmp_path: Path) -> None:
    # As coordinates these take no room in the file, and as rows 8 TB.
    zero = np.zeros(1, np.int64)
    np.savez(
        tmp_path / "d.npz", format=b"coo", shape=np.array([2**40, 2]), data=np.ones(1), row=zero,
        col=zero,
    )  # fmt: skip
    with pytest.raises(InputError, match=r"d\.npz: a matrix of the shape .* needs more than the"):
        read_examples(tmp_path / "d.npz", need_labels=False)


def test_a_member_that_claims_more_values_than_there_are(tmp_path: Path) -> None:
    content = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (2**45, 2)}
    np.lib.format.write_array_header_1_0(content, header)
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("X.npy", content.getvalue() + bytes(64))
    with pytest.raises(InputError, match=r"d\.npz: cannot be read"):
        read_examples(tmp_path / "d.npz", need_labels=False)


def test_a_sparse_file_that_claims_a_huge_shape(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "d.npz", format=b"csr", shape=np.array([1, 2**62]), data=np.ones(1),
        indices=np.zeros(1, np.int64), indptr=np.array([0, 1]),
    )  # fmt: skip
    with pytest.raises(InputError, match="needs more than the memory"):
        read_examples(tmp_path / "d.npz", need_labels=False)
