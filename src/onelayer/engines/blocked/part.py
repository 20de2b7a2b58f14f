"""A part of the data, of which any blocks can be taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from onelayer.data import Rows
from onelayer.data.blocks import BlockMatrix
from onelayer.engines.problem import WeightedRows
from onelayer.threads import prefetched


@dataclass(frozen=True, eq=False)
class BlockedPart:
    """Stored values, and which examples take part.

    Attributes
    ----------
    X : BlockMatrix
    examples : WeightedRows
        Of all blocks.
    """

    X: BlockMatrix
    examples: WeightedRows

    def __post_init__(self) -> None:
        """Put the rows that take part into the order of the blocks."""
        rows = np.sort(self.examples.rows)
        object.__setattr__(self, "examples", replace(self.examples, rows=rows))

    @property
    def visited(self) -> list[int]:
        """The blocks with examples that take part."""
        return [i for i in range(len(self.X.lengths)) if len(self._rows(i))]

    def values(self, blocks: Sequence[int]) -> Any:
        """Read some blocks; where there are several, they are copied into one array."""
        return self.X.block(blocks[0]) if len(blocks) == 1 else self.X[self._numbers(blocks)]

    def examples_of(self, blocks: Sequence[int]) -> WeightedRows:
        """Return the examples of some blocks, with the numbers that rows have in their values."""
        begins = np.cumsum([0, *(self.X.lengths[i] for i in blocks)])
        rows = [
            self._rows(i) - self.X.rows_of(i).start + begin
            for i, begin in zip(blocks, begins, strict=False)
        ]
        some = self.X.rows_of(blocks[0]) if len(blocks) == 1 else self._numbers(blocks)
        whole = self.examples
        return WeightedRows(
            whole.targets[some], np.concatenate(rows), whole.weights[:, some], whole.weights_of
        )

    def each_block(self) -> Iterator[tuple[Any, WeightedRows]]:
        """Yield values and examples of the blocks in order; the next one is read ahead."""
        return prefetched((self.values([i]), self.examples_of([i])) for i in self.visited)

    def _numbers(self, blocks: Sequence[int]) -> Rows:
        slices = [self.X.rows_of(i) for i in blocks]
        return np.concatenate([np.arange(own.start, own.stop) for own in slices])

    def _rows(self, i: int) -> Rows:
        """Return the numbers of the examples of a block that take part."""
        own, rows = self.X.rows_of(i), self.examples.rows
        first, last = np.searchsorted(rows, [own.start, own.stop])
        return rows[first:last]
