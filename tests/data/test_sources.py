import gzip
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from onelayer.data import Scaling, load, load_parts, sources
from onelayer.data.digits import N_TRAIN
from onelayer.data.download import MNIST
from onelayer.errors import InputError

Arrays = dict[str, np.ndarray]
Write = Callable[..., Path]

SHARED_MNIST = Path(__file__).parents[3] / "shared" / "data" / "mnist"


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    folder = Path(os.environ.get("ONELAYER_DATA") or SHARED_MNIST)
    if not folder.is_dir():
        pytest.skip(f"no MNIST files: ONELAYER_DATA names none and there is no {SHARED_MNIST}")
    return folder


def test_digits() -> None:
    train, validation = load("digits")
    assert (train.n_examples, validation.n_examples) == (N_TRAIN, 597) == (1200, 597)
    for part in (train, validation):
        assert part.X.dtype == np.uint8
        assert part.image_shape == (8, 8)
        assert part.classes == tuple(range(10))
        assert part.scaling == Scaling.from_range(0, 16)
        assert (part.X.min(), part.X.max()) == (0, 16)
        assert len(np.unique(part.y)) == 10
    # The start of scikit-learn's file: 0, 1, 2, ... and the first row of its first image.
    assert train.y[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert train.X[0, :8].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert validation.y[-3:].tolist() == [8, 9, 8]


def test_digits_are_the_default() -> None:
    assert load_parts()[0].n_examples == 1200
    train, validation = load(train=5, validation=7)
    assert (train.n_examples, validation.n_examples) == (5, 7)
    assert train.y.tolist() == [0, 1, 2, 3, 4]


def test_importing_the_package_does_not_import_scikit_learn() -> None:
    code = "import sys, onelayer.data; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("as_text", [False, True])
def test_folder(
    tiny: Arrays, write_folder: Write, packed: bool, dotted: bool, as_text: bool
) -> None:
    folder = write_folder(tiny, packed=packed, dotted=dotted)
    train, validation = load(str(folder) if as_text else folder)
    np.testing.assert_array_equal(train.X, np.arange(36).reshape(6, 6))
    assert train.y.tolist() == [3, 1, 1, 3, 1, 3]
    assert validation.y.tolist() == [7, 1, 3]
    for part in (train, validation):
        assert part.image_shape == (2, 3)
        assert part.classes == (1, 3, 7)
        assert all(type(c) is int for c in part.classes)


def test_scaling_comes_from_the_whole_training_file(tiny: Arrays, write_folder: Write) -> None:
    train, validation = load(write_folder(tiny), train=1, validation=2)
    assert train.X.max() == 5
    assert train.scaling == validation.scaling == Scaling.from_range(0, 35)
    assert train.classes == validation.classes == (1, 3, 7)
    assert validation.n_examples == 2


def test_raw_file_comes_before_a_packed_one(tiny: Arrays, write_folder: Write) -> None:
    packed = tiny | {"train-labels-idx1-ubyte": np.full(6, 9, dtype=np.uint8)}
    write_folder(packed, packed=True)
    train, _ = load(write_folder(tiny))
    assert train.y.tolist() == [3, 1, 1, 3, 1, 3]


def test_flat_examples_of_floats(tiny: Arrays, write_folder: Write) -> None:
    tiny["train-images-idx3-ubyte"] = np.linspace(-1, 3, 12, dtype=np.float32).reshape(6, 2)
    tiny["t10k-images-idx3-ubyte"] = np.zeros((3, 2), dtype=np.float32)
    train, validation = load(write_folder(tiny))
    assert [part.X.dtype for part in (train, validation)] == [np.dtype("f4"), np.dtype("f4")]
    assert train.image_shape is None
    assert train.scaling == Scaling.from_range(0, 3)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-labels-idx1-ubyte", np.zeros(5, "u1"), "5 labels for the 6 images"),
        ("t10k-labels-idx1-ubyte", np.zeros(4, "u1"), "4 labels for the 3 images"),
        ("train-labels-idx1-ubyte", np.zeros((6, 1), "u1"), "has 2 dimensions; labels have 1"),
        ("train-labels-idx1-ubyte", np.zeros(6, "f4"), "labels are whole numbers"),
        ("t10k-images-idx3-ubyte", np.ones((3, 3, 2), "u1"), "images are 3 x 2, .* are 2 x 3"),
        ("t10k-images-idx3-ubyte", np.ones((3, 6), "u1"), "images are 6, .* are 2 x 3"),
        ("train-images-idx3-ubyte", np.ones(6, "u1"), "has 1 dimensions; images have 3"),
        ("train-images-idx3-ubyte", np.ones((6, 1, 2, 3), "u1"), "has 4 dimensions"),
        ("train-images-idx3-ubyte", np.zeros((6, 2, 3), "u1"), "the images are blank"),
        ("train-images-idx3-ubyte", np.zeros((0, 2, 3), "u1"), "holds no values"),
        ("train-images-idx3-ubyte", np.full((6, 2, 3), np.nan), "not finite"),
        ("t10k-images-idx3-ubyte", np.full((3, 2, 3), np.inf), "not finite"),
    ],
)
def test_files_that_do_not_fit(
    tiny: Arrays, write_folder: Write, name: str, array: np.ndarray, message: str
) -> None:
    folder = write_folder(tiny | {name: array})
    with pytest.raises(InputError, match=f"^{folder / name}: .*{message}"):
        load(folder)


def test_missing_files_are_named(tiny: Arrays, write_folder: Write) -> None:
    folder = write_folder(tiny)
    (folder / "train-labels-idx1-ubyte").unlink()
    (folder / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(
        InputError, match="missing train-labels-idx1-ubyte, t10k-images-idx3-ubyte;"
    ):
        load(folder)


def test_damaged_file_is_named(tiny: Arrays, write_folder: Write) -> None:
    folder = write_folder(tiny)
    (folder / "t10k-labels-idx1-ubyte").write_bytes(b"<html>")
    with pytest.raises(InputError, match="t10k-labels-idx1-ubyte: starts with the bytes"):
        load(folder)


@pytest.mark.parametrize("source", ["digit", "/nowhere/at/all", "~nobody-of-this-name/data", None])
def test_unknown_source_names_the_known_ones(source: str) -> None:
    with pytest.raises(InputError, match="digits, mnist or"):
        load(source)


def test_file_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is not a folder"):
        load(tmp_path / "file")


@pytest.mark.parametrize("count", [0, -1, 1201, 1.5, True])
def test_impossible_train_count(count: int) -> None:
    with pytest.raises(InputError, match=rf"^data\.train: {count} .*1200 examples"):
        load("digits", train=count)


def test_impossible_validation_count() -> None:
    with pytest.raises(InputError, match=r"^data\.validation: 598 .*597 examples.*from 1 to 597"):
        load("digits", validation=598)


def test_mnist_is_read_from_the_named_folder(
    tiny: Arrays, write_folder: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "get_mnist", lambda: pytest.fail("looked into the cache"))
    monkeypatch.setenv("ONELAYER_DATA", str(write_folder(tiny)))
    assert load("mnist")[0].n_examples == 6


@pytest.mark.parametrize("exists", [False, True])
def test_named_folder_must_hold_the_files(
    exists: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path if exists else tmp_path / "absent"
    monkeypatch.setenv("ONELAYER_DATA", str(folder))
    with pytest.raises(InputError, match=f"^{folder}: .*ONELAYER_DATA"):
        load("mnist")


@pytest.mark.parametrize("value", [None, ""])
def test_mnist_without_a_named_folder_is_read_from_the_cache(
    value: str | None, tiny: Arrays, write_folder: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tiny, packed=True)
    monkeypatch.setattr(sources, "get_mnist", lambda: folder)
    if value is None:
        monkeypatch.delenv("ONELAYER_DATA", raising=False)
    else:
        monkeypatch.setenv("ONELAYER_DATA", value)
    assert load("mnist")[1].n_examples == 3


@pytest.mark.mnist
def test_mnist(mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONELAYER_DATA", str(mnist_folder))
    train, validation = load("mnist", train=20_000)
    assert (train.n_examples, validation.n_examples) == (20_000, 10_000)
    assert train.image_shape == (28, 28)
    assert train.X.dtype == np.uint8
    assert train.scaling == Scaling.from_range(0, 255)
    assert train.classes == tuple(range(10))
    assert train.y[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert validation.y[:8].tolist() == [7, 2, 1, 0, 4, 1, 4, 9]
    assert train.subset_of_classes([2, 3]).n_examples == 4005
    assert validation.subset_of_classes([2, 3]).n_examples == 2042


@pytest.mark.mnist
def test_known_hashes_are_those_of_the_files(mnist_folder: Path) -> None:
    for file in MNIST:
        path = mnist_folder / f"{file.name}.gz"
        content = (
            gzip.decompress(path.read_bytes())
            if path.exists()
            else path.with_suffix("").read_bytes()
        )
        assert len(content) == file.size
        assert hashlib.sha256(content).hexdigest() == file.sha256
