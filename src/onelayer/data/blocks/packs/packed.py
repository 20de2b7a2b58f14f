"""Packed blocks as a source: files that are read as they are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from onelayer.data.blocks.buffers import Buffers
from onelayer.data.blocks.packs.block_files import file_name, matrix_of, read_array
from onelayer.data.blocks.packs.crc import check
from onelayer.data.blocks.packs.manifest import AGAIN, Manifest, unreadable
from onelayer.data.blocks.source import Block
from onelayer.data.csr import check_indices
from onelayer.data.labels import Label
from onelayer.data.memory import available_memory
from onelayer.data.moments import Moments
from onelayer.errors import InputError

if TYPE_CHECKING:
    from onelayer.data.blocks.dataset import Scan

STATISTICS = "statistics.safetensors"

_MOMENTS = ("mean", "squares", "low", "high")


def moments_as_arrays(moments: Moments) -> dict[str, NDArray[Any]]:
    """Return moments as a file has them."""
    arrays = {name: getattr(moments, name) for name in _MOMENTS}
    return {"count": np.array([moments.count]), **arrays}


def moments_of(arrays: Mapping[str, NDArray[Any]]) -> Moments:
    """Return what `moments_as_arrays` gave."""
    return Moments(float(arrays["count"][0]), *(arrays[name] for name in _MOMENTS))


class PackedBlocks:
    """The blocks of a folder that `pack` has written.

    A block is read into arrays of its own, in memory that is used again once they are let go. The
    size of a file is checked at each read, its content by a checksum at the first one. The first
    one leaves the system's cache as it is, and so do those that follow where the blocks are more
    than the memory; then each is checked.

    Parameters
    ----------
    path : str or Path

    Attributes
    ----------
    path : Path
    manifest : Manifest

    Raises
    ------
    InputError
        If the folder holds no packed blocks, or its manifest is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.manifest = Manifest.read(self.path)
        self._checked: set[str] = set()
        self._buffers = Buffers()
        self._index_type = np.dtype(np.int32 if self.n_features < 2**31 else np.int64)

    @property
    def n_features(self) -> int:
        """Values of an example."""
        return self.manifest.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored values."""
        return np.dtype(self.manifest.dtype)

    @property
    def block_lengths(self) -> tuple[int, ...]:
        """Examples of each block."""
        return self.manifest.block_lengths

    @property
    def is_sparse(self) -> bool:
        """Whether the values are CSR."""
        return self.manifest.sparse

    @property
    def n_examples(self) -> int:
        """Examples of all blocks."""
        return sum(self.block_lengths)

    @property
    def classes(self) -> tuple[Label, ...]:
        """The classes, in order."""
        return self.manifest.classes

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """The names of the features, where the source had some."""
        return self.manifest.feature_names

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width in pixels, where a row is an image."""
        return self.manifest.image_shape

    @property
    def channels(self) -> int | None:
        """Values of a pixel, where a row is an image."""
        return self.manifest.channels

    @property
    def target(self) -> str | None:
        """The column of the source that held the labels, where it had a name."""
        return self.manifest.target

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of what is here: equal ones have the same content."""
        return self.manifest.fingerprint

    @cached_property
    def moments(self) -> Moments:
        """Mean, squared distances and range of each feature, over all blocks."""
        return moments_of(self._statistics)

    @property
    def class_counts(self) -> NDArray[np.int64] | None:
        """Examples of each class in each block, shape (n_blocks, n_classes).

        None where they are more than 16 million numbers; see `manifest.class_counts` for the sums.
        """
        return self._statistics.get("class_counts")

    def read_block(self, i: int) -> Block:
        """Return block i as arrays of its own; the labels are those of `classes`.

        Raises
        ------
        InputError
            If a file is missing or damaged.
        """
        X, targets = self.read_targets(i)
        return Block(X, targets if self.manifest.n_labels else self._class_array[targets])

    def read_targets(self, i: int) -> tuple[Any, NDArray[Any]]:
        """Return block i with the numbers of the classes in place of the labels.

        Returns
        -------
        X : array, shape (n, n_features), or a CSR array
        targets : array of unsigned integers, shape (n,); or of 0 and 1, shape (n, n_labels)

        Raises
        ------
        InputError
            As for `read_block`.
        """
        targets = self._read_labels(i)
        return self.read_values(i), targets

    def read_values(self, i: int) -> Any:
        """Return the values of block i, an array of shape (n, n_features), or a CSR array.

        Raises
        ------
        InputError
            As for `read_block`.
        """
        known, n = self.manifest, self.block_lengths[i]
        if not known.sparse:
            return self._read(i, "X", self.dtype, (n, self.n_features))
        is_new = file_name(i, "indices") not in self._checked
        stored = known.stored[i]
        kind = np.dtype(np.int64) if stored >= 2**31 else self._index_type
        arrays = {
            "data": self._read(i, "data", self.dtype, (stored,)),
            "indices": self._read(i, "indices", kind, (stored,)),
            "indptr": self._read(i, "indptr", kind, (n + 1,)),
        }
        X = matrix_of(arrays, self.n_features)
        if is_new:  # compiled code follows them
            check_indices(X, str(self.path / file_name(i, "indices")))
        return X

    def scan(self) -> Scan:
        """Return what a pass over the blocks finds out; the labels alone are read for it.

        Raises
        ------
        InputError
            As for `read_block`.
        """
        from onelayer.data.blocks.dataset import Scan  # here: data sets need blocks

        known = self.manifest
        targets = np.concatenate([self._read_labels(i) for i in range(len(self.block_lengths))])
        labels = targets if known.n_labels else self._class_array[targets]
        return Scan(labels, self.moments, self.fingerprint, self._largest)

    @property
    def _largest(self) -> int:
        """Bytes of the largest block's values."""
        return self._bytes(max(self.block_lengths), max(self.manifest.stored, default=0))

    @cached_property
    def _outgrows_memory(self) -> bool:
        return self._bytes(self.n_examples, sum(self.manifest.stored)) > available_memory()

    def _bytes(self, rows: int, stored: int) -> int:
        """Return the bytes of so many rows; where they are sparse, of so many stored values."""
        width = self.dtype.itemsize
        if not self.is_sparse:
            return rows * self.n_features * width
        return stored * (width + self._index_type.itemsize) + 8 * (rows + 1)

    def verify(self) -> None:
        """Read everything.

        Raises
        ------
        InputError
            As for `read_block`.
        """
        self._checked.clear()
        _ = self._statistics
        for i in range(len(self.block_lengths)):
            self.read_targets(i)

    @cached_property
    def _class_array(self) -> NDArray[Any]:
        return np.array(self.classes)

    @cached_property
    def _statistics(self) -> dict[str, NDArray[Any]]:
        path = self.path / STATISTICS
        try:
            content = path.read_bytes()
            check(content, self.manifest.files.get(STATISTICS, ""))
            return load(content)
        except OSError as error:
            raise unreadable(path, error) from None
        except (SafetensorError, ValueError) as error:
            raise self._damaged(STATISTICS, str(error)) from None

    def _read_labels(self, i: int) -> NDArray[Any]:
        known, n = self.manifest, self.block_lengths[i]
        shape = (n,) if known.n_labels is None else (n, known.n_labels)
        targets: NDArray[Any] = self._read(i, "y", known.label_type, shape)
        if known.n_labels is None and targets.max() >= len(known.classes):
            reason = (
                f"it holds the number {targets.max()}, and there are {len(known.classes)} classes"
            )
            raise self._damaged(file_name(i, "y"), reason)
        return targets

    def _read(self, i: int, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
        file = file_name(i, name)
        # What is read for the first time may be read for the last time, and what does not fit into
        # the system's cache is gone from it when it is read again.
        past_cache = file not in self._checked or self._outgrows_memory
        checksum = self.manifest.files.get(file, "") if past_cache else None
        try:
            array = read_array(
                self.path / file, shape, dtype, self._buffers,
                checksum=checksum, past_cache=past_cache,
            )  # fmt: skip
        except OSError as error:
            raise unreadable(self.path / file, error) from None
        except ValueError as error:
            raise self._damaged(file, str(error)) from None
        self._checked.add(file)
        return array

    def _damaged(self, file: str, reason: str) -> InputError:
        return InputError(f"{self.path / file}: is damaged, or was edited: {reason}.", *AGAIN)
