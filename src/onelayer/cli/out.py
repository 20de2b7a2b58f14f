"""Where a command may write its result."""

from __future__ import annotations

from pathlib import Path

from onelayer.errors import InputError
from onelayer.storage.files import said


def check_out(path: Path, suffixes: tuple[str, ...], *, force: bool) -> Path:
    """Return where a result may be written.

    Raises
    ------
    InputError
        If the ending is another, there is no such folder, or a file is there and `force` is not.
    OnelayerError
        If the folder may not be looked into.
    """
    path = path.expanduser()
    if path.suffix.lower() not in suffixes:
        raise InputError(f"--out {path}: end the name in {' or '.join(suffixes)}.")
    with said(path):
        if not path.parent.is_dir():
            raise InputError(f"--out {path}: there is no folder {path.parent}; make it first.")
        if path.is_dir():
            raise InputError(f"--out {path}: is a folder; name a file.")
        if path.exists() and not force:
            raise InputError(f"--out {path}: is there already. Name another file, or use --force.")
    return path
