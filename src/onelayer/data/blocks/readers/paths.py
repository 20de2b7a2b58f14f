"""A path or an address as a source of blocks, by what lies there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from onelayer.data.blocks.packs.packed import STATISTICS, PackedBlocks
from onelayer.data.blocks.packs.packing import DEALT, FOLDER
from onelayer.data.blocks.readers.chosen_columns import Columns
from onelayer.data.blocks.readers.places import DataFile, find, is_remote
from onelayer.data.blocks.source import BlockSource
from onelayer.data.optional import needs
from onelayer.errors import Argument, InputError
from onelayer.words import first_few, listed

if TYPE_CHECKING:
    from onelayer.data.blocks.readers.tables import Table

PACKED = "blocks.json"
"""The file by which a packed folder is known."""

SHARDS, PARQUET, ARROW = (".npz", ".npy"), (".parquet", ".pq"), (".arrow", ".feather", ".ipc")
_ALL = (SHARDS, PARQUET, ARROW)
_READ = (
    f"a folder of shards ({', '.join(SHARDS)}); a Parquet file ({', '.join(PARQUET)}) or an Arrow "
    f"file ({', '.join(ARROW)}), or a folder of one of the two; a folder that was packed, with "
    f"{PACKED} in it"
)


def open_path(path: str, columns: Columns) -> BlockSource:
    """Return what lies at a path or an address as a source of blocks.

    Parameters
    ----------
    path : str
    columns : Columns
        Those of a table.

    Raises
    ------
    InputError
        If nothing is there, it is of another kind, or it cannot be read.
    """
    path = path if is_remote(path) else os.path.expanduser(path)
    found = find(path)
    files = found if isinstance(found, list) else [found]
    if isinstance(found, list) and any(file.name == PACKED for file in files):
        _refuse_columns(path, columns)
        return _packed(path)
    if isinstance(found, list):
        _refuse_unfinished(path, files)
    kinds = [kind for kind in _ALL if any(_ends(file, kind) for file in files)]
    if not kinds:
        holds = first_few([file.name for file in files]) or "no file"
        held = f" It holds {holds}." if isinstance(found, list) else ""
        raise InputError(f"{path}: is none of what is read in blocks.{held} Give {_READ}.")
    if len(kinds) > 1:
        raise InputError(
            f"{path}: holds files of several kinds ({listed(k[0] for k in kinds)}), and which are "
            "meant is not clear; keep those of one kind in it."
        )
    return _open_files([f for f in files if _ends(f, kinds[0])], kinds[0], columns)


def holds_blocks(path: str) -> bool:
    """Return whether a path of this machine is a folder of files that are read in blocks."""
    if not os.path.isdir(path) or not os.access(path, os.R_OK | os.X_OK):
        return False
    files = [name.lower() for name in os.listdir(path) if not name.startswith((".", "_"))]
    ends = tuple(ending for kind in _ALL for ending in kind)
    return (
        PACKED in files
        or _is_begun(path)
        or any(name.endswith(ends) and os.path.isfile(os.path.join(path, name)) for name in files)
    )


def is_table(path: str) -> bool:
    """Return whether a path or an address is one of Parquet or Arrow files: of named columns."""
    found = find(path if is_remote(path) else os.path.expanduser(path))
    files = found if isinstance(found, list) else [found]
    return any(_ends(file, PARQUET + ARROW) for file in files) and not any(
        file.name == PACKED for file in files
    )


def table_bytes(path: str) -> int:
    """Return how many bytes the numbers of a Parquet or an Arrow file take in memory, about.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    found = find(path)
    assert not isinstance(found, list)
    with needs(f"{path}: reading it in blocks", "large"):
        from onelayer.data.blocks.readers.table_size import row_bytes
    table = _reader(PARQUET if _ends(found, PARQUET) else ARROW)(found)
    return sum(table.lengths) * row_bytes(table)


def _reader(kind: Sequence[str]) -> Callable[[DataFile], Table]:
    from onelayer.data.blocks.readers.arrow_files import ArrowTable
    from onelayer.data.blocks.readers.parquet_files import ParquetTable

    return ParquetTable.of if kind is PARQUET else ArrowTable.of


def _open_files(files: list[DataFile], kind: Sequence[str], columns: Columns) -> BlockSource:
    empty = [file for file in files if not file.size]
    if empty:
        raise InputError(f"{empty[0].path}: the file is empty; get it again.")
    # The libraries of tables take long to import, and some are no part of a plain installation.
    if kind is SHARDS:
        from onelayer.data.blocks.readers.shards import ShardBlocks

        _refuse_columns(files[0].path, columns)
        return ShardBlocks(files)
    with needs(f"{files[0].path}: reading it in blocks", "large"):
        from onelayer.data.blocks.readers.tables import TableBlocks

        reader = _reader(kind)
    return TableBlocks([reader(file) for file in files], columns)


def _packed(path: str) -> BlockSource:
    return PackedBlocks(path)


def _refuse_unfinished(path: str, files: Sequence[DataFile]) -> None:
    """Refuse blocks without their manifest, which pass for shards whose labels are numbers."""
    if _is_begun(path):
        raise InputError(
            f"{path}: holds a pack that is not finished; onelayer data pack, given the same source "
            "and this folder, goes on with it."
        )
    if any(file.name == STATISTICS for file in files):
        raise InputError(
            f"{path}: holds packed blocks without their {PACKED}, which names the classes; put it "
            "back from a copy, or pack the source again."
        )


def _is_begun(path: str) -> bool:
    """Return whether a folder of this machine is one that is being packed."""
    return os.path.exists(os.path.join(path, FOLDER, DEALT))


def _refuse_columns(path: str, columns: Columns) -> None:
    for name, value in (("target", columns.target), ("drop", columns.drop)):
        if value:
            raise InputError(Argument(name), f": {path} has no named columns; leave it out.")


def _ends(file: DataFile, endings: Sequence[str]) -> bool:
    return file.name.lower().endswith(tuple(endings))
