"""The second pass of packing: each block's rows are gathered from the runs and put in their places.

The blocks are written in order. As many as fit the memory are gathered together, so that each run
is read in stretches as long as may be. The next ones are read while these are put in their places,
and a block is written and measured while the next one is put together.
"""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from onelayer.data.blocks.buffers import Buffers
from onelayer.data.blocks.packs.block_files import (
    arrays_of,
    file_name,
    matrix_of,
    read_rows,
    write_arrays,
)
from onelayer.data.blocks.packs.class_numbers import ClassNumbers
from onelayer.data.blocks.packs.deal import in_place, stacked
from onelayer.data.blocks.packs.manifest import label_type
from onelayer.data.blocks.packs.packed import moments_as_arrays, moments_of
from onelayer.data.blocks.packs.packing import Dealt, Plan, Tell, unusable
from onelayer.data.moments import Moments
from onelayer.storage import write_file
from onelayer.threads import Behind, prefetched

WRITTEN = "written.safetensors"


@dataclass
class Written:
    """What the second pass has done.

    Attributes
    ----------
    moments : Moments
        Of the blocks that are written.
    stored : list of int
        For each, the values it stores, where they are sparse.
    files : dict from str to int
        Checksums of their files.
    blocks, n_bytes : int
        How many they are, and the bytes of their values.
    """

    moments: Moments
    stored: list[int] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    blocks: int = 0
    n_bytes: int = 0

    def write(self, folder: Path) -> None:
        """Write it beside the runs, whole or not at all."""
        told = {"stored": self.stored, "files": self.files, "blocks": self.blocks,
                "n_bytes": self.n_bytes}  # fmt: skip
        write_file(
            folder / WRITTEN, save(moments_as_arrays(self.moments), {"written": json.dumps(told)})
        )

    @classmethod
    def read(cls, folder: Path, n_features: int) -> Written:
        """Return what was written, nothing where there is no such file.

        Raises
        ------
        InputError
            If it cannot be used.
        """
        path = folder / WRITTEN
        if not path.exists():
            return cls(Moments.none(n_features))
        try:
            with safe_open(path, "numpy") as file:
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                told = json.loads(file.metadata()["written"])
            return cls(moments_of(arrays), **told)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            raise unusable(folder) from None


class Gatherer:
    """Gathers the blocks of a pack.

    Parameters
    ----------
    dealt : Dealt
        All that the first pass has done.
    folder : Path
        Of the runs.
    out : Path
        Where the blocks go.
    room : int
        Bytes that the values of blocks gathered together may have.
    buffers : Buffers
    """

    def __init__(self, dealt: Dealt, folder: Path, out: Path, room: int, buffers: Buffers) -> None:
        self._dealt, self._plan, self._folder, self._out = dealt, dealt.plan, folder, out
        _, numbers = ClassNumbers(self._plan.classes, dealt.seen).sorted()
        self._numbers = numbers.astype(label_type(len(numbers), self._plan.n_labels))
        self._buffers = buffers
        n = self._plan.n_examples
        self._together = max(1, room * n // (dealt.n_bytes * self._plan.length(0) + 1))

    def gather(self, tell: Tell) -> Written:
        """Write the blocks that are left; return what was written.

        Raises
        ------
        InputError
            If a run is damaged.
        OnelayerError
            If a block cannot be written.
        """
        written, plan = Written.read(self._folder, self._plan.n_features), self._plan
        firsts = range(written.blocks, plan.n_blocks, self._together)
        ends = [min(first + self._together, plan.n_blocks) for first in firsts]
        groups = prefetched(map(self._read, firsts, ends))

        def told() -> None:
            done = min(written.blocks * plan.block_length, plan.n_examples)
            tell("gather", done, plan.n_examples, written.n_bytes)

        with Behind() as writer, closing(groups):
            for first, end, parts in zip(firsts, ends, groups, strict=True):
                for i in range(first, end):
                    X, y = self._assembled(i, [part.of_block(i) for part in parts])
                    writer.wait()
                    if i > firsts[0]:
                        told()
                    # Blocks that are not noted are written again, to the same bytes.
                    writer.do(partial(self._write_block, i, X, y, written, noted=i + 1 == end))
                    del X, y  # only the writer keeps them
                del parts
            writer.wait()
            if ends:
                told()
        return written

    def _read(self, first: int, end: int) -> list[_Part]:
        try:
            return [
                _Part.read(self._folder, run, first, end, self._plan, self._buffers)
                for run in range(len(self._dealt.ends))
            ]
        except (OSError, ValueError):
            raise unusable(self._folder) from None

    def _assembled(self, i: int, parts: list[_Part]) -> tuple[Any, NDArray[Any]]:
        """Return values and labels of a block."""
        length = self._plan.length(i)
        places = np.concatenate([part.places for part in parts]) - i * self._plan.block_length
        if not np.array_equal(np.bincount(places, minlength=length), np.ones(length)):
            raise unusable(self._folder)
        X = self._in_place([part.X for part in parts], places)
        y = self._in_place([part.y for part in parts], places)
        return X, y if self._plan.n_labels else self._numbers[y]

    def _in_place(self, parts: list[Any], places: NDArray[np.int64]) -> Any:
        if isinstance(parts[0], np.ndarray):
            return in_place(parts, places, self._buffers)
        return stacked(parts)[np.argsort(places)]

    def _write_block(
        self, i: int, X: Any, y: NDArray[Any], written: Written, *, noted: bool
    ) -> None:
        arrays = {**arrays_of(X), "y": y}
        written.files |= write_arrays(self._out, i, arrays)
        with np.errstate(over="ignore", invalid="ignore"):  # whoever scales says what is too large
            written.moments = written.moments + Moments.of(X)
        written.n_bytes += sum(array.nbytes for array in arrays.values())
        if self._plan.sparse:
            written.stored.append(X.nnz)
        written.blocks = i + 1
        if noted:
            written.write(self._folder)


@dataclass
class _Part:
    """Rows of a run that go into blocks that follow one another, with their places.

    Attributes
    ----------
    begins : array of int, shape (n_blocks + 1,)
        Where the rows of each block begin.
    """

    first: int
    begins: NDArray[np.int64]
    places: NDArray[np.int64]
    X: Any
    y: NDArray[Any]

    @classmethod
    def read(
        cls, folder: Path, run: int, first: int, end: int, plan: Plan, memory: Buffers
    ) -> _Part:
        def rows(name: str, begin: int, end: int) -> NDArray[Any]:
            return read_rows(folder / file_name(run, name), begin, end, memory)

        bounds = rows("begins", first, end + 1)
        begin, stop = int(bounds[0]), int(bounds[-1])
        if plan.sparse:
            pointers = rows("indptr", begin, stop + 1)
            stored = int(pointers[0]), int(pointers[-1])
            arrays = {name: rows(name, *stored) for name in ("data", "indices")}
            arrays["indptr"] = pointers - pointers[0]
        else:
            arrays = {"X": rows("X", begin, stop)}
        return cls(
            first, bounds - begin, rows("places", begin, stop), matrix_of(arrays, plan.n_features),
            rows("y", begin, stop),
        )  # fmt: skip

    def of_block(self, i: int) -> _Part:
        """Return the rows of one block."""
        begin, end = self.begins[i - self.first], self.begins[i - self.first + 1]
        rows = slice(int(begin), int(end))
        return _Part(i, self.begins[:0], self.places[rows], self.X[rows], self.y[rows])
