"""How much room a disk has, asked before it is taken."""

from __future__ import annotations

import shutil
from pathlib import Path


def free_space(path: Path) -> int:
    """Return the bytes that this user can still write to the disk of a folder."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free
