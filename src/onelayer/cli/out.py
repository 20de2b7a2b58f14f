"""Where a command may write its result."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from onelayer.errors import InputError
from onelayer.storage.files import said


def check_out(
    path: Path, suffixes: tuple[str, ...], *, force: bool, reads: Iterable[str | Path | None] = ()
) -> Path:
    """Return where a result may be written.

    Parameters
    ----------
    path : Path
    suffixes : tuple of str
        What its name may end in.
    force : bool
        Whether a file that is there may be replaced.
    reads : iterable of str, Path or None
        Files and folders that the command reads: even `force` does not let it write into them.

    Raises
    ------
    InputError
        If the ending is another, there is no such folder, a file is there and `force` is not, or
        the result would take the place of what is read.
    OnelayerError
        If the folder may not be looked into.
    """
    path = path.expanduser()
    if path.suffix.lower() not in suffixes:
        raise InputError(f"--out {path}: end the name in {' or '.join(suffixes)}.")
    with said(path):
        _keep(reads, path)
        if not path.parent.is_dir():
            raise InputError(f"--out {path}: there is no folder {path.parent}; make it first.")
        if path.is_dir():
            raise InputError(f"--out {path}: is a folder; name a file.")
        if path.exists() and not force:
            raise InputError(f"--out {path}: is there already. Name another file, or use --force.")
    return path


def _keep(reads: Iterable[str | Path | None], path: Path) -> None:
    """Refuse to write into what is read."""
    place = Path(os.path.realpath(path))
    for read in reads:
        if not read:  # what reads it says that it is no name
            continue
        source = Path(os.path.realpath(os.path.expanduser(read)))
        if place == source:
            raise InputError(f"--out {path}: is what the command reads; name another file.")
        if source in place.parents:
            raise InputError(
                f"--out {path}: is in {read}, which the command reads; name a file elsewhere."
            )
