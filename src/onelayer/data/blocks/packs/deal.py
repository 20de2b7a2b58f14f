"""The first pass of packing: the source is read once, and its rows are dealt to runs.

A run holds the rows of some blocks of the source that follow one another, as many as fit the
memory, sorted by their places in the whole. The rows of any output block, or of some that follow
one another, are therefore one stretch of each run, read at once in the second pass. So both passes
read and write in long pieces, and nothing but the runs' lengths depends on the memory. While a run
is written, the source is read on.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks.buffers import Buffers
from onelayer.data.blocks.packs.block_files import arrays_of, write_arrays
from onelayer.data.blocks.packs.class_numbers import ClassNumbers
from onelayer.data.blocks.packs.packing import Dealt, Tell, too_large
from onelayer.data.blocks.packs.shuffle import Shuffle
from onelayer.data.blocks.packs.source_blocks import CheckedBlocks, block_bytes, block_checksum
from onelayer.threads import Behind, prefetched


class Dealer:
    """Deals the rows of a source.

    Parameters
    ----------
    blocks : CheckedBlocks
    dealt : Dealt
        What was dealt before.
    folder : Path
        Of the runs.
    room : int
        Bytes that the values of a run may have.
    buffers : Buffers
    """

    def __init__(
        self, blocks: CheckedBlocks, dealt: Dealt, folder: Path, room: int, buffers: Buffers
    ) -> None:
        self._blocks, self._folder, self._room = blocks, folder, room
        self._dealt = dealt
        self._shuffle = Shuffle(dealt.plan.seed, dealt.plan.n_examples)
        self._numbers = ClassNumbers(dealt.plan.classes, dealt.seen)
        self._held: list[tuple[Any, NDArray[Any]]] = []
        self._checksums: list[int] = []
        self._bytes = 0
        self._buffers = buffers

    def deal(self, tell: Tell) -> Dealt:
        """Deal what is left; return what was dealt.

        Raises
        ------
        InputError
            If a block of the source cannot be used, or is larger than the memory allows.
        OnelayerError
            If a run cannot be written.
        """
        begins, first = self._blocks.begins, self._dealt.n_blocks
        numbers, read = range(first, len(self._blocks.lengths)), self._dealt.n_bytes
        with Behind() as writer, closing(prefetched(map(self._blocks.read, numbers))) as blocks:
            for i, (X, y) in zip(numbers, blocks, strict=True):
                size = block_bytes(X, y)
                if size > self._room:
                    raise too_large(self._blocks.name(i), size)
                if self._held and self._bytes + size > self._room:
                    self._write_run(first, writer)
                    first = i
                self._checksums.append(block_checksum(X, y))
                if y.ndim == 1:
                    y = self._numbers.of(y, self._blocks.name(i), begins[i])
                self._held.append((X, y))
                self._bytes, read = self._bytes + size, read + size
                tell("deal", begins[i + 1], begins[-1], read)
            if self._held:
                self._write_run(first, writer)
        return self._dealt

    def _write_run(self, first: int, writer: Behind) -> None:
        """Have what is held written, and then noted: a run that is not noted is dealt again."""
        begins, end = self._blocks.begins, first + len(self._held)
        places = self._shuffle.places(begins[first], begins[end])
        order = np.argsort(places, kind="stable")
        writer.wait()  # so that there are never three runs in memory
        X = self._in_order([X for X, _ in self._held], order)
        y = np.concatenate([y for _, y in self._held])[order]
        done = {
            "ends": (*self._dealt.ends, end),
            "seen": tuple(self._numbers.seen),
            "checksums": (*self._dealt.checksums, *self._checksums),
            "n_examples": begins[end],
            "n_bytes": self._dealt.n_bytes + self._bytes,
        }
        self._held.clear()
        self._checksums, self._bytes = [], 0
        writer.do(partial(self._write, arrays_of(X), y, places[order], done))

    def _write(
        self,
        values: dict[str, NDArray[Any]],
        y: NDArray[Any],
        places: NDArray[np.int64],
        done: dict[str, Any],
    ) -> None:
        plan = self._dealt.plan
        bounds = np.arange(plan.n_blocks + 1) * plan.block_length
        more = {"y": y, "places": places, "begins": np.searchsorted(places, bounds)}
        write_arrays(self._folder, len(self._dealt.ends), {**values, **more}, checks=False)
        self._dealt = self._dealt.model_copy(update=done)
        self._dealt.write(self._folder)

    def _in_order(self, parts: list[Any], order: NDArray[np.int64]) -> Any:
        """Return the rows of matrices, one upon the other, in another order."""
        if sparse.issparse(parts[0]):
            return stacked(parts)[order]
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        return in_place(parts, places, self._buffers)


def in_place(parts: list[NDArray[Any]], places: NDArray[np.int64], memory: Buffers) -> NDArray[Any]:
    """Return arrays, one upon the other, with each row in its place."""
    whole = memory.empty((len(places), *parts[0].shape[1:]), parts[0].dtype)
    begin = 0
    for part in parts:
        whole[places[begin : begin + len(part)]] = part
        begin += len(part)
    return whole


def stacked(parts: list[Any]) -> Any:
    """Return matrices one upon the other."""
    if len(parts) == 1:
        return parts[0]
    if sparse.issparse(parts[0]):
        return sparse.csr_array(sparse.vstack(parts, format="csr"))
    return np.concatenate(parts)
