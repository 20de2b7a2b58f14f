"""Files on disk that survive anything: whole or not at all, one process a folder, checksums."""

from onelayer.storage.files import (
    PARTIAL,
    make_folder,
    remove_file,
    remove_folder,
    replacing,
    write_file,
)
from onelayer.storage.folder import Folder
from onelayer.storage.lock import Lock
from onelayer.storage.space import free_space

__all__ = [
    "PARTIAL",
    "Folder",
    "Lock",
    "free_space",
    "make_folder",
    "remove_file",
    "remove_folder",
    "replacing",
    "write_file",
]
