"""A path or an address as a source of blocks, by what lies there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from onelayer.data.blocks.packed import PackedBlocks
from onelayer.data.blocks.places import DataFile, find, is_remote
from onelayer.data.blocks.source import BlockSource
from onelayer.data.optional import needs
from onelayer.errors import Argument, InputError
from onelayer.words import first_few, listed

if TYPE_CHECKING:
    from onelayer.data.blocks.tables import Table

PACKED = "blocks.json"
"""The file by which a packed folder is known."""

SHARDS, PARQUET, ARROW = (".npz", ".npy"), (".parquet", ".pq"), (".arrow", ".feather", ".ipc")
_ALL = (SHARDS, PARQUET, ARROW)
_READ = (
    f"a folder of shards ({', '.join(SHARDS)}); a Parquet file ({', '.join(PARQUET)}) or an Arrow "
    f"file ({', '.join(ARROW)}), or a folder of one of the two; a folder that was packed, with "
    f"{PACKED} in it"
)


def open_path(path: str, target: str | None, drop: Sequence[str]) -> BlockSource:
    """Return what lies at a path or an address as a source of blocks.

    Parameters
    ----------
    path : str
    target : str or None
        The label column of a table.
    drop : sequence of str
        Columns of a table to leave out.

    Raises
    ------
    InputError
        If nothing is there, it is of another kind, or it cannot be read.
    """
    path = path if is_remote(path) else os.path.expanduser(path)
    found = find(path)
    files = found if isinstance(found, list) else [found]
    if isinstance(found, list) and any(file.name == PACKED for file in files):
        _refuse_columns(path, target, drop)
        return _packed(path)
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
    return _open_files([f for f in files if _ends(f, kinds[0])], kinds[0], target, drop)


def _open_files(
    files: list[DataFile], kind: Sequence[str], target: str | None, drop: Sequence[str]
) -> BlockSource:
    empty = [file for file in files if not file.size]
    if empty:
        raise InputError(f"{empty[0].path}: the file is empty; get it again.")
    # The libraries of tables take long to import, and some are no part of a plain installation.
    if kind is SHARDS:
        from onelayer.data.blocks.shards import ShardBlocks

        _refuse_columns(files[0].path, target, drop)
        return ShardBlocks(files)
    with needs(f"{files[0].path}: reading it in blocks", "large"):
        from onelayer.data.blocks.arrow_files import ArrowTable
        from onelayer.data.blocks.parquet_files import ParquetTable
        from onelayer.data.blocks.tables import TableBlocks
    reader: Callable[[DataFile], Table] = ParquetTable.of if kind is PARQUET else ArrowTable.of
    return TableBlocks([reader(file) for file in files], target, drop)


def _packed(path: str) -> BlockSource:
    return PackedBlocks(path)


def _refuse_columns(path: str, target: str | None, drop: Sequence[str]) -> None:
    for name, value in (("target", target), ("drop", drop)):
        if value:
            raise InputError(Argument(name), f": {path} has no named columns; leave it out.")


def _ends(file: DataFile, endings: Sequence[str]) -> bool:
    return file.name.lower().endswith(tuple(endings))
