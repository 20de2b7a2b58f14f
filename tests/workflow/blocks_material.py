"""The same examples as arrays, shards, and a table in row groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

N, FEATURES, LENGTH = 400, 5, 64


@dataclass(frozen=True)
class Places:
    """Where they are."""

    shards: str
    table: str
    X: NDArray[np.float32]
    y: NDArray[np.int64]


def make(folder: Path, *, by_class: bool = False) -> Places:
    """Write them."""
    source = np.random.default_rng(0)
    y = np.sort(np.arange(N) % 3) if by_class else np.arange(N) % 3
    X = (source.normal(size=(N, FEATURES)) + 2 * np.eye(3, FEATURES)[y]).astype(np.float32)
    columns: dict[str, Any] = {f"x{i}": X[:, i] for i in range(FEATURES)}
    columns |= {"label": y, "patient": np.arange(N) // 8, "number": 7 + source.permutation(N)}
    frame = pl.DataFrame(columns | {"name": [f"n{i}" for i in range(N)]})
    (folder / "shards").mkdir()
    for i, first in enumerate(range(0, N, LENGTH)):
        some = slice(first, first + LENGTH)
        np.savez(folder / "shards" / f"part-{i}.npz", X=X[some], y=y[some])
    frame.write_parquet(folder / "t.parquet", row_group_size=LENGTH)
    frame.write_csv(folder / "t.csv")
    return Places(str(folder / "shards"), str(folder / "t.parquet"), X, y)
