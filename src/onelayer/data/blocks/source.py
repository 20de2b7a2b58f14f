"""What is read block by block: any object with these four members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


@dataclass(frozen=True, eq=False)
class Block:
    """Some examples that follow one another.

    Attributes
    ----------
    X : array, shape (n, n_features), C order; or a CSR array
        Stored values: uint8, float16, float32 or float64; in CSR float32 or float64.
    y : array, shape (n,), or (n, n_labels) of 0 and 1; or None
        Labels; None where the source has none.
    """

    X: Any
    y: NDArray[Any] | None

    def __sizeof__(self) -> int:
        """Return the bytes of the values: a cluster goes by them."""
        own = (self.X.data, self.X.indices, self.X.indptr) if sparse.issparse(self.X) else (self.X,)
        return sum(int(part.nbytes) for part in (*own, self.y) if part is not None)


@runtime_checkable
class BlockSource(Protocol):
    """Labelled examples in blocks.

    One that has an attribute `is_sparse` says whether they are CSR; else the first one is read to
    see. One that has a method `read_values` returns by it the values of a block alone.

    Attributes
    ----------
    n_features : int
    dtype : numpy dtype
        Of the stored values.
    block_lengths : tuple of int
        How many examples each block has, at least 1; known without reading them.
    """

    @property
    def n_features(self) -> int:
        """Values of an example."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored values."""

    @property
    def block_lengths(self) -> tuple[int, ...]:
        """Examples of each block."""

    def read_block(self, i: int) -> Block:
        """Return block i, counted from 0; in any order, any number of times, from any thread."""
