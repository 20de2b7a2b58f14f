"""A data set whose features are read block by block, and the one pass that comes before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.blocks.look import Look, Promised, look_at
from onelayer.data.blocks.matrix import matrix_of
from onelayer.data.blocks.source import BlockSource
from onelayer.data.dataset import Dataset
from onelayer.data.fingerprint import blocks_fingerprint
from onelayer.data.fit_scaling import ScalingName, fit_scaling
from onelayer.data.labels import Label
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

    A source that has a method `scan` of its own is asked instead, as packed data knows; one with a
    method `looks` looks at its blocks itself, where they lie.

    Raises
    ------
    InputError
        If a block is not what was promised, a value is not finite, or labels are missing.
    """
    if hasattr(source, "scan"):
        found: Scan = source.scan()
        return found
    labels, prints, moments, largest = [], [], Moments.none(source.n_features), 0
    for i, look in enumerate(looks_of(source)):
        if look.y is None:
            raise InputError(
                "y: the blocks have no labels; say which column holds them, or give them."
            )
        labels.append(look.y)
        prints.append(look.fingerprint)
        moments, largest = moments + look.moments, max(largest, look.size)
        watch(i + 1, len(source.block_lengths))
    y = np.concatenate(labels)
    return Scan(y, moments, blocks_fingerprint(prints, y), largest)


def looks_of(source: BlockSource) -> Iterator[Look]:
    """Yield what is known of each block once it was read; a source may look itself."""
    if hasattr(source, "looks"):
        yield from source.looks()
        return
    count = len(source.block_lengths)
    for i, block in enumerate(prefetched(source.read_block(i) for i in range(count))):
        look = look_at(Promised.by(source, i), block)
        give_back()
        yield look


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
    X = matrix_of(source, memory)
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
