"""Shuffle a source once on disk, into blocks that are read without decoding.

Two passes in bounded memory: the rows are dealt to sorted runs, and gathered from them. Where a
row goes follows from the seed and its number alone, the blocks' lengths from the block length. So
the result is the same to the byte whatever the memory, and however often it was interrupted.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from scipy import sparse

from onelayer.data.blocks.buffers import Buffers
from onelayer.data.blocks.packs.block_files import n_bytes
from onelayer.data.blocks.packs.deal import Dealer
from onelayer.data.blocks.packs.finish import finish
from onelayer.data.blocks.packs.gather import Gatherer, Written
from onelayer.data.blocks.packs.manifest import StoredType
from onelayer.data.blocks.packs.pack_folder import locked, refuse_finished, take_up
from onelayer.data.blocks.packs.packed import PackedBlocks
from onelayer.data.blocks.packs.packing import Dealt, Plan, Tell, too_large
from onelayer.data.blocks.packs.source_blocks import CheckedBlocks, block_bytes, block_checksum
from onelayer.data.blocks.source import BlockSource
from onelayer.data.checks import check_integer
from onelayer.data.labels import Label, as_classes
from onelayer.errors import InputError, OnelayerError
from onelayer.storage import free_space, remove_folder
from onelayer.words import bytes_in_words, parse_bytes

BLOCK_BYTES = 64_000_000
"""Of a block, about, where nothing says how many examples it has."""

MEMORY = 1_000_000_000
"""Bytes, where nothing says how many."""

_OF_A_ROW = 16  # bytes: its place and label in a run, its label in a block, at most about


def pack(
    source: BlockSource,
    out: str | Path,
    *,
    block_length: int | None = None,
    seed: int = 0,
    memory: int | str | None = None,
    classes: Sequence[Label] | None = None,
    force: bool = False,
    stamp: str = "",
    watch: Tell | None = None,
) -> PackedBlocks:
    """Shuffle a source into a folder of blocks.

    Each example goes to one place of all, by a permutation that follows from the seed and the
    number of examples; blocks are `block_length` examples long, the last one maybe less. When it
    was cut off, the same call goes on from there, to the same bytes.

    Parameters
    ----------
    source : BlockSource
        Its attributes `feature_names`, `image_shape`, `channels`, `target` and `label_names` are
        kept where it has them; its method `block_name(i)`, where it has one, names block i in
        messages.
    out : str or Path
        A folder that is new or empty, or holds a pack that was cut off. The disk must have room for
        twice the data.
    block_length : int, optional
        Examples of a block. By default about 64 MB.
    seed : int
        0 or more.
    memory : int or str, optional
        Bytes, or a size such as "500MB", that may be taken beside what Python and libraries have
        taken before; a quarter of it must hold any block of the source and of the result. By
        default 1 GB, or more where the blocks need it. The result does not depend on it.
    classes : sequence of labels, optional
        Their order. By default the sorted labels.
    force : bool
        Replace what is finished, or was begun of another source or with other options.
    stamp : str
        What the caller knows the state of the source by, such as times of change of its files: a
        pack that was begun under another one is not taken up again. The first block of the source
        and the last one that was read are compared in any case.
    watch : function, optional
        Called with the pass ("deal" or "gather"), the examples that it has done, those that there
        are, and the bytes that it has done. What it raises ends the work, to be taken up again.

    Returns
    -------
    PackedBlocks

    Raises
    ------
    InputError
        If the source cannot be used (a value is not finite, a label is missing, there are more than
        65,536 classes), has changed since the pack was begun, or needs more memory; or the folder
        holds something else, or is in use.
    OnelayerError
        If the disk has not enough room, or cannot be written to.
    """
    out, blocks = Path(out), CheckedBlocks(source)
    tell: Tell = watch or (lambda *_: None)
    with locked(out) as packing:
        refuse_finished(out, force=force)
        plan, row_bytes = _plan(blocks, block_length, seed, classes, stamp)
        room = _room(memory, max(*blocks.lengths, plan.length(0)) * row_bytes)
        buffers = Buffers()  # what the first pass let go, the second takes
        dealt = take_up(out, packing, plan, blocks, force=force)
        _check_space(out, dealt, Written.read(packing, plan.n_features), row_bytes)
        try:
            dealt = Dealer(blocks, dealt, packing, room, buffers).deal(tell)
        except InputError:
            if not dealt.ends:  # this call began it, and its source is to be mended first
                remove_folder(packing)
            raise
        written = Gatherer(dealt, packing, out, room, buffers).gather(tell)
        finish(out, dealt, written, source)
        remove_folder(packing)
    return PackedBlocks(out)


def _plan(
    blocks: CheckedBlocks,
    block_length: int | None,
    seed: int,
    classes: Sequence[Label] | None,
    stamp: str,
) -> tuple[Plan, float]:
    """Return the plan, and the bytes of a row: of sparse ones those of the first block's."""
    X, y = blocks.read(0)
    row_bytes, n_labels = block_bytes(X, y) / len(y), y.shape[1] if y.ndim == 2 else None
    names = None if classes is None else as_classes(classes)
    if names is not None and n_labels not in (None, len(names)):
        raise InputError(
            f"classes: there are {len(names)} and the labels have {n_labels} columns; name the "
            "label of each column."
        )
    if block_length is None:
        block_length = max(1, round(BLOCK_BYTES * len(y) / max(n_bytes(X), 1)))
    plan = Plan(
        n_examples=blocks.begins[-1],
        n_features=blocks.n_features,
        dtype=cast("StoredType", blocks.dtype.name),  # looked at when the block was read
        sparse=bool(sparse.issparse(X)),
        n_labels=n_labels,
        division=zlib.crc32(json.dumps(blocks.lengths).encode()),
        first=block_checksum(X, y),
        stamp=stamp,
        block_length=check_integer(block_length, "block_length", 1),
        seed=check_integer(seed, "seed", 0),
        classes=names,
    )
    return plan, row_bytes


def _room(memory: int | str | None, largest: float) -> int:
    """Return a quarter of the memory, which is what the largest block needs at least.

    Raises
    ------
    InputError
    """
    if memory is None:
        return max(MEMORY // 4, int(1.25 * largest))
    room = parse_bytes(memory, "memory") // 4
    if largest > room:
        raise too_large("The largest block", int(largest))
    return room


def _check_space(out: Path, dealt: Dealt, written: Written, row_bytes: float) -> None:
    """Refuse what the disk has no room for.

    Raises
    ------
    OnelayerError
    """
    plan = dealt.plan
    rows = plan.n_examples - written.blocks * plan.block_length
    rows += plan.n_examples - dealt.n_examples
    needed, free = int(rows * (row_bytes + _OF_A_ROW)), free_space(out)
    if needed > free:
        raise OnelayerError(
            f"{out}: packing needs about {bytes_in_words(needed)} of disk for what is left, and "
            f"{bytes_in_words(free)} are free; make room, or name a folder on another disk."
        )
