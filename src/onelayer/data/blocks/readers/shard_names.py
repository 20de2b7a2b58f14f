"""Which files of a folder are a shard together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from onelayer.data.blocks.readers.places import DataFile
from onelayer.errors import InputError
from onelayer.words import first_few

SHARD_ENDINGS = (".npy", ".npz")
RULE = (
    "A shard is NAME.npz with the arrays X and y (or a sparse matrix of scipy.sparse.save_npz, and "
    "y), or two files: NAME.X.npy and NAME.y.npy, or X-NAME.npy and y-NAME.npy. Labels of an .npz "
    "without y may lie beside it as NAME.y.npy"
)
"""For messages."""

_FEATURES, _LABELS = ("x", "features"), ("y", "labels")
_PART = re.compile(r"[-_.]")


class Pair(NamedTuple):
    """The files of a shard; y is None where the labels are in the same file, or nowhere."""

    X: DataFile
    y: DataFile | None


def pair_up(files: Sequence[DataFile]) -> list[Pair]:
    """Return the shards in a folder, in the order of the files with their features.

    Raises
    ------
    InputError
        If it is not clear what a file holds, or one of two is missing.
    """
    features: dict[str, DataFile] = {}
    labels: dict[str, DataFile] = {}
    for file in files:
        holds_labels, name = _what(file)
        kind = labels if holds_labels else features
        if name in kind:
            raise InputError(
                f"{file.path}: is the same shard as {kind[name].name}; keep one. {RULE}."
            )
        kind[name] = file
    alone = [file.name for name, file in labels.items() if name not in features]
    if alone:
        raise InputError(
            f"{labels[next(n for n in labels if n not in features)].path}: holds labels, and there "
            f"is no file with their features beside it (so for {first_few(alone)}). {RULE}."
        )
    bare = [file for name, file in features.items() if name not in labels]
    without = [file for file in bare if file.name.lower().endswith(".npy")]
    if labels and without:
        raise InputError(
            f"{without[0].path}: there is no file with its labels, and others have one (so for "
            f"{first_few([file.name for file in without])}). {RULE}."
        )
    return [Pair(file, labels.get(name)) for name, file in features.items()]


def _what(file: DataFile) -> tuple[bool, str]:
    """Return whether a file holds labels, and the name of its shard."""
    stem, ending = file.name[:-4], file.name[-4:].lower()
    if ending == ".npz":
        return False, stem
    parts = _PART.split(stem)
    for place in (-1, 0):  # NAME.X before X-NAME
        word = parts[place]
        if word.lower() in (*_FEATURES, *_LABELS):
            rest = stem[len(word) + 1 :] if place == 0 else stem[: -len(word) - 1]
            return word.lower() in _LABELS, rest
    raise InputError(f"{file.path}: does not say whether it holds features or labels. {RULE}.")
