from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from onelayer.data import Scaling
from onelayer.data.files import read_examples
from onelayer.errors import InputError

Arrays = dict[str, np.ndarray]
Write = Callable[..., Path]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
def test_one_file_with_labels(
    tiny: Arrays, write_folder: Write, packed: bool, dotted: bool
) -> None:
    folder = write_folder(tiny, packed=packed, dotted=dotted)
    images, labels = (next(folder.glob(pattern)) for pattern in ("train-images*", "train-labels*"))
    found = read_examples(images, labels=labels)
    np.testing.assert_array_equal(found.X, np.arange(36).reshape(6, 6))
    assert found.X.dtype == np.uint8
    assert found.y is not None
    assert found.y.tolist() == [3, 1, 1, 3, 1, 3]
    assert (found.image_shape, found.channels) == ((2, 3), 1)
    assert read_examples(images, need_labels=False).y is None
    with pytest.raises(InputError, match="holds no labels; give them with labels=FILE"):
        read_examples(images)


def test_folder(tiny: Arrays, write_folder: Write) -> None:
    folder = write_folder(tiny, packed=True)
    assert read_examples(folder).n_examples == 6
    found = read_examples(str(folder), part="test")
    assert found.y is not None
    assert found.y.tolist() == [7, 1, 3]
    assert (found.X == 200).all()
    assert found.image_shape == (2, 3)


def test_folder_with_one_part(tiny: Arrays, write_folder: Write) -> None:
    folder = write_folder({name: tiny[name] for name in tiny if name.startswith("t10k-images")})
    found = read_examples(folder, part="test", need_labels=False)
    assert (found.n_examples, found.y) == (3, None)
    with pytest.raises(InputError, match="missing t10k-labels-idx1-ubyte;"):
        read_examples(folder, part="test")
    with pytest.raises(InputError, match="missing train-images-idx3-ubyte;"):
        read_examples(folder, need_labels=False)


def test_labels_of_another_count(tiny: Arrays, write_folder: Write) -> None:
    folder = write_folder(tiny)
    with pytest.raises(InputError, match=r"t10k-labels.*: 3 labels for the 6 examples of .*train"):
        read_examples(folder / "train-images-idx3-ubyte", labels=folder / "t10k-labels-idx1-ubyte")


def test_damaged_file(tiny: Arrays, write_folder: Write) -> None:
    path = write_folder(tiny) / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=f"^{path}: .*only 35 follow"):
        read_examples(path, need_labels=False)


def test_digits_have_two_parts() -> None:
    train, test = (read_examples("digits", part=part) for part in ("train", "test"))
    assert (train.n_examples, test.n_examples) == (1200, 597)
    assert train.y is not None
    assert train.y[:4].tolist() == [0, 1, 2, 3]
    assert (train.image_shape, train.channels) == ((8, 8), 1)
    assert train.scaling == test.scaling == Scaling.from_range(0, 16)


def test_mnist_is_read_from_the_named_folder(
    tiny: Arrays, write_folder: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONELAYER_DATA", str(write_folder(tiny)))
    assert read_examples("mnist", part="test").n_examples == 3
