"""The end of packing: what is known of all blocks together is written beside them."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from onelayer.data.blocks.packs.block_files import file_name, read_rows
from onelayer.data.blocks.packs.class_numbers import ClassNumbers
from onelayer.data.blocks.packs.gather import Written
from onelayer.data.blocks.packs.manifest import Manifest
from onelayer.data.blocks.packs.packed import STATISTICS, moments_as_arrays
from onelayer.data.blocks.packs.packing import Dealt
from onelayer.data.blocks.packs.source_blocks import source_fingerprint
from onelayer.data.blocks.source import BlockSource
from onelayer.data.labels import Label
from onelayer.storage import write_file

_MOST_COUNTS = 1 << 24


def finish(out: Path, dealt: Dealt, written: Written, source: BlockSource) -> None:
    """Write statistics and manifest, after which the blocks count as finished.

    Raises
    ------
    OnelayerError
        If they cannot be written.
    """
    plan = dealt.plan
    classes = _classes(dealt, source)
    counts = np.zeros(len(classes), np.int64)
    by_block = np.zeros((plan.n_blocks, len(classes)), np.int64) if (
        plan.n_blocks * len(classes) <= _MOST_COUNTS
    ) else None  # fmt: skip
    for i in range(plan.n_blocks):
        some = _counts(read_rows(out / file_name(i, "y"), 0, plan.length(i)), len(classes))
        counts += some
        if by_block is not None:
            by_block[i] = some
    arrays = moments_as_arrays(written.moments)
    content = save(arrays if by_block is None else {**arrays, "class_counts": by_block})
    write_file(out / STATISTICS, content)
    Manifest(
        n_features=plan.n_features,
        dtype=plan.dtype,
        sparse=plan.sparse,
        n_labels=plan.n_labels,
        classes=classes,
        class_counts=tuple(counts.tolist()),
        block_lengths=tuple(map(plan.length, range(plan.n_blocks))),
        stored=tuple(written.stored),
        block_length=plan.block_length,
        seed=plan.seed,
        source=source_fingerprint(plan, dealt.checksums),
        feature_names=_names(source, "feature_names"),
        image_shape=_pair(getattr(source, "image_shape", None)),
        channels=getattr(source, "channels", None),
        target=getattr(source, "target", None),
        files={
            name: f"{checksum:08x}"
            for name, checksum in {**written.files, STATISTICS: zlib.crc32(content)}.items()
        },
    ).write(out)


def _classes(dealt: Dealt, source: BlockSource) -> tuple[Label, ...]:
    plan = dealt.plan
    if plan.n_labels is None or plan.classes is not None:
        return ClassNumbers(plan.classes, dealt.seen).sorted()[0]
    return _names(source, "label_names") or tuple(range(plan.n_labels))


def _counts(y: NDArray[Any], n_classes: int) -> NDArray[np.int64]:
    if y.ndim == 2:
        return np.asarray(y.sum(axis=0, dtype=np.int64))
    return np.bincount(y, minlength=n_classes)


def _names(source: BlockSource, attribute: str) -> tuple[str, ...] | None:
    names = getattr(source, attribute, None)
    return None if names is None else tuple(map(str, names))


def _pair(shape: tuple[int, int] | None) -> tuple[int, int] | None:
    return None if shape is None else (int(shape[0]), int(shape[1]))
