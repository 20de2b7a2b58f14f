"""Files on disk that survive anything: whole or not at all, one process a folder, checksums."""

from onelayer.storage.files import PARTIAL, make_folder, remove_file, replacing, write_file
from onelayer.storage.folder import Folder
from onelayer.storage.lock import Lock

__all__ = ["PARTIAL", "Folder", "Lock", "make_folder", "remove_file", "replacing", "write_file"]
