"""Where data comes from: built-in sources by name, anything else by path."""

import os
from collections.abc import Callable
from pathlib import Path

from onelayer.data.blocks.readers.paths import holds_blocks
from onelayer.data.checks import check_integer
from onelayer.data.dataset import Dataset
from onelayer.data.download import get_mnist
from onelayer.data.idx_folder import load_idx_folder
from onelayer.errors import InputError

Parts = tuple[Dataset, Dataset]

FOLDER_VARIABLE = "ONELAYER_DATA"


def load(
    source: str | Path = "digits", *, train: int | None = None, validation: int | None = None
) -> Parts:
    """Return the training and the validation part of a source.

    Parameters
    ----------
    source : str or Path
        `"digits"`, `"mnist"`, or the path of a folder: with four IDX files, or of images with a
        subfolder for each class (`onelayer.data.image_parts.load_image_parts`).
    train, validation : int, optional
        The first that many examples of the part; None takes all.

    Returns
    -------
    train, validation : Dataset
        With the same classes and the same scaling.

    Raises
    ------
    InputError
        If the source is unknown, its files are missing or wrong, or a count is less than 1 or
        more than there are.
    OnelayerError
        If MNIST cannot be downloaded.
    """
    train_part, validation_part = load_parts(source)
    return (
        _cut(train_part, train, "train", source),
        _cut(validation_part, validation, "validation", source),
    )


def load_parts(source: str | Path = "digits") -> Parts:
    """Return the whole training and validation part of a source; see `load`.

    `"mnist"` is read from the folder that the environment variable ONELAYER_DATA names. Where it
    names none, from the user's cache, which is filled by a download when it is not complete.
    """
    loader = SOURCES.get(source) if isinstance(source, str) else None
    if loader is not None:
        return loader()
    if not isinstance(source, str | Path):
        raise InputError(f"data: {source!r} is no source; give {', '.join(SOURCES)} or a path.")
    # os.path answers where Path raises: no permission, an unknown user after "~".
    folder = os.path.expanduser(source)
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.exists(folder) else "does not exist"
        raise InputError(
            f"data: {str(source)!r} is no built-in source and {what}; "
            f"give {', '.join(SOURCES)} or the path of a folder with IDX files, or of images "
            "with a subfolder for each class."
        )
    try:
        return load_idx_folder(Path(folder))
    except InputError:
        from onelayer.data.image_parts import (  # here: most need no images
            holds_images,
            load_image_parts,
        )

        if holds_images(folder):
            return load_image_parts(Path(folder))
        if not holds_blocks(folder):
            raise
        raise InputError(
            f"data: {str(source)!r} holds examples that are read block by block, which a study "
            "does not; train on them with onelayer fit or sweep, or give a folder with IDX files."
        ) from None


def _load_digits() -> Parts:
    from onelayer.data.digits import load_digits  # here: importing scikit-learn takes seconds

    return load_digits()


def _load_mnist() -> Parts:
    named = os.environ.get(FOLDER_VARIABLE)
    if not named:
        return load_idx_folder(get_mnist())
    try:
        return load_idx_folder(Path(os.path.expanduser(named)))
    except InputError as error:
        raise InputError(
            f"{error} The environment variable {FOLDER_VARIABLE} names this folder; "
            "correct it, or unset it to use a downloaded copy."
        ) from error


def _cut(part: Dataset, count: int | None, name: str, source: str | Path) -> Dataset:
    if count is None:
        return part
    n = part.n_examples
    why = f"the {name} part of {str(source)!r} has {n} examples"
    return part.first(check_integer(count, f"data.{name}", 1, n, why=why))


SOURCES: dict[str, Callable[[], Parts]] = {"digits": _load_digits, "mnist": _load_mnist}
"""The loader of each built-in source."""
