"""Labels in a file of their own."""

from typing import Any

from numpy.typing import NDArray

from onelayer.data.files.arrays import map_npy
from onelayer.data.files.columns import TARGETS
from onelayer.data.files.label_values import as_label_values, missing_labels, text_labels
from onelayer.data.files.tables import open_table
from onelayer.data.idx import read_idx
from onelayer.errors import InputError
from onelayer.words import listed


def labels_of_npy(path: str, target: str | None) -> NDArray[Any]:  # noqa: ARG001
    """Return the labels in a .npy file, shape (n,) or (n, 1)."""
    return as_label_values(map_npy(path, path), path)


def labels_of_idx(path: str, target: str | None) -> NDArray[Any]:  # noqa: ARG001
    """Return the labels in an IDX file."""
    return as_label_values(read_idx(path), path)


def labels_of_table(path: str, target: str | None) -> NDArray[Any]:
    """Return the labels in a table: its only column, or that which is called as labels are."""
    table = open_table(path, path)
    candidates = [name for name in table.columns if name == target]
    if not candidates and len(table.columns) == 1:
        candidates = list(table.columns)
    if not candidates:
        candidates = [name for name in table.columns if name.lower() in TARGETS]
    if len(candidates) != 1:
        raise InputError(
            f"{path}: which column holds the labels is not clear; the columns are "
            f"{listed(table.columns)}: keep one, or name it with --target NAME."
        )
    return table.labels(table.read(candidates).to_series())


def labels_of_text(path: str, target: str | None) -> NDArray[Any]:  # noqa: ARG001
    """Return the labels in a text file, one a line: integers if all are, otherwise strings."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = [line.strip() for line in file.read().rstrip().splitlines()]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text in UTF-8 ({error}); save it as UTF-8.") from error
    if "" in lines:
        raise missing_labels(lines.count(""), lines.index(""), path)
    return as_label_values(text_labels(lines), path)
