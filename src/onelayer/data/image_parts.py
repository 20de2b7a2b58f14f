"""A folder of images as a training and a validation part."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from onelayer.data.dataset import Dataset
from onelayer.data.files.examples import Examples
from onelayer.data.files.images import ENDINGS
from onelayer.data.files.read import read_examples
from onelayer.errors import InputError
from onelayer.words import first_few

TRAIN, VALIDATION = "train", ("validation", "val", "test")
EVERY = 3
"""Where there is one part alone, each such image of a class is for validation."""


def holds_images(folder: str | Path) -> bool:
    """Whether a folder has subfolders of images, or a part of that kind."""
    folder = Path(folder)
    return any(_has_classes(each) for each in (folder, folder / TRAIN))


def load_image_parts(folder: Path) -> tuple[Dataset, Dataset]:
    """Return the images of a folder, whose classes are the names of subfolders, in two parts.

    Where it has a subfolder `train` and one called `validation`, `val` or `test`, these are the
    parts, with a subfolder for each class. Otherwise it has one for each class itself, and every
    third image of a class, in the order of their names, is for validation.

    Raises
    ------
    InputError
        If an image cannot be read, sizes differ, or a class has too few images.
    """
    if not _has_classes(folder / TRAIN):
        return _split(_read(folder), folder)
    second = next((folder / name for name in VALIDATION if (folder / name).is_dir()), None)
    if second is None:
        raise InputError(
            f"{folder}: has {TRAIN}, and no part to validate; put images into a subfolder "
            f"{VALIDATION[0]}, one folder a class."
        )
    train = _read(folder / TRAIN)
    validation = _read(second, train)
    labels = [np.asarray(part.y) for part in (train, validation)]
    if new := sorted({*labels[1].tolist()} - {*labels[0].tolist()}):
        raise InputError(
            f"{second}: holds the classes {first_few(new)}, of which {TRAIN} has no image."
        )
    classes = np.unique(labels[0]).tolist()
    first, other = (
        Dataset(part.X, y, classes=classes, image_shape=part.image_shape)
        for part, y in zip((train, validation), labels, strict=True)
    )
    return first, other


def _has_classes(folder: Path) -> bool:
    try:
        inner = [each.path for each in os.scandir(folder) if each.is_dir()]
        return any(
            name.lower().endswith(ENDINGS) for each in inner for name in os.listdir(each)
        )  # fmt: skip
    except OSError:
        return False


def _read(folder: Path, like: Examples | None = None) -> Examples:
    shape, channels = (like.image_shape, like.channels) if like else (None, None)
    try:
        return read_examples(folder, image_shape=shape, channels=channels)
    except InputError as error:  # a study has no option that resizes
        raise InputError(error.worded(lambda _: "another program")) from None


def _split(examples: Examples, folder: Path) -> tuple[Dataset, Dataset]:
    labels = np.asarray(examples.y)
    classes, targets = np.unique(labels, return_inverse=True)
    place = np.empty(len(labels), int)
    for k in range(len(classes)):
        own = np.flatnonzero(targets == k)
        if len(own) < EVERY:
            has = f"{len(own)} image{'' if len(own) == 1 else 's'}"
            raise InputError(
                f"{folder / str(classes[k])}: has {has}; a class needs {EVERY} or "
                "more, so that one can be for validation."
            )
        place[own] = np.arange(len(own))
    held_out = place % EVERY == EVERY - 1
    first, second = (
        Dataset(
            examples.X[rows], labels[rows], classes=classes.tolist(),
            image_shape=examples.image_shape,
        )
        for rows in (~held_out, held_out)
    )  # fmt: skip
    return first, second
