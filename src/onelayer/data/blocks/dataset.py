"""A data set whose features are read block by block, and the one pass that comes before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.blocks.matrix import BlockMatrix, is_sparse, nbytes
from onelayer.data.blocks.source import BlockSource
from onelayer.data.dataset import Dataset
from onelayer.data.fingerprint import Digest
from onelayer.data.fit_scaling import ScalingName, fit_scaling
from onelayer.data.labels import Label
from onelayer.data.matrix import as_matrix
from onelayer.data.memory import give_back
from onelayer.data.moments import Moments
from onelayer.data.scaling import Scaling
from onelayer.errors import InputError
from onelayer.threads import prefetched

Watch = Callable[[int, int], None]
"""Called after each block of a pass: blocks done, and blocks that there are."""


@dataclass(frozen=True, eq=False)
class Scan:
    """What one pass over the blocks finds out.

    Attributes
    ----------
    y : array, shape (n,) or (n, n_labels)
        All labels.
    moments : Moments
        Of the stored values.
    fingerprint : str
        Of all of it; see `onelayer.data.fingerprint`.
    largest : int
        Bytes of the largest block's values.
    """

    y: NDArray[Any]
    moments: Moments
    fingerprint: str
    largest: int


def scan(source: BlockSource, watch: Watch = lambda _done, _all: None) -> Scan:
    """Read all blocks once: check them, and keep the labels and the moments of the features.

    A source that has a method `scan` of its own, as packed data does, is asked instead.

    Raises
    ------
    InputError
        If a block is not what was promised, a value is not finite, or labels are missing.
    """
    if hasattr(source, "scan"):
        found: Scan = source.scan()
        return found
    count = len(source.block_lengths)
    labels, moments, digest, largest = [], Moments.none(source.n_features), Digest(), 0
    for i, block in enumerate(prefetched(source.read_block(i) for i in range(count))):
        X, dtype = _checked(block.X, i), np.dtype(source.dtype)
        shape = source.block_lengths[i], source.n_features
        if X.shape != shape or X.dtype != dtype:
            raise InputError(
                f"block {i}: it is {X.dtype} of the shape {X.shape}, and {dtype} of {shape} was "
                "promised; all blocks must have the same features in one type."
            )
        if block.y is None:
            raise InputError(
                "y: the blocks have no labels; say which column holds them, or give them."
            )
        if len(block.y) != shape[0]:
            raise InputError(f"block {i}: it has {shape[0]} examples and {len(block.y)} labels.")
        if i == 0:
            whole = sum(source.block_lengths), source.n_features
            digest.begin(whole, dtype, is_sparse=is_sparse(X))
        digest.add(X)
        largest = max(largest, nbytes(X))
        labels.append(np.asarray(block.y))
        give_back()
        moments = moments + Moments.of(X)
        watch(i + 1, count)
    y = np.concatenate(labels)
    return Scan(y, moments, digest.end(y, source.block_lengths), largest)


def block_dataset(
    source: BlockSource,
    *,
    classes: Sequence[Label] | None = None,
    image_shape: tuple[int, int] | None = None,
    scaling: ScalingName | Scaling | None = None,
    memory: int | None = None,
    watch: Watch = lambda _done, _all: None,
) -> Dataset:
    """Return a data set that reads its features when they are needed; one pass is made first.

    Parameters
    ----------
    source : BlockSource
    classes, image_shape
        As for `Dataset`.
    scaling : "none", "standard", "minmax", or a Scaling; optional
        Fitted in the same pass. By default that of `Dataset`.
    memory : int, optional
        At most about so many bytes of blocks are held for later; by default two blocks.
    watch : function, optional
        See `Watch`.

    Raises
    ------
    InputError
        As for `scan` and `Dataset`.
    """
    found = scan(source, watch)
    X = BlockMatrix(source, memory)
    # What a packed folder has kept of its source.
    classes = getattr(source, "classes", None) if classes is None else classes
    image_shape = getattr(source, "image_shape", None) if image_shape is None else image_shape
    if isinstance(scaling, str):
        scaling = fit_scaling(X, scaling, moments=found.moments)
    return Dataset(X, found.y, classes=classes, image_shape=image_shape, scaling=scaling)


def class_by_class(data: Dataset) -> bool:
    """Whether blocks hold one class each, or nearly so, though there are more classes.

    Each window then teaches the models its own class and makes them forget the others.
    """
    lengths = data.block_lengths
    if lengths is None or data.has_label_matrix or len(lengths) < 2 or data.n_classes < 2:
        return False
    blocks = np.split(data.targets, np.cumsum(lengths)[:-1])
    largest = sum(int(np.bincount(block).max()) for block in blocks)
    overall = int(np.bincount(data.targets).max())
    return largest > _ALIKE * data.n_examples > overall


_ALIKE = 0.9
"""Blocks are of one class each where so large a share of examples is of its block's main class."""


def _checked(X: Any, i: int) -> Any:
    try:
        return as_matrix(X, None)[0]
    except InputError as error:
        raise InputError(f"block {i}: {error}") from None
