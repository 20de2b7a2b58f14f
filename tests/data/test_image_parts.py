from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onelayer.data import Dataset, load, load_parts
from onelayer.errors import Argument, InputError

COLOURS = {"blue": (10, 20, 200), "red": (200, 20, 10)}


def images(folder: Path, count: int, size: int = 4) -> None:
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for i in range(count):
            Image.new("RGB", (size, size), (*colour[:2], colour[2] + i)).save(
                folder / name / f"{i}.png"
            )


def test_every_third_image_of_a_class_is_for_validation(tmp_path: Path) -> None:
    images(tmp_path, 7)
    train, validation = load(tmp_path)
    assert (train.n_examples, validation.n_examples) == (10, 4)
    assert train.classes == validation.classes == ("blue", "red")
    assert train.image_shape == (4, 4)
    assert train.n_features == 48
    assert validation.X[:, 2].tolist() == [202, 205, 12, 15]


def test_parts_of_their_own(tmp_path: Path) -> None:
    images(tmp_path / "train", 3)
    images(tmp_path / "test", 2)
    train, validation = load_parts(tmp_path)
    assert (train.n_examples, validation.n_examples) == (6, 4)
    assert validation.y.tolist() == ["blue", "blue", "red", "red"]


def test_a_part_to_validate_is_needed(tmp_path: Path) -> None:
    images(tmp_path / "train", 3)
    with pytest.raises(InputError, match="no part to validate"):
        load_parts(tmp_path)


def test_new_classes_to_validate_are_refused(tmp_path: Path) -> None:
    images(tmp_path / "train", 3)
    images(tmp_path / "val", 3)
    (tmp_path / "val" / "red").rename(tmp_path / "val" / "green")
    with pytest.raises(InputError, match=r"'green'.*no image"):
        load_parts(tmp_path)


def test_a_class_needs_three_images(tmp_path: Path) -> None:
    images(tmp_path, 2)
    with pytest.raises(InputError, match="has 2 images"):
        load_parts(tmp_path)


def test_images_in_colour_are_flattened() -> None:
    pixels = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    data = Dataset(pixels, [0, 1])
    assert data.image_shape == (3, 4)
    assert np.array_equal(data.X, pixels.reshape(2, 36))
    with pytest.raises(InputError, match="36 features"):
        Dataset(data.X, [0, 1], image_shape=(2, 4))


def test_images_of_two_sizes_are_refused_without_an_option_that_a_study_has_not(
    tmp_path: Path,
) -> None:
    images(tmp_path, 3)
    Image.new("RGB", (5, 5)).save(tmp_path / "red" / "3.png")
    with pytest.raises(InputError, match="bring all to one size with another program") as refused:
        load_parts(tmp_path)
    assert "--size" not in refused.value.worded(Argument.flag)


def test_a_class_of_one_image_is_told_in_the_singular(tmp_path: Path) -> None:
    images(tmp_path, 1)
    with pytest.raises(InputError, match="has 1 image; a class"):
        load_parts(tmp_path)
