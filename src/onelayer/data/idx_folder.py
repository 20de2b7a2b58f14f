"""A folder of four IDX files, named as MNIST's are."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.dataset import Dataset
from onelayer.data.idx import read_idx, read_idx_header
from onelayer.data.scaling import Scaling
from onelayer.errors import InputError

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"


def load_idx_folder(folder: Path) -> tuple[Dataset, Dataset]:
    """Return the training and the test files of a folder as training and validation part.

    Each file may be raw or have `.gz` at the end of its name (a raw one comes first where both
    are there), and may be named with `.idx` in place of `-idx`. Labels are whole numbers; both
    parts share the classes, the sorted labels of the two. The scaling of both takes [0, the
    largest value of all training images] to [-1, 1].

    Raises
    ------
    InputError
        If a file is missing or is no IDX file, images and labels do not fit one another, or the
        two parts differ in the type of their values or the size of their images.
    """
    if not os.path.isdir(folder):
        raise InputError(f"{folder}: there is no such folder; give a folder with IDX files.")
    paths = find_files(folder, (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS))
    train_images = read_images(paths[TRAIN_IMAGES])
    train_labels = read_labels(paths[TRAIN_LABELS], len(train_images), paths[TRAIN_IMAGES])
    test_images = read_images(paths[TEST_IMAGES])
    test_labels = read_labels(paths[TEST_LABELS], len(test_images), paths[TEST_IMAGES])
    check_parts_alike(folder)
    scaling = _scaling(train_images, paths[TRAIN_IMAGES])
    classes = np.union1d(train_labels, test_labels).tolist()
    return (
        Dataset(train_images, train_labels, classes=classes, scaling=scaling),
        Dataset(test_images, test_labels, classes=classes, scaling=scaling),
    )


def find_file(folder: Path, name: str) -> Path | None:
    """Return the path of a file, raw or packed, None if it is not there."""
    dotted = name.replace("-idx", ".idx")
    for candidate in (name, dotted, f"{name}.gz", f"{dotted}.gz"):
        if os.path.isfile(folder / candidate):
            return folder / candidate
    return None


def find_files(folder: Path, names: tuple[str, ...]) -> dict[str, Path]:
    """Return the path of each file, or say which ones are missing."""
    paths = {name: path for name in names if (path := find_file(folder, name)) is not None}
    missing = [name for name in names if name not in paths]
    if missing:
        raise InputError(
            f"{folder}: missing {', '.join(missing)}; "
            "put the files there, raw or as .gz, or give another folder."
        )
    return paths


def check_parts_alike(folder: Path) -> None:
    """Refuse a folder whose training and test files differ in type or in the size of the images.

    Raises
    ------
    InputError
    """
    for names in ((TRAIN_IMAGES, TEST_IMAGES), (TRAIN_LABELS, TEST_LABELS)):
        paths = [path for name in names if (path := find_file(folder, name)) is not None]
        if len(paths) < 2:
            continue
        (train_type, train_shape), (test_type, test_shape) = map(read_idx_header, paths)
        if train_shape[1:] != test_shape[1:]:
            raise InputError(
                f"{paths[1]}: the images are {_size(test_shape)}, those of {paths[0].name} are "
                f"{_size(train_shape)}; give files with images of one size."
            )
        if train_type != test_type:
            raise InputError(
                f"{paths[1]}: the values are of type {test_type}, those of {paths[0].name} of "
                f"type {train_type}; give files of one type."
            )


def read_images(path: Path) -> NDArray[Any]:
    """Return an IDX file's images, shape (n, height, width), or flat examples.

    Raises
    ------
    InputError
        If it is no IDX file, has other dimensions, or holds no value or one that is not finite.
    """
    images = read_idx(path)
    if images.ndim not in (2, 3):
        raise InputError(
            f"{path}: has {images.ndim} dimensions; images have 3 (count, height, width), "
            "flat examples 2 (count, features)."
        )
    if images.size == 0:
        raise InputError(
            f"{path}: is {_size(images.shape)} for {len(images)} images; it holds no values."
        )
    # The extremes carry a NaN or an infinity and, unlike a mask, need no memory.
    if not (np.isfinite(images.min()) and np.isfinite(images.max())):
        raise InputError(f"{path}: holds values that are not finite; remove or replace them.")
    return images


def read_labels(path: Path, n_images: int, images: Path) -> NDArray[Any]:
    """Return the labels in an IDX file, one for each of the images in the file `images`.

    Raises
    ------
    InputError
        If it is no IDX file, or does not hold that many whole numbers.
    """
    labels = read_idx(path)
    if labels.ndim != 1:
        raise InputError(f"{path}: has {labels.ndim} dimensions; labels have 1.")
    if labels.dtype.kind not in "iu":
        raise InputError(f"{path}: holds values of type {labels.dtype}; labels are whole numbers.")
    if len(labels) != n_images:
        raise InputError(
            f"{path}: {len(labels)} labels for the {n_images} images of {images.name}; "
            "give files that belong together."
        )
    return labels


def _scaling(images: NDArray[Any], path: Path) -> Scaling:
    largest = float(images.max())
    if largest <= 0:
        raise InputError(
            f"{path}: the largest value is {largest:g}, so the images are blank; "
            "give images with values above 0."
        )
    return Scaling.from_range(0, largest)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape[1:]))
