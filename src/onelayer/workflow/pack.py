"""Shuffle people's own files once on disk, into blocks."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from onelayer.data import row_blocks
from onelayer.data.blocks import Block, BlockSource, PackedBlocks, pack
from onelayer.data.blocks.packs.manifest import MANIFEST
from onelayer.data.blocks.packs.packing import Tell
from onelayer.data.blocks.readers.open import as_block_source
from onelayer.data.files import Examples, read_examples
from onelayer.data.matrix import as_matrix
from onelayer.errors import Argument, InputError, OnelayerError

_IN_BLOCKS = (".npz", ".npy", ".parquet", ".pq", ".arrow", ".feather", ".ipc")
"""What the files of a folder end in that is read block by block."""

_NONE_LEFT_OUT = (
    "packing leaves none out: take a file without them, or name the column with the labels with ",
    Argument("target", "NAME"),
)
_GAPS = ("fill them, or remove these rows or columns",)
"""What to do where packing has not the options that reading advises."""

_AT_ONCE = 8_000_000
"""Bytes of a block of a file that has none."""


class ExampleBlocks:
    """The examples of a file in blocks of about 8 MB; a memory map is read as they are.

    Parameters
    ----------
    examples : Examples
    """

    def __init__(self, examples: Examples) -> None:
        self._examples = examples
        X: Any = examples.X
        self.dtype: np.dtype[Any] = as_matrix(np.zeros((1, 1), X.dtype), None)[0].dtype
        if sparse.issparse(X) and self.dtype != np.float64:
            self.dtype = np.dtype(np.float32)
        self.n_features = examples.n_features
        stored = X.nnz * 12 if sparse.issparse(X) else X.size * self.dtype.itemsize
        rows = row_blocks(examples.n_examples, _AT_ONCE * examples.n_examples // (stored + 1))
        self.block_lengths = tuple(some.stop - some.start for some in rows)
        self._rows = rows
        self.feature_names, self.target = examples.feature_names, examples.target
        self.image_shape, self.channels = examples.image_shape, examples.channels

    def read_block(self, i: int) -> Block:
        """Return block i, of a type that is stored."""
        X, y = self._examples.X[self._rows[i]], self._examples.y
        return Block(X.astype(self.dtype), None if y is None else y[self._rows[i]])

    def block_name(self, _i: int) -> str:
        """Return what messages call a block."""
        return self._examples.source


def pack_files(
    source: str,
    out: Path,
    *,
    target: str | None = None,
    block_length: int | None = None,
    seed: int = 0,
    memory: int | str | None = None,
    force: bool = False,
    tell: Tell | None = None,
    stop: threading.Event | None = None,
) -> PackedBlocks:
    """Shuffle a file or a folder into a folder of blocks; see `onelayer.data.blocks.packs.pack`.

    Parameters
    ----------
    source : str
        Whatever `read_examples` reads, or a packed folder.
    out : Path
    target : str, optional
        The label column of a table.
    block_length, seed, memory, force
        As for `pack`.
    tell : function, optional
        Called as the `watch` of `pack` is.
    stop : threading.Event, optional
        When it is set, the work ends, to be taken up again by the same call.

    Raises
    ------
    InputError, OnelayerError
        As for `read_examples` and `pack`; or if it was stopped.
    """
    place = os.path.expanduser(source)
    if os.path.join(os.path.realpath(out), "").startswith(
        os.path.join(os.path.realpath(place), "")
    ):
        raise InputError(
            f"{out}: is in what is to be packed; name a folder beside it for the result."
        )

    def listen(stage: Any, examples: int, n_examples: int, done: int) -> None:
        if tell is not None:
            tell(stage, examples, n_examples, done)
        if stop is not None and stop.is_set():
            raise OnelayerError(
                "Interrupted. What is done is kept; the same command goes on from there."
            )

    return pack(
        _open(source, place, target), out.expanduser(), block_length=block_length, seed=seed,
        memory=memory, force=force, stamp=_stamp(place), watch=listen,
    )  # fmt: skip


def _open(source: str, place: str, target: str | None) -> BlockSource:
    names = [MANIFEST] if "://" in source else []
    if os.path.isdir(place) and os.access(place, os.R_OK | os.X_OK):
        names = os.listdir(place)
    if any(name.lower().endswith((MANIFEST, *_IN_BLOCKS)) for name in names):
        return as_block_source(source, target=target)
    try:
        return ExampleBlocks(read_examples(source, target=target))
    except InputError as error:  # which may advise an option that packing has not
        named = {part.name for part in error.parts if isinstance(part, Argument)}
        if "labels" in named:
            raise InputError(
                f"{source}: holds no labels, and blocks come with them; save both in one file, as "
                "numpy.savez(FILE, X=..., y=...) does."
            ) from None
        if error.advice and "drop" in named:
            raise InputError(*error.fault, advice=_NONE_LEFT_OUT) from None
        if error.advice and "impute" in named:
            raise InputError(*error.fault, advice=_GAPS) from None
        raise


def _stamp(place: str) -> str:
    """Return the SHA-256 of names, sizes and times of change of the files at a place."""
    files = sorted(Path(place).rglob("*")) if os.path.isdir(place) else [Path(place)]
    states = [
        (str(file), found.st_size, found.st_mtime_ns)
        for file, found in ((file, file.stat()) for file in files if file.exists())
    ]
    return hashlib.sha256(json.dumps(states).encode()).hexdigest()
