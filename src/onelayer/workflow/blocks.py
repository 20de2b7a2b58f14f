"""Files and folders that are read block by block: larger than memory, or elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from onelayer.data.blocks import ArrayBlocks, BlockMatrix, BlockSource
from onelayer.data.blocks.matrix import matrix_of
from onelayer.data.blocks.readers.open import as_block_source
from onelayer.data.blocks.readers.paths import is_table
from onelayer.data.blocks.room import blocks_at_once, dense_block_bytes, room_to_hold
from onelayer.data.files import read_examples
from onelayer.data.memory import available_memory
from onelayer.engines.cluster import Cluster, ClusterSource, map_blocks
from onelayer.errors import Argument, InputError
from onelayer.words import bytes_in_words
from onelayer.workflow.whole_or_blocks import MAPPED

Result = TypeVar("Result")


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
    if path.lower().endswith(MAPPED) and os.path.isfile(os.path.expanduser(path)):
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
