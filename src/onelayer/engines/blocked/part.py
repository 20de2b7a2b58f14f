"""A part of the data, of which any blocks can be taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

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
        rows = self.examples.rows
        if not (rows[:-1] <= rows[1:]).all():
            object.__setattr__(self, "examples", replace(self.examples, rows=np.sort(rows)))

    @property
    def visited(self) -> list[int]:
        """The blocks with examples that take part."""
        return [i for i in range(len(self.X.lengths)) if len(self._rows(i))]

    def values(self, blocks: Sequence[int]) -> Any:
        """Read some blocks; where there are several, they are copied into one array."""
        return joined_values([self.X.block(i) for i in blocks])

    def examples_of(self, i: int) -> WeightedRows:
        """Return the examples of a block, with the numbers that rows have in it."""
        own, whole = self.X.rows_of(i), self.examples
        rows = self._rows(i) - own.start
        return WeightedRows(whole.targets[own], rows, whole.weights[:, own], whole.weights_of)

    def each_block(self) -> Iterator[tuple[Any, WeightedRows]]:
        """Yield values and examples of the blocks in order; the next one is read ahead."""
        return prefetched((self.X.block(i), self.examples_of(i)) for i in self.visited)

    def _rows(self, i: int) -> Rows:
        """Return the numbers of the examples of a block that take part."""
        own, rows = self.X.rows_of(i), self.examples.rows
        first, last = np.searchsorted(rows, [own.start, own.stop])
        return rows[first:last]


def joined_values(parts: Sequence[Any]) -> Any:
    """Return the values of some blocks, one after the other."""
    if len(parts) == 1:
        return parts[0]
    return sparse.vstack(parts, "csr") if sparse.issparse(parts[0]) else np.concatenate(parts)
