"""The folder of a pack: one process in it, what may be overwritten, what is taken up again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onelayer.data.blocks.packs.manifest import MANIFEST
from onelayer.data.blocks.packs.packed import STATISTICS
from onelayer.data.blocks.packs.packing import FOLDER, Dealt, Plan
from onelayer.data.blocks.packs.source_blocks import CheckedBlocks, block_checksum
from onelayer.errors import Argument, InputError
from onelayer.storage import PARTIAL, Lock, make_folder, remove_file, remove_folder
from onelayer.words import first_few

_LOCK = ".lock"
_BLOCK_FILE = re.compile(r"\d{5,}\.(X|y|data|indices|indptr)\.npy")


@contextmanager
def locked(out: Path) -> Iterator[Path]:
    """Have a folder alone; yield the one in it for what is unfinished.

    It is made where there is none, and goes if nothing was written.

    Raises
    ------
    InputError
        If it is a file, or another process has it.
    OnelayerError
        If it cannot be made.
    """
    make_folder(out)
    try:
        with Lock(out / _LOCK, out):
            yield out / FOLDER
    finally:
        if out.is_dir() and not any(out.iterdir()):
            remove_folder(out)


def refuse_finished(out: Path, *, force: bool) -> None:
    """Refuse to overwrite what is finished, or is not of a pack.

    Raises
    ------
    InputError
    """
    if (out / MANIFEST).exists():
        if not force:
            remove_folder(out / FOLDER)  # left where the process ended after all was written
            raise InputError(
                f"{out}: holds packed blocks that are finished. Name another folder, or replace "
                "them with ", Argument("force", "True"), ".",
            )  # fmt: skip
        return
    if (out / FOLDER).exists():
        return
    others = [path.name for path in sorted(out.iterdir()) if not _is_ours(path.name)]
    if others:
        raise InputError(
            f"{out}: holds other files ({first_few(others)}); name a folder that is new or empty."
        )
    if not force and any(_BLOCK_FILE.fullmatch(path.name) for path in out.iterdir()):
        raise InputError(
            f"{out}: holds blocks without their {MANIFEST}. Name another folder, or replace them "
            "with ", Argument("force", "True"), ".",
        )  # fmt: skip


def take_up(out: Path, packing: Path, plan: Plan, blocks: CheckedBlocks, *, force: bool) -> Dealt:
    """Return what was done of a plan before; where nothing was, make room for it.

    Raises
    ------
    InputError
        If there is an unfinished pack of another source or with other options, and `force` is not
        set.
    OnelayerError
        If something cannot be written or removed.
    """
    _sweep_up(out)
    if not (out / MANIFEST).exists():
        try:
            dealt = Dealt.read(packing)
            if dealt is not None:
                dealt.check(plan, out)
                _check_unchanged(blocks, dealt, out)
                _sweep_up(packing)
                return dealt
        except InputError:
            if not force:
                raise
    remove_file(out / MANIFEST)  # first of all: without it nothing here passes for finished
    remove_folder(packing)
    for path in sorted(out.iterdir()):
        if _BLOCK_FILE.fullmatch(path.name) or path.name == STATISTICS:
            remove_file(path)
    make_folder(packing)
    dealt = Dealt(plan=plan)
    dealt.write(packing)
    return dealt


def _check_unchanged(blocks: CheckedBlocks, dealt: Dealt, out: Path) -> None:
    """Refuse to go on with a source whose last block that was read has another content now."""
    if dealt.checksums:
        last = dealt.n_blocks - 1
        if block_checksum(*blocks.read(last)) != dealt.checksums[last]:
            raise InputError(
                f"{out}: holds an unfinished pack, and {blocks.name(last)} has changed since. "
                "Start anew with ", Argument("force", "True"), ", or name another folder.",
            )  # fmt: skip


def _is_ours(name: str) -> bool:
    return (
        name in (_LOCK, MANIFEST, STATISTICS, FOLDER)
        or _BLOCK_FILE.fullmatch(name) is not None
        or name.endswith(PARTIAL)
    )


def _sweep_up(folder: Path) -> None:
    """Remove what writes that were cut off have left."""
    for partial in folder.glob(f".*{PARTIAL}"):
        remove_file(partial)
