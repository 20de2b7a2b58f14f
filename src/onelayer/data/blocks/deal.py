"""The first pass of packing: the source is read once, and its rows are dealt to runs.

A run holds the rows of some blocks of the source that follow one another, as many as fit the
memory, sorted by their places in the whole. The rows of any output block, or of some that follow
one another, are therefore one stretch of each run, read at once in the second pass. So both passes
read and write in long pieces, and nothing but the runs' lengths depends on the memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks.block_files import arrays_of, write_arrays
from onelayer.data.blocks.class_numbers import ClassNumbers
from onelayer.data.blocks.packing import Dealt, Tell, too_large
from onelayer.data.blocks.shuffle import Shuffle
from onelayer.data.blocks.source_blocks import CheckedBlocks, block_bytes, block_checksum


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
    """

    def __init__(self, blocks: CheckedBlocks, dealt: Dealt, folder: Path, room: int) -> None:
        self._blocks, self._folder, self._room = blocks, folder, room
        self._dealt = dealt
        self._shuffle = Shuffle(dealt.plan.seed, dealt.plan.n_examples)
        self._numbers = ClassNumbers(dealt.plan.classes, dealt.seen)
        self._held: list[tuple[Any, NDArray[Any]]] = []
        self._checksums: list[int] = []
        self._bytes = 0

    def deal(self, tell: Tell) -> Dealt:
        """Deal what is left; return what was dealt.

        Raises
        ------
        InputError
            If a block of the source cannot be used, or is larger than the memory allows.
        OnelayerError
            If a run cannot be written.
        """
        begins = self._blocks.begins
        for i in range(self._dealt.n_blocks, len(self._blocks.lengths)):
            X, y = self._blocks.read(i)
            size = block_bytes(X, y)
            if size > self._room:
                raise too_large(self._blocks.name(i), size)
            if self._held and self._bytes + size > self._room:
                self._write_run()
            self._checksums.append(block_checksum(X, y))
            if y.ndim == 1:
                y = self._numbers.of(y, self._blocks.name(i), begins[i])
            self._held.append((X, y))
            self._bytes += size
            tell("deal", begins[i + 1], begins[-1], self._dealt.n_bytes + self._bytes)
        if self._held:
            self._write_run()
        return self._dealt

    def _write_run(self) -> None:
        """Write what is held, and note that it is done: a run that is not noted is dealt again."""
        dealt, begins = self._dealt, self._blocks.begins
        first, end = dealt.n_blocks, dealt.n_blocks + len(self._held)
        places = self._shuffle.places(begins[first], begins[end])
        order = np.argsort(places, kind="stable")
        X = stacked([X for X, _ in self._held])
        y = np.concatenate([y for _, y in self._held])
        self._held.clear()
        places, X, y = places[order], X[order], y[order]
        bounds = np.arange(dealt.plan.n_blocks + 1) * dealt.plan.block_length
        more = {"y": y, "places": places, "begins": np.searchsorted(places, bounds)}
        write_arrays(self._folder, len(dealt.ends), {**arrays_of(X), **more})
        self._dealt = dealt.model_copy(
            update={
                "ends": (*dealt.ends, end),
                "seen": tuple(self._numbers.seen),
                "checksums": (*dealt.checksums, *self._checksums),
                "n_examples": begins[end],
                "n_bytes": dealt.n_bytes + self._bytes,
            }
        )
        self._dealt.write(self._folder)
        self._checksums, self._bytes = [], 0


def stacked(parts: list[Any]) -> Any:
    """Return matrices one upon the other."""
    if len(parts) == 1:
        return parts[0]
    if sparse.issparse(parts[0]):
        return sparse.csr_array(sparse.vstack(parts, format="csr"))
    return np.concatenate(parts)
