"""Whether data is read whole, or block by block."""

from __future__ import annotations

import os
from importlib.util import find_spec

from onelayer.data.blocks.readers.paths import holds_blocks, table_bytes
from onelayer.data.blocks.readers.places import is_remote
from onelayer.data.files.idx_files import is_idx_folder
from onelayer.data.memory import available_memory
from onelayer.data.sources import SOURCES
from onelayer.engines.cluster import Cluster
from onelayer.errors import Argument, InputError

_TABLES, MAPPED = (".parquet", ".pq", ".arrow", ".feather", ".ipc"), (".npy",)

_SURELY_SMALL = 100
"""A file of which so many times the size is free fits into the memory, whatever its packing."""

_TO_READ_WHOLE = 2
"""A table that is read whole is in memory so often: as a frame and as a matrix."""


def reads_in_blocks(path: str, memory: int | None, cluster: Cluster | None = None) -> bool:
    """Return whether data is read block by block: asked for, of such a kind, or too large.

    Tables are, where there is a cluster: its workers read them.

    Raises
    ------
    InputError
        If it is asked for, by a bound on the memory, and files of this kind are read whole.
    """
    if path in SOURCES:
        return _asked(path, memory, possible=False)
    local = os.path.expanduser(path)
    if is_remote(path) or (holds_blocks(local) and not is_idx_folder(local)):
        return True
    name, exists = path.lower(), os.path.isfile(local)
    if cluster is not None and exists and name.endswith(_TABLES):
        return True
    if memory is None:
        return exists and name.endswith(_TABLES) and _is_too_large(local)
    return not exists or _asked(path, memory, possible=name.endswith(_TABLES + MAPPED))


def _asked(path: str, memory: int | None, *, possible: bool) -> bool:
    if memory is not None and not possible:
        raise InputError(
            Argument("memory"), f": {path} is read whole; leave it out, or make blocks of it: "
            f"onelayer data pack {path} FOLDER.",
        )  # fmt: skip
    return possible and memory is not None


def _is_too_large(path: str) -> bool:
    """Return whether a table would not fit into the memory that is free."""
    free = available_memory()
    if os.path.getsize(path) * _SURELY_SMALL <= free or find_spec("pyarrow") is None:
        return False
    try:
        return table_bytes(path) * _TO_READ_WHOLE > free
    except InputError:  # said by whoever reads it
        return False
