"""The folder of a sweep: its files, and what it refuses."""

from __future__ import annotations

from pathlib import Path

from onelayer.errors import Argument, InputError
from onelayer.storage import Folder
from onelayer.training import Checkpoint

TABLE, RESULTS, MODEL, PAGE = "results.csv", "results.json", "model.safetensors", "report.html"
CHECKPOINT = "checkpoint.safetensors"


def refuse_sweep(path: Path) -> None:
    """Refuse the folder of a sweep where that of a study is wanted.

    Raises
    ------
    InputError
        It names the sweep's own report, if that is there.
    """
    names = Folder.open(path).names
    if TABLE in names:
        own = f"its report is {path / PAGE}" if PAGE in names else "it has no report"
        raise InputError(
            f"{path}: holds a sweep, and {own}; name a folder that onelayer study wrote."
        )


def check_folder(folder: Folder, *, force: bool) -> None:
    """Refuse a folder that holds something else than a sweep, or a sweep that is to stay."""
    path = folder.path
    if not folder.names <= {TABLE, RESULTS, MODEL, PAGE}:
        raise InputError(f"{path}: holds a study; name another folder.")
    foreign = [file.name for file in folder.foreign() if file.name != CHECKPOINT]
    if folder.is_new and foreign:
        raise InputError(
            f"{path}: holds {foreign[0]} and is not the folder of a sweep; name another folder."
        )
    folder.sweep_up()
    if folder.names:
        Checkpoint(path / CHECKPOINT, {}).remove()  # the sweep is done
        if not force:
            raise InputError(
                f"{path}: holds a sweep. Name another folder, or replace it with ",
                Argument("force", "True"), ".",
            )  # fmt: skip
        folder.clear()
