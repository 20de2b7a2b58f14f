"""Folders of images: which files there are, and of which size and colour."""

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.data.files.examples import Examples, Request
from onelayer.data.files.pixels import Size, inspect_image, read_pixels
from onelayer.data.files.sizes import parse_size
from onelayer.errors import InputError
from onelayer.words import listed

ENDINGS = (".png", ".jpg", ".jpeg")

_NOT_SHOWN = (
    "thumbs.db",
    "desktop.ini",
)  # what Windows hides, as a dot at the start does elsewhere


@dataclass(frozen=True)
class _Listing:
    """Names of images inside their folder, in order, and the class of each."""

    names: tuple[str, ...]
    labels: tuple[str, ...] | None


def read_image_folder(request: Request) -> Examples:
    """Read a folder of PNG and JPEG images as uint8.

    The classes are the names of the subfolders, sorted; where no labels are needed, the images may
    also lie in the folder itself. If one image is in colour, all are read as red, green and blue,
    unless the request says otherwise.
    """
    listing = _list_folder(request)
    paths = [os.path.join(request.path, name) for name in listing.names]
    # Sizes and colours are in the first bytes of the files, so this pass is quick.
    found = [inspect_image(path) for path in paths]
    size = _common_size([image.size for image in found], paths, request)
    channels = request.channels or (3 if any(image.has_colour for image in found) else 1)
    width, height = size
    try:
        X: NDArray[np.uint8] = np.empty((len(paths), height * width * channels), np.uint8)
    except MemoryError as error:
        raise InputError(
            f"{request.source}: {len(paths)} images of {width}x{height} are more than the memory; "
            "make them smaller with --size WIDTHxHEIGHT."
        ) from error
    for row, path in zip(X, paths, strict=True):
        row[:] = read_pixels(path, size, channels).ravel()
    return Examples(
        X=X,
        y=None if listing.labels is None else np.array(listing.labels),
        image_shape=(height, width),
        channels=channels,
        size=request.size,
        names=listing.names,
        source=request.source,
    )


def _common_size(sizes: list[Size], paths: list[str], request: Request) -> Size:
    """Return width and height that all images have or will get."""
    if request.size is not None:
        return parse_size(request.size)
    wanted = sizes[0]
    of = f"{os.path.basename(paths[0])} is"
    if request.image_shape is not None:
        wanted, of = (request.image_shape[1], request.image_shape[0]), "the model's images are"
    for size, path in zip(sizes, paths, strict=True):
        if size != wanted:
            raise InputError(
                f"{path}: is {size[0]}x{size[1]} pixels (width x height), {of} "
                f"{wanted[0]}x{wanted[1]}; bring all to one size with --size WIDTHxHEIGHT."
            )
    return wanted


def _list_folder(request: Request) -> _Listing:
    folders, files = _entries(request.path, request.source)
    if not folders:
        return _flat(files, request)
    if files:
        raise InputError(
            f"{request.source}: holds subfolders, one a class, and beside them the files "
            f"{listed(files)}; move these elsewhere."
        )
    names: list[str] = []
    labels: list[str] = []
    for folder in folders:
        inner, images = _entries(os.path.join(request.path, folder), f"{request.source}/{folder}")
        if inner:
            raise InputError(
                f"{request.source}/{folder}: holds the folders {listed(inner)}; a class is a "
                "folder of images: name the folder whose subfolders are the classes."
            )
        _check_images(images, f"{request.source}/{folder}")
        names += [f"{folder}/{image}" for image in images]
        labels += [folder] * len(images)
    return _Listing(tuple(names), tuple(labels))


def _flat(files: list[str], request: Request) -> _Listing:
    _check_images(files, request.source)
    if request.need_labels:
        raise InputError(
            f"{request.source}: holds images without subfolders, so their classes are not known; "
            "make a subfolder for each class."
        )
    return _Listing(tuple(files), None)


def _entries(folder: str, source: str) -> tuple[list[str], list[str]]:
    """Return the names of the folders and of the files that are not hidden, sorted."""
    try:
        with os.scandir(folder) as found:
            shown = [
                entry
                for entry in found
                if not entry.name.startswith(".") and entry.name.lower() not in _NOT_SHOWN
            ]
            folders = sorted(entry.name for entry in shown if entry.is_dir())
            return folders, sorted(entry.name for entry in shown if not entry.is_dir())
    except OSError as error:
        raise InputError(
            f"{source}: cannot be read ({error.strerror or error}); check its permissions."
        ) from error


def _check_images(files: list[str], source: str) -> None:
    if not files:
        raise InputError(
            f"{source}: the folder is empty; put images ({', '.join(ENDINGS)}) into it or remove "
            "it."
        )
    other = [name for name in files if not name.lower().endswith(ENDINGS)]
    if other:
        raise InputError(
            f"{source}: {len(other)} files are no images: {listed(other)}; move them elsewhere "
            f"(images end in {', '.join(ENDINGS)})."
        )
