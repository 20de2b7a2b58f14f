"""The pass over blocks that comes before training, and the examples that it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from onelayer.data.blocks.dataset import Scan, Watch, scan
from onelayer.data.files import Examples
from onelayer.data.files.beside import numbered_groups
from onelayer.data.moments import Moments
from onelayer.errors import InputError
from onelayer.workflow.blocks import Opened


@dataclass(frozen=True, eq=False)
class BlockExamples:
    """Examples whose features are read block by block, and what one pass has found out.

    Attributes
    ----------
    examples : Examples
        `X` is a BlockMatrix.
    moments : Moments
        Of the stored values of all examples.
    fingerprint : str
    """

    examples: Examples
    moments: Moments
    fingerprint: str


def read_blocks(
    opened: Opened, watch: Watch, *, groups: str | None = None, window: int = 1
) -> BlockExamples:
    """Make the pass that comes before, and return examples that are read when they are needed.

    Parameters
    ----------
    watch : function
        See `onelayer.data.blocks.dataset.Watch`.
    groups : str, optional
        A column of a table that says to which group an example belongs.
    window : int
        Blocks whose examples are mixed in training.

    Raises
    ------
    InputError
        If a block cannot be read or is too large, or labels are missing.
    """
    source: Any = opened.placed()
    try:
        found = scan(source, watch)
    except InputError as error:
        said = str(error).startswith("block ")  # a block of an array knows no file
        raise InputError(*([f"{opened.name}: "] if said else []), *error.parts) from None
    is_matrix, named = found.y.ndim == 2, hasattr(source, "classes")
    examples = Examples(
        X=opened.matrix(source, found.largest, window),
        y=found.y,
        source=opened.name,
        label_names=tuple(map(str, source.classes)) if is_matrix and named else None,
        feature_names=getattr(source, "feature_names", None),
        target=getattr(source, "target", None),
        image_shape=getattr(source, "image_shape", None),
        channels=getattr(source, "channels", None),
        index=getattr(source, "index", ()),
    )
    if groups is not None:
        column = beside(source, [groups])[groups]
        examples = replace(examples, groups=numbered_groups(column, opened.name))
    names = identifiers(examples, found)
    return BlockExamples(replace(examples, identifiers=names), found.moments, found.fingerprint)


def beside(source: Any, names: Sequence[str], block: int | None = None) -> pl.DataFrame:
    """Return columns of a table that are read beside its features, of all blocks or of one."""
    some = range(len(source.block_lengths)) if block is None else [block]
    frame: pl.DataFrame = pl.concat([source.read_columns(i, names) for i in some])
    return frame


def identifiers(examples: Examples, found: Scan) -> tuple[str, ...]:
    """Return the columns that hold consecutive numbers, in any order.

    Told by their range and variance, which no pass over the columns one by one has to find: n
    numbers from a to a + n - 1 have sum of squares n (n^2 - 1) / 12 about their mean.
    """
    n, moments = examples.n_examples, found.moments
    if examples.feature_names is None or n < _LEAST:
        return ()
    whole = (moments.high - moments.low == n - 1) & (moments.low == np.round(moments.low))
    spread = np.isclose(moments.squares, n * (n * n - 1.0) / 12, rtol=1e-9)
    return tuple(examples.feature_names[i] for i in np.flatnonzero(whole & spread))


_LEAST = 10
"""In fewer rows consecutive numbers may be a measurement."""
