"""How many blocks are in memory at once, and what room that leaves for others."""

from __future__ import annotations

import numpy as np

from onelayer.data.blocks.source import BlockSource
from onelayer.errors import Argument, InputError
from onelayer.words import bytes_in_words

_EVALUATED = 2
"""Blocks of an evaluation beside the windows of training: one, and the next."""

_TO_READ = 2
"""What reading a block takes, in blocks: as it is stored and as values. A source that takes more
says so by `blocks_to_read`."""


def blocks_at_once(source: BlockSource, window: int = 1) -> int:
    """Return how many blocks are in memory at once: a window and the next, and those beside.

    Several blocks are copied into one window.
    """
    windows = 2 if window == 1 else 3 * window
    return windows + _EVALUATED + int(getattr(source, "blocks_to_read", _TO_READ))


def dense_block_bytes(source: BlockSource) -> int | None:
    """Return the bytes of the largest block; None where blocks are sparse, which reading tells."""
    if getattr(source, "is_sparse", False):
        return None
    return max(source.block_lengths) * source.n_features * np.dtype(source.dtype).itemsize


def room_to_hold(source: BlockSource, block: int, memory: int, name: str, window: int = 1) -> int:
    """Return the bytes that are left to hold blocks for later.

    Parameters
    ----------
    block : int
        Bytes of the largest block.
    memory : int
        Bytes that all blocks may take together.
    name : str
        Of the data, for messages.
    window : int
        Blocks whose examples are mixed.

    Raises
    ------
    InputError
        If blocks are too large; it says what to do.
    """
    count, rows = blocks_at_once(source, window), max(source.block_lengths)
    needed = count * block
    if needed <= memory:
        return memory - needed
    fits = max(1, memory * rows // needed)
    raise InputError(
        Argument("memory"), f": {bytes_in_words(memory)} are too little for {name}, whose largest "
        f"block takes {bytes_in_words(block)} ({rows:,} examples): {count} such blocks are in "
        "memory at once. Give ", Argument("memory", f"{-(-needed // 10**6)}MB"),
        f", or smaller blocks: onelayer data pack {name} FOLDER --block-length {fits}.",
    )  # fmt: skip
