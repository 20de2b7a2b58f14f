"""Files and folders that are read block by block: larger than memory, or elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np
import polars as pl

from onelayer.data.blocks import ArrayBlocks, BlockMatrix, BlockSource
from onelayer.data.blocks.dataset import Scan, Watch, scan
from onelayer.data.blocks.matrix import matrix_of
from onelayer.data.blocks.readers.open import as_block_source
from onelayer.data.blocks.readers.paths import holds_blocks, is_table, table_bytes
from onelayer.data.blocks.readers.places import is_remote
from onelayer.data.blocks.room import blocks_at_once, dense_block_bytes, room_to_hold
from onelayer.data.files import Examples, read_examples
from onelayer.data.files.beside import numbered_groups
from onelayer.data.files.idx_files import is_idx_folder
from onelayer.data.memory import available_memory
from onelayer.data.moments import Moments
from onelayer.data.sources import SOURCES
from onelayer.engines.cluster import Cluster, ClusterSource, map_blocks
from onelayer.errors import Argument, InputError
from onelayer.words import bytes_in_words

Result = TypeVar("Result")

_TABLES, _MAPPED = (".parquet", ".pq", ".arrow", ".feather", ".ipc"), (".npy",)

_SURELY_SMALL = 100
"""A file of which so many times the size is free fits into the memory, whatever its packing."""

_TO_READ_WHOLE = 2
"""A table that is read whole is in memory so often: as a frame and as a matrix."""


def reads_in_blocks(path: str, memory: int | None, cluster: Cluster | None = None) -> bool:
    """Return whether data is read block by block: asked for, of such a kind, or too large.

    Tables are, where there is a cluster: its workers read them.

    Raises
    ------
    InputError
        If it is asked for, by a bound on the memory, and files of this kind are read whole.
    """
    if path in SOURCES:
        return _asked(path, memory, possible=False)
    local = os.path.expanduser(path)
    if is_remote(path) or (holds_blocks(local) and not is_idx_folder(local)):
        return True
    name, exists = path.lower(), os.path.isfile(local)
    if cluster is not None and exists and name.endswith(_TABLES):
        return True
    if memory is None:
        return exists and name.endswith(_TABLES) and _is_too_large(local)
    return not exists or _asked(path, memory, possible=name.endswith(_TABLES + _MAPPED))


def _asked(path: str, memory: int | None, *, possible: bool) -> bool:
    if memory is not None and not possible:
        raise InputError(
            Argument("memory"), f": {path} is read whole; leave it out, or make blocks of it: "
            f"onelayer data pack {path} FOLDER.",
        )  # fmt: skip
    return possible and memory is not None


def _is_too_large(path: str) -> bool:
    """Return whether a table would not fit into the memory that is free."""
    free = available_memory()
    if os.path.getsize(path) * _SURELY_SMALL <= free or find_spec("pyarrow") is None:
        return False
    try:
        return table_bytes(path) * _TO_READ_WHOLE > free
    except InputError:  # said by whoever reads it
        return False


@dataclass(frozen=True, eq=False)
class Opened:
    """Data whose blocks can be read.

    Attributes
    ----------
    source : BlockSource
    name : str
        The path or the address.
    memory : int
        Bytes that its blocks may take together, where they are read here.
    cluster : Cluster or None
        Where they are read.
    """

    source: BlockSource
    name: str
    memory: int
    cluster: Cluster | None = None

    @property
    def about(self) -> str:
        """What there is to say to whoever waits."""
        lengths = self.source.block_lengths
        size = dense_block_bytes(self.source)
        each = "" if size is None else f", the largest of {bytes_in_words(size)}"
        where = f"at most {bytes_in_words(self.memory)} of memory for them"
        if self.cluster is not None:
            where = "by the workers of the cluster"
        return (
            f"{self.name}: {sum(lengths):,} examples, read block by block: {len(lengths):,} "
            f"block{'s' if len(lengths) > 1 else ''}{each}; {where}."
        )

    def check_room(self, window: int = 1) -> None:
        """Refuse blocks that are too large, as far as that is known before reading."""
        size = dense_block_bytes(self.source)
        if size is not None and self.cluster is None:
            room_to_hold(self.source, size, self.memory, self.name, window)

    def placed(self) -> BlockSource:
        """Return the blocks where they are to be worked on."""
        return self.source if self.cluster is None else ClusterSource(self.source, self.cluster)

    def each(self, function: Callable[[Any], Result]) -> Iterator[Result]:
        """Yield what a function makes of the values of each block, in order; none is kept."""
        if self.cluster is not None:
            return map_blocks(self.source, self.cluster, function)
        return self.matrix(self.source).map(lambda X, _rows: function(X))

    def matrix(
        self, source: BlockSource, largest: int | None = None, window: int = 1
    ) -> BlockMatrix:
        """Return the values of a source; as many blocks are held for later as there is room for.

        `largest` is how many bytes the largest block takes, where reading them has told.
        """
        size = dense_block_bytes(self.source) if largest is None else largest
        if size is None or self.cluster is not None:
            return matrix_of(source, 0)
        return matrix_of(source, room_to_hold(self.source, size, self.memory, self.name, window))


def open_blocks(
    path: str,
    memory: int | None,
    cluster: Cluster | None = None,
    *,
    labels: str | None = None,
    target: str | None = None,
    usual_target: str | None = None,
    drop: Sequence[str] = (),
    features: Sequence[str] | None = None,
    beside: Sequence[str] = (),
    need_labels: bool = True,
    **others: Any,
) -> Opened:
    """Return data that is read block by block.

    Parameters
    ----------
    path : str
    memory : int or None
        Bytes that its blocks may take together; None: half of what is free.
    cluster : Cluster or None
        Whose workers are to read it.
    labels : str, optional
        A file of labels, for a .npy file.
    target, drop, features, need_labels
        As for `read_examples`.
    usual_target : str, optional
        The label column of tables, where `target` names none.
    beside : sequence of str
        Columns of a table that are no features, unless `features` names them.
    **others
        Arguments of `read_examples` that have no meaning here, by name; they are refused unless
        they are None or False.

    Raises
    ------
    InputError
        If it cannot be read, or not in this way.
    """
    memory = available_memory() // 2 if memory is None else memory
    for name, value in others.items():
        if value:
            raise InputError(
                Argument(name), f": {path} is read block by block, where this is not done; leave "
                "it out.",
            )  # fmt: skip
    if path.lower().endswith(_MAPPED) and os.path.isfile(os.path.expanduser(path)):
        _check_columns(path, beside)
        mapped = _mapped(path, memory, labels, target, drop, need_labels=need_labels)
        return replace(mapped, cluster=cluster)
    if labels is not None:
        raise InputError(Argument("labels"), f": {path} comes with its labels; leave it out.")
    if is_table(path):
        target = target or usual_target
    else:
        _check_columns(path, beside)
    source = as_block_source(
        path, target=target, features=features, need_labels=need_labels,
        drop=[*drop, *(name for name in beside if name not in (features or ()))],
    )  # fmt: skip
    _check_features(source, path, features)
    return Opened(source, path, memory, cluster)


def _mapped(
    path: str,
    memory: int,
    labels: str | None,
    target: str | None,
    drop: Sequence[str],
    *,
    need_labels: bool,
) -> Opened:
    """Return a memory map in blocks of a length that suits the memory."""
    found = read_examples(
        path, labels=labels, target=target, drop=drop, need_labels=need_labels, gaps=True
    )
    row = found.n_features * found.X.dtype.itemsize
    source = ArrayBlocks(found.X, found.y)
    length = max(1, memory // (2 * blocks_at_once(source) * row))
    return Opened(ArrayBlocks(found.X, found.y, min(length, found.n_examples)), path, memory)


def _check_columns(path: str, beside: Sequence[str]) -> None:
    if beside:
        raise InputError(
            f"{path}: has no named columns, so that {beside[0]!r} is none of them; leave it out, "
            "or give a table."
        )


def _check_features(source: BlockSource, path: str, features: Sequence[str] | None) -> None:
    """Refuse data without columns that has others than a model."""
    if features is not None and source.n_features != len(features):
        raise InputError(
            f"{path}: has {source.n_features} features, the model {len(features)}; give data "
            "with the model's features."
        )


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
    found = scan(source, watch)
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
