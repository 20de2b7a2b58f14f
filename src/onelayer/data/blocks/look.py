"""What is found out of one block before training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.blocks.matrix import nbytes
from onelayer.data.blocks.source import Block, BlockSource
from onelayer.data.fingerprint import values_fingerprint
from onelayer.data.matrix import as_matrix
from onelayer.data.moments import Moments
from onelayer.errors import InputError


@dataclass(frozen=True)
class Promised:
    """What a source has said of a block.

    Attributes
    ----------
    number : int
    shape : (int, int)
    dtype : str
    """

    number: int
    shape: tuple[int, int]
    dtype: str

    @classmethod
    def by(cls, source: BlockSource, i: int) -> Promised:
        """Return what a source says of block i."""
        shape = source.block_lengths[i], source.n_features
        return cls(i, shape, np.dtype(source.dtype).name)


@dataclass(frozen=True, eq=False)
class Look:
    """What is known of a block once it was read.

    Attributes
    ----------
    y : array, shape (n,) or (n, n_labels); or None
    moments : Moments
        Of the stored values.
    fingerprint : str
        Of these; see `onelayer.data.fingerprint`.
    size : int
        Their bytes.
    """

    y: NDArray[Any] | None
    moments: Moments
    fingerprint: str
    size: int


def look_at(promised: Promised, block: Block) -> Look:
    """Return what there is to know of a block; a function of it alone.

    Raises
    ------
    InputError
        If it is not what was promised, or a value is not finite.
    """
    i, shape = promised.number, promised.shape
    X = _checked(block.X, i)
    if X.shape != shape or X.dtype != promised.dtype:
        raise InputError(
            f"block {i}: it is {X.dtype} of the shape {X.shape}, and {promised.dtype} of {shape} "
            "was promised; all blocks must have the same features in one type."
        )
    y = None if block.y is None else np.asarray(block.y)
    if y is not None and len(y) != shape[0]:
        raise InputError(f"block {i}: it has {shape[0]} examples and {len(y)} labels.")
    return Look(y, Moments.of(X), values_fingerprint(X), nbytes(X))


def _checked(X: Any, i: int) -> Any:
    try:
        return as_matrix(X, None)[0]
    except InputError as error:
        raise InputError(f"block {i}: {error}") from None
