"""The law of order `blocks`: how an epoch visits examples that are read block by block.

Blocks come in a sequence that is new in each epoch. So many of them at a time are a window, whose
examples are mixed; no batch crosses a window. All of it is a pure function of the lengths of the
blocks, and so the same wherever they lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from onelayer.data.checks import check_integer
from onelayer.data.order import epoch_order
from onelayer.data.rows import Rows, row_blocks
from onelayer.errors import Argument, InputError
from onelayer.threads import prefetched

Made = TypeVar("Made")


@dataclass(frozen=True)
class Window:
    """Blocks whose examples are mixed.

    Attributes
    ----------
    epoch, number : int
        The number of the epoch, and that of the window in it.
    blocks : tuple of int
    """

    epoch: int
    number: int
    blocks: tuple[int, ...]


@dataclass(frozen=True)
class Windows:
    """The windows of each epoch.

    Parameters
    ----------
    lengths : sequence of int
        How many examples of each block take part; blocks without any are never visited.
    size : int
        Blocks of a window. With more than one, blocks must have one length, but for the last, which
        may be shorter and then ends each epoch: so that all epochs have as many batches.
    seed : int

    Raises
    ------
    InputError
        If `size` is below 1, or blocks differ in length where they must not.
    """

    lengths: tuple[int, ...]
    size: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse windows of blocks that don't go together."""
        check_integer(self.size, "window", 1)
        if self.size > 1 and not self._alike:
            few, most = min(self.lengths), max(self.lengths)
            raise InputError(
                Argument("window"),
                f": {self.size} was given, and the blocks have from {few:,} to {most:,} examples. "
                "More than one block a window needs blocks of one length, but for the last: pack "
                "the data, or take 1.",
            )

    @property
    def _alike(self) -> bool:
        whole = self.lengths[0]
        return all(k == whole for k in self.lengths[:-1]) and self.lengths[-1] <= whole

    @property
    def visited(self) -> list[int]:
        """The blocks that have examples which take part."""
        return [i for i, length in enumerate(self.lengths) if length]

    def sizes(self) -> list[int]:
        """Return how many examples the windows of an epoch have, in any order but for the last."""
        lengths = [self.lengths[i] for i in self.visited]
        return [sum(lengths[some]) for some in row_blocks(len(lengths), self.size)]

    def of_epoch(self, epoch: int) -> list[Window]:
        """Return the windows of an epoch, one after the other."""
        visited = np.array(self.visited)
        if self.size > 1 and self.lengths[-1] < self.lengths[0]:
            order = np.append(epoch_order(self.seed, epoch, len(visited) - 1), len(visited) - 1)
        else:
            order = epoch_order(self.seed, epoch, len(visited))
        sequence = visited[order].tolist()
        some = row_blocks(len(sequence), self.size)
        return [Window(epoch, k, tuple(sequence[part])) for k, part in enumerate(some)]

    def from_window(self, first: Window, last_epoch: int) -> Iterator[Window]:
        """Yield a window and all that come after it, to the end of an epoch."""
        for epoch in range(first.epoch, last_epoch + 1):
            windows = self.of_epoch(epoch)
            yield from windows[first.number :] if epoch == first.epoch else windows

    def rows(self, window: Window) -> Rows:
        """Return the order of a window's examples: places among those of its blocks in turn."""
        n = sum(self.lengths[i] for i in window.blocks)
        sequence = np.random.SeedSequence(self.seed, spawn_key=(window.epoch, window.number))
        order = np.random.Generator(np.random.PCG64(sequence)).permutation(n)
        return order.astype(np.int64, copy=False)


class Ahead(Generic[Made]):
    """What is made of windows that are asked for in turn: of the next one in another thread.

    Parameters
    ----------
    windows : Windows
    last_epoch : int
        Nothing is made ahead of windows after it.
    make : function
        Of a window.
    """

    def __init__(self, windows: Windows, last_epoch: int, make: Callable[[Window], Made]) -> None:
        self._windows, self._last_epoch, self._make = windows, last_epoch, make
        self._at: Window | None = None
        self._made: Made
        self._following: Iterator[tuple[Window, Made]] = iter(())

    def begin(self, window: Window) -> None:
        """Begin with what will be asked for first, in another thread."""
        coming = self._windows.from_window(window, self._last_epoch)
        self._following = prefetched((w, self._make(w)) for w in coming)

    def of(self, window: Window) -> Made:
        """Return what is made of a window; the last one is kept."""
        if self._at != window:
            found = next(self._following, None)
            if found is None or found[0] != window:
                self.begin(window)
                found = next(self._following)
            self._at, self._made = found
        return self._made
