"""Arrays in memory and memory maps as blocks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks.source import Block
from onelayer.data.checks import check_integer
from onelayer.data.rows import row_blocks
from onelayer.data.stored_type import stored_type
from onelayer.errors import InputError

BLOCK_LENGTH = 8192
"""Examples of a block, where nothing says how many."""


class ArrayBlocks:
    """Rows of a matrix that follow one another are a block; what is stored so is not copied.

    Parameters
    ----------
    X : array, shape (n, n_features), a memory map among others; or a CSR array
    y : array, shape (n,) or (n, n_labels), or None
    lengths : int or sequence of int
        Examples of each block; a number: of all but the last, which may have fewer.

    Raises
    ------
    InputError
        If the lengths don't add up to the examples.
    """

    def __init__(
        self, X: Any, y: NDArray[Any] | None, lengths: int | Sequence[int] = BLOCK_LENGTH
    ) -> None:
        self._X, self._y = X, y
        n = int(X.shape[0])
        if y is not None and len(y) != n:
            raise InputError(
                f"X has {n} examples and y has {len(y)} labels; give one label an example."
            )
        if isinstance(lengths, Sequence):
            self._lengths = tuple(check_integer(k, "lengths", 1) for k in lengths)
            if sum(self._lengths) != n:
                raise InputError(
                    f"lengths: they add up to {sum(self._lengths)}, and there are {n} examples."
                )
        else:
            at_once = check_integer(lengths, "lengths", 1)
            self._lengths = tuple(r.stop - r.start for r in row_blocks(n, at_once))
        self._begins = [0, *itertools.accumulate(self._lengths)]

    @property
    def n_features(self) -> int:
        """Values of an example."""
        return int(self._X.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored values: that of X, or the one that holds them."""
        return stored_type(np.dtype(self._X.dtype))

    @property
    def is_sparse(self) -> bool:
        """Whether the values are CSR."""
        return bool(sparse.issparse(self._X))

    @property
    def block_lengths(self) -> tuple[int, ...]:
        """Examples of each block."""
        return self._lengths

    def read_block(self, i: int) -> Block:
        """Return block i, a view where the values are dense and of a type that is kept."""
        rows = slice(self._begins[i], self._begins[i + 1])
        X = self._X[rows]
        if not sparse.issparse(X) and not (X.dtype == self.dtype and X.flags.c_contiguous):
            X = np.ascontiguousarray(X, dtype=self.dtype)  # of a map this would be no map
        return Block(X, None if self._y is None else self._y[rows])
