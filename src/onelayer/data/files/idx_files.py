"""IDX files, folders of them, and the built-in data sets."""

import os
from pathlib import Path

from onelayer.data.files.arrays import as_examples
from onelayer.data.files.examples import Examples, Request
from onelayer.data.idx_folder import (
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    check_parts_alike,
    find_file,
    find_files,
    read_images,
    read_labels,
)
from onelayer.data.sources import load_parts

IDX_ENDINGS = ("-ubyte", "-ubyte.gz", ".idx", ".idx.gz")

_PARTS = {"train": (TRAIN_IMAGES, TRAIN_LABELS), "test": (TEST_IMAGES, TEST_LABELS)}


def read_idx_file(request: Request) -> Examples:
    """Read one IDX file of images or flat examples."""
    return as_examples(read_images(Path(request.path)), None, request)


def is_idx_folder(folder: str) -> bool:
    """Return whether a folder holds a file that is named as an IDX file."""
    return any(name.lower().endswith(IDX_ENDINGS) for name in os.listdir(folder))


def read_idx_folder(request: Request) -> Examples:
    """Read one part of a folder whose files are named as MNIST's are."""
    folder = Path(request.path)
    images_name, labels_name = _PARTS[request.part]
    wanted = (images_name, labels_name) if request.need_labels else (images_name,)
    images_path = find_files(folder, wanted)[images_name]
    check_parts_alike(folder)
    images = read_images(images_path)
    labels_path = find_file(folder, labels_name)
    labels = None if labels_path is None else read_labels(labels_path, len(images), images_path)
    return as_examples(images, labels, request)


def read_builtin(request: Request) -> Examples:
    """Return one part of a built-in data set."""
    train, test = load_parts(request.path)
    part = train if request.part == "train" else test
    return Examples(
        X=part.X,
        y=part.y,
        image_shape=part.image_shape,
        channels=None if part.image_shape is None else 1,
        scaling=part.scaling,
        source=request.source,
    )
