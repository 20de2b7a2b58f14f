import json
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from files_material import imputed
from safetensors.numpy import save_file
from scipy import sparse

from onelayer.data.files import Examples, missing, read_examples
from onelayer.errors import InputError

X = np.arange(12, dtype=np.float32).reshape(4, 3)
Y = np.array([3, 1, 1, 3])


def save(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


@pytest.fixture
def y_path(tmp_path: Path) -> Path:
    return save(tmp_path / "y.npy", Y)


@pytest.fixture
def x_path(tmp_path: Path) -> Path:
    return save(tmp_path / "x.npy", X)


@pytest.mark.parametrize("dtype", ["u1", "f2", "f4", "f8", ">f4", "i8", "?"])
def test_npy_is_mapped_and_keeps_its_type(dtype: str, tmp_path: Path, y_path: Path) -> None:
    found = read_examples(save(tmp_path / "x.npy", X.astype(dtype)), labels=y_path)
    assert isinstance(found.X, np.memmap)
    assert not found.X.flags.writeable
    assert found.X.dtype == dtype
    np.testing.assert_array_equal(found.X, X.astype(dtype))
    np.testing.assert_array_equal(found.y, Y)
    assert found.y is not None
    assert not isinstance(found.y, np.memmap)
    assert (found.feature_names, found.image_shape, found.channels) == (None, None, None)


@pytest.mark.parametrize(
    ("shape", "image_shape", "channels"),
    [((4, 2, 3), (2, 3), 1), ((4, 2, 3, 1), (2, 3), 1), ((4, 2, 2, 3), (2, 2), 3)],
)
def test_images_are_flattened(
    shape: tuple[int, ...], image_shape: tuple[int, int], channels: int, tmp_path: Path
) -> None:
    images = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    found = read_examples(save(tmp_path / "x.npy", images), need_labels=False)
    assert isinstance(found.X, np.memmap)
    assert (found.image_shape, found.channels, found.y) == (image_shape, channels, None)
    np.testing.assert_array_equal(found.X, images.reshape(4, -1))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("y.npy", Y[:, None]),
        ("y.csv", "anything\n3\n1\n1\n3\n"),
        ("y.csv", "id,label\n7,3\n8,1\n9,1\n10,3\n"),
        ("y.parquet", pl.DataFrame({"u": Y})),
        ("y.txt", "3\n1\n1\n3\n"),
        ("y.txt", "\ufeff3.0e+00 \r\n 1.0\r\n1\r\n3\r\n\r\n"),
        ("y-idx1-ubyte", bytes([0, 0, 8, 1, 0, 0, 0, 4, 3, 1, 1, 3])),
    ],
)
def test_labels_in_a_file(name: str, content: Any, tmp_path: Path, x_path: Path) -> None:
    path = tmp_path / name
    if isinstance(content, str):
        path.write_text(content, newline="")
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, pl.DataFrame):
        content.write_parquet(path)
    else:
        np.save(path, content)
    found = read_examples(x_path, labels=path)
    assert found.y is not None
    assert found.y.tolist() == Y.tolist()
    assert found.y.dtype.kind in "iu"


def test_words_as_labels(tmp_path: Path, x_path: Path) -> None:
    (tmp_path / "y.txt").write_text("red\n1_0\n1\nblue\n")
    found = read_examples(x_path, labels=tmp_path / "y.txt")
    assert found.y is not None
    assert found.y.tolist() == ["red", "1_0", "1", "blue"]
    (tmp_path / "y.txt").write_text("1_0\n2\n3\n4\n")  # 10 to Python, not to people
    found = read_examples(x_path, labels=tmp_path / "y.txt")
    assert found.y is not None
    assert found.y.tolist() == ["1_0", "2", "3", "4"]


def test_labels_beside_a_table(tmp_path: Path, y_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n5,6\n7,8\n")
    found = read_examples(tmp_path / "x.csv", labels=y_path)
    assert (found.feature_names, found.target) == (("a", "b"), None)
    (tmp_path / "x.csv").write_text("a,label\n1,2\n3,4\n5,6\n7,8\n")
    with pytest.raises(InputError, match=r"'label' seems to hold labels.*drop one"):
        read_examples(tmp_path / "x.csv", labels=y_path)
    assert read_examples(tmp_path / "x.csv", labels=y_path, drop=["label"]).n_features == 1


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (("X", "y"), "train"),
        (("features", "labels"), "test"),
        (("data", "target"), "train"),
        (("images", "targets"), "train"),
        (("x_test", "y_test"), "test"),
        (("train_images", "train_labels"), "train"),
    ],
)
def test_npz(names: tuple[str, str], part: str, tmp_path: Path) -> None:
    arrays = {names[0]: X, names[1]: Y[:, None], "x_other": X, "y_other": Y}
    np.savez_compressed(tmp_path / "d.npz", allow_pickle=False, **arrays)
    found = read_examples(tmp_path / "d.npz", part=part)
    np.testing.assert_array_equal(found.X, X)
    np.testing.assert_array_equal(found.y, Y)


def test_npz_with_both_parts(tmp_path: Path) -> None:
    arrays = {"x_train": X, "y_train": Y, "x_test": X[:2], "y_test": Y[:2]}
    np.savez(tmp_path / "d.npz", allow_pickle=False, **arrays)
    assert read_examples(tmp_path / "d.npz").n_examples == 4
    assert read_examples(tmp_path / "d.npz", part="test").n_examples == 2


def test_npz_with_one_array_and_labels_in_a_file(tmp_path: Path, y_path: Path) -> None:
    np.savez(tmp_path / "d.npz", X)
    assert read_examples(tmp_path / "d.npz", labels=y_path).n_features == 3
    np.savez(tmp_path / "d.npz", X=X, y=Y[::-1])
    np.testing.assert_array_equal(read_examples(tmp_path / "d.npz", labels=y_path).y, Y)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_sparse(kind: str, tmp_path: Path, y_path: Path) -> None:
    matrix = sparse.random_array((4, 6), density=0.4, format=kind, rng=0)
    sparse.save_npz(tmp_path / "x.npz", matrix)
    found = read_examples(tmp_path / "x.npz", labels=y_path)
    assert isinstance(found.X, sparse.csr_array)
    assert found.X.has_canonical_format
    np.testing.assert_array_equal(found.X.toarray(), matrix.toarray())
    np.testing.assert_array_equal(found.y, Y)
    assert found.n_features == 6


def test_sparse_with_a_place_named_twice(tmp_path: Path) -> None:
    matrix = sparse.csr_array(([1.0, 2.0, 5.0], [2, 0, 2], [0, 3]), shape=(1, 3))
    sparse.save_npz(tmp_path / "x.npz", matrix)
    found = read_examples(tmp_path / "x.npz", need_labels=False)
    assert isinstance(found.X, sparse.csr_array)
    assert found.X.indices.tolist() == [0, 2]
    assert found.X.data.tolist() == [2, 6]


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_sparse_with_a_value_that_is_not_finite(value: float, tmp_path: Path) -> None:
    matrix = sparse.csr_array(np.array([[0, 1.0], [0, 0], [2, value]]))
    sparse.save_npz(tmp_path / "x.npz", matrix)
    with pytest.raises(InputError, match=rf"1 values .*X\[2, 1\] = {value}"):
        read_examples(tmp_path / "x.npz", need_labels=False)


def test_sparse_with_indices_out_of_range(tmp_path: Path) -> None:
    arrays = {"data": [1.0], "indices": [7], "indptr": [0, 1], "shape": [1, 3], "format": b"csr"}
    np.savez(tmp_path / "x.npz", allow_pickle=False, **{k: np.array(v) for k, v in arrays.items()})
    with pytest.raises(InputError, match="the sparse matrix is damaged"):
        read_examples(tmp_path / "x.npz", need_labels=False)


def test_sparse_needs_labels_and_is_not_filled(tmp_path: Path, y_path: Path) -> None:
    sparse.save_npz(tmp_path / "x.npz", sparse.eye_array(4, format="csr"))
    with pytest.raises(InputError, match=r"comes without labels.*labels=FILE"):
        read_examples(tmp_path / "x.npz")
    with pytest.raises(InputError, match="impute does not fill sparse"):
        imputed(tmp_path / "x.npz", labels=y_path)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.uint8])
def test_safetensors(dtype: type, tmp_path: Path) -> None:
    path = tmp_path / "e.safetensors"
    save_file({"features": X.astype(dtype), "labels": Y}, path)
    found = read_examples(path)
    assert found.X.dtype == dtype
    np.testing.assert_array_equal(found.X, X)
    np.testing.assert_array_equal(found.y, Y)


def test_safetensors_have_the_names_of_arrays(tmp_path: Path) -> None:
    path = tmp_path / "e.safetensors"
    save_file({"X_test": X, "y_test": Y, "X_train": X[:1] + 1, "y_train": Y[:1]}, path)
    np.testing.assert_array_equal(read_examples(path).X, X[:1] + 1)
    np.testing.assert_array_equal(read_examples(path, part="test").y, Y)


def write_tensors(path: Path, tensors: dict[str, tuple[str, list[int], bytes]]) -> None:
    """Write safetensors by hand, for types that NumPy lacks."""
    header, data = {}, b""
    for name, (kind, shape, content) in tensors.items():
        offsets = [len(data), len(data) + len(content)]
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": offsets}
        data += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    values = np.array([[1, -2.5, 3e38], [0, 0.0078125, -1e-30]], np.float32)
    upper = (values.view(np.uint32) >> 16).astype("<u2")
    labels = struct.pack("<2q", 5, -7)
    path = tmp_path / "e.safetensors"
    tensors = {"labels": ("I64", [2], labels), "features": ("BF16", [2, 3], upper.tobytes())}
    write_tensors(path, tensors)
    found = read_examples(path)
    assert found.X.dtype == np.float32
    np.testing.assert_allclose(found.X, values, rtol=2**-7)
    assert not (found.X.view(np.uint32) & 0xFFFF).any()
    assert found.y is not None
    assert found.y.tolist() == [5, -7]


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            {"features": ("F32", [1, 2], bytes(8))},
            "with labels: none is called y, labels, .* labels",
        ),
        ({"x2": ("F32", [1, 2], bytes(8))}, "features: none is called x, features, .* holds 'x2'"),
        ({}, "it holds none"),
        (
            {"features": ("F8_E4M3", [1, 2], bytes(2)), "labels": ("I64", [1], bytes(8))},
            "F8_E4M3, which cannot be read",
        ),
        ({"features": ("F32", [9, 2], bytes(8))}, "is damaged or no safetensors file"),
    ],
)
def test_safetensors_refused(tensors: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "e.safetensors"
    write_tensors(path, tensors)
    with pytest.raises(InputError, match=f"^{path}: .*{message}"):
        read_examples(path)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(4), r"shape \(4,\)"),
        (np.zeros((4, 2, 2, 2)), r"shape \(4, 2, 2, 2\)"),
        (np.zeros((0, 3)), "cannot be read|there are none"),
        (np.zeros((4, 3), complex), "type complex128"),
        (np.array([["a"]]), "type <U1"),
        (np.array([[{}]], object), "without Python objects"),
        (np.zeros((3, 2)), r"y.npy: 4 labels for the 3 examples of .*x.npy"),
        (np.zeros((5, 2)), "4 labels for the 5 examples .*first line of a table"),
    ],
)
def test_features_refused(array: np.ndarray, message: str, tmp_path: Path, y_path: Path) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        read_examples(save(tmp_path / "x.npy", array), labels=y_path)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.eye(4), r"shape \(4, 4\).*argmax"),
        (np.array([1, 2.5, 0, 0]), "label of row 2 is 2.5"),
        (np.array([1, np.nan, np.nan, 0]), "2 labels are missing, the first in row 2"),
        (np.array([1, np.inf, 0, 0]), "label of row 2 is inf"),
        (np.array([b"a"] * 4), r"type \|S1"),
        (np.array([1, 2, 3]), "3 labels for the 4 examples"),
        (np.array([], int), "no labels|cannot be read"),
    ],
)
def test_labels_refused(labels: np.ndarray, message: str, tmp_path: Path, x_path: Path) -> None:
    path = save(tmp_path / "y.npy", labels)
    with pytest.raises(InputError, match=f"(?s)^{path}: .*({message})"):
        read_examples(x_path, labels=path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("y.txt", "1\n\n2\n3\n", "1 label is missing, the first in row 2"),
        ("y.txt", "1\n2.5\n2\n3\n", "label of row 2 is 2.5"),
        ("y.txt", "\n\n", "there are no labels"),
        ("y.csv", "a,b\n1,2\n", "not clear; the columns are 'a', 'b'.*target"),
        ("y.csv", "y,label\n1,2\n", "not clear"),
        ("y.json", "[]", "files with this ending are not read; .*.txt"),
        ("y-idx1-ubyte", "text", "starts with the bytes"),
        ("y.npy", "text", "cannot be read"),
        ("y.npy", "", "the file is empty"),
    ],
)
def test_label_files_refused(
    name: str, text: str, message: str, tmp_path: Path, x_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=f"^{tmp_path / name}: .*{message}"):
        read_examples(x_path, labels=tmp_path / name)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": X, "y": Y}, "no array with features: none is called x, .*holds 'a', 'y'"),
        ({"X": X}, "no array with labels: .*labels=FILE"),
        ({"X": X, "features": X, "y": Y}, "arrays 'X', 'features' could all be meant"),
        ({"X": X, "y": np.array([{}] * 4)}, "without Python objects"),
    ],
)
def test_npz_refused(arrays: Any, message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(InputError, match=f"d.npz: .*{message}"):
        read_examples(tmp_path / "d.npz")


def gaps(dtype: str = "f4") -> np.ndarray:
    array = np.array([[1, np.nan, 3], [np.nan, np.nan, 6], [3, 4, 9]], dtype)
    return np.tile(array, (50, 1))


@pytest.fixture(params=[1 << 24, 64])
def block_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing, "_BLOCK_BYTES", request.param)


@pytest.mark.usefixtures("block_bytes")
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_missing_values_in_arrays(dtype: str, tmp_path: Path) -> None:
    path = save(tmp_path / "x.npy", gaps(dtype))
    with pytest.raises(InputError, match=r"2 of 3 columns .*of 150\): 1 \(100\), 0 \(50\); fill"):
        read_examples(path, need_labels=False)
    found = imputed(path, need_labels=False)
    expected = np.tile(np.array([[1, 4, 3], [2, 4, 6], [3, 4, 9]]), (50, 1))
    np.testing.assert_array_equal(found.X, expected)
    assert found.X.dtype == dtype
    assert found.fill is not None
    assert found.fill.tolist() == [2, 4, 6]
    with_model = read_examples(path, need_labels=False, fill=[9, 8, 7])
    np.testing.assert_array_equal(with_model.X[1], [9, 8, 6])
    assert np.isnan(np.load(path)).any()  # the file itself stays as it is


@pytest.mark.usefixtures("block_bytes")
def test_infinite_value_in_an_array(tmp_path: Path) -> None:
    array = gaps()
    array[77, 2] = -np.inf
    with pytest.raises(InputError, match=r"X\[77, 2\] is -inf"):
        imputed(save(tmp_path / "x.npy", array), need_labels=False)


def test_columns_without_values_and_means_too_large(tmp_path: Path) -> None:
    array = np.array([[1.0, np.nan], [2.0, np.nan]])
    with pytest.raises(InputError, match="1 column without any value at all: 1"):
        imputed(save(tmp_path / "x.npy", array), need_labels=False)
    path = save(tmp_path / "x.npy", np.full((2, 2), 1.5e308))
    with pytest.raises(InputError, match="too large for a mean"):
        imputed(path, need_labels=False)
    # The model's values do not fit float16, so that the array becomes wider.
    found = read_examples(
        save(tmp_path / "x.npy", array.astype("f2")), need_labels=False, fill=[0, 1e6]
    )
    assert found.X.tolist() == [[1, 1e6], [2, 1e6]]


def test_means_of_whole_numbers(tmp_path: Path) -> None:
    path = save(tmp_path / "x.npy", np.array([[1, 2], [2, 255]], np.uint8))
    found = imputed(path, need_labels=False)
    assert isinstance(found.X, np.memmap)
    assert found.fill is not None
    assert found.fill.tolist() == [1.5, 128.5]


def test_a_large_map_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(50_000, 1000)).flush()
    tracemalloc.start()
    try:
        found = imputed(path, need_labels=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(found.X, np.memmap)
    assert found.X.nbytes == 100_000_000
    assert peak < 20_000_000


def test_reading_with_the_wishes_of_a_model(tmp_path: Path) -> None:
    path = save(tmp_path / "x.npy", np.zeros((2, 12), np.uint8))
    found: Examples = read_examples(path, need_labels=False, image_shape=[2, 6])
    assert (found.image_shape, found.channels) == ((2, 6), 1)
    found = read_examples(path, need_labels=False, image_shape=[2, 2], channels=3)
    assert found.reading() == {
        "target": None,
        "features": None,
        "fill": None,
        "size": None,
        "image_shape": [2, 2],
        "channels": 3,
    }
    with pytest.raises(InputError, match="has 12 features; wanted are images of 5x2"):
        read_examples(path, need_labels=False, image_shape=[2, 5])
    with pytest.raises(InputError, match="has 12 features, the model 3"):
        read_examples(path, need_labels=False, features=["a", "b", "c"])
    images = save(tmp_path / "i.npy", np.zeros((2, 3, 4), np.uint8))
    with pytest.raises(InputError, match=r"has images of 4x3 .* wanted are images of 3x4"):
        read_examples(images, need_labels=False, image_shape=[4, 3])
    with pytest.raises(InputError, match="has images of 4x3 with 1 values"):
        read_examples(images, need_labels=False, channels=3)
