"""A permutation of row numbers that needs no memory: each row's place is computed by itself."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 8
_AT_ONCE = 1 << 15  # rows whose numbers stay in a processor's cache
_LEAST_SIDE = 16  # among fewer pairs the permutations are not all as likely
_SPAWN_KEY = (0x7061636B,)  # apart from the numbers that an epoch's order draws by the same seed


class Shuffle:
    """A pseudo-random permutation of 0, ..., n-1, a pure function of the seed and n.

    A Feistel network over pairs (left, right) of numbers below a, with a^2 >= n: a round maps them
    to (right, left + f(right) mod a), which can be undone whatever f is, so that all rounds
    together are a permutation of the a^2 pairs. A row whose place is n or more goes on through the
    network until it is below, which leaves a permutation of 0, ..., n-1 (Black and Rogaway,
    "Ciphers with arbitrary finite domains", 2002). f is the finaliser of SplitMix64 (Steele, Lea
    and Flood, 2014) with a key a round.

    Parameters
    ----------
    seed : int
        0 or more.
    n : int
        1 or more.
    """

    def __init__(self, seed: int, n: int) -> None:
        self._n = n
        self._side = np.uint64(max(isqrt(n - 1) + 1, _LEAST_SIDE))
        sequence = np.random.SeedSequence(seed, spawn_key=_SPAWN_KEY)
        self._keys = sequence.generate_state(_ROUNDS, np.uint64)

    def places(self, begin: int, end: int) -> NDArray[np.int64]:
        """Return where the rows from `begin` to before `end` go, shape (end - begin,)."""
        rows = np.arange(begin, end, dtype=np.uint64)
        for first in range(0, len(rows), _AT_ONCE):
            piece = rows[first : first + _AT_ONCE]
            piece[:] = self._permuted(piece)
            while (beyond := piece >= self._n).any():
                piece[beyond] = self._permuted(piece[beyond])
        return rows.astype(np.int64)

    def _permuted(self, pairs: NDArray[np.uint64]) -> NDArray[np.uint64]:
        left, right = np.divmod(pairs, self._side)
        for key in self._keys:
            moved = left + self._below_side(right ^ key)
            moved -= self._side * (moved >= self._side)
            left, right = right, moved
        return left * self._side + right

    def _below_side(self, numbers: NDArray[np.uint64]) -> NDArray[Any]:
        """Return hashes, each from 0 to below the side of the square."""
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            numbers ^= numbers >> np.uint64(shift)
            numbers *= np.uint64(factor)
        numbers ^= numbers >> np.uint64(31)
        return (numbers >> np.uint64(32)) * self._side >> np.uint64(32)
