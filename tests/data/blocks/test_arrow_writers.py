"""Arrow files of several writers: the footer says where the messages of a file are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from onelayer.data.blocks import BlockSource
from onelayer.data.blocks.readers.open import as_block_source
from onelayer.errors import InputError

X = np.random.default_rng(5).standard_normal((50, 41)).astype(np.float32)
NAMES = ["no", "a class whose name is longer than a view holds"]
LABELS = [NAMES[i % 3 == 0] for i in range(len(X))]
FRAME = pl.DataFrame(X, schema=[f"x{j}" for j in range(41)]).with_columns(label=pl.Series(LABELS))


def values(source: BlockSource) -> tuple[bytes, list[str]]:
    blocks = [source.read_block(i) for i in range(len(source.block_lengths))]
    labels = np.concatenate([np.asarray(block.y) for block in blocks])
    return b"".join(np.asarray(block.X).tobytes() for block in blocks), labels.tolist()


@pytest.mark.parametrize(
    ("options", "lengths"),
    [
        ({}, (50,)),
        ({"record_batch_size": 20}, (20, 20, 10)),
        ({"record_batch_size": 20, "compression": "lz4"}, (20, 20, 10)),
        ({"compression": "zstd", "compat_level": pl.CompatLevel.oldest()}, (50,)),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [pl.String, pl.Categorical, pl.Enum(NAMES)], ids=str)
def test_a_file_of_polars_has_the_values_of_parquet_and_of_arrays(
    options: dict[str, Any], lengths: tuple[int, ...], kind: Any, tmp_path: Path
) -> None:
    frame = FRAME.with_columns(pl.col("label").cast(kind))
    frame.write_ipc(tmp_path / "a.arrow", **options)
    frame.write_parquet(tmp_path / "a.parquet")
    source = as_block_source(tmp_path / "a.arrow")
    assert source.block_lengths == lengths
    assert values(source) == (X.tobytes(), LABELS)
    assert values(source) == values(as_block_source(tmp_path / "a.parquet"))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("legacy", [False, True])
def test_a_file_of_pyarrow(stream: bool, legacy: bool, tmp_path: Path) -> None:
    table = FRAME.with_columns(pl.col("label").cast(pl.Categorical)).to_arrow()
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    options = pa.ipc.IpcWriteOptions(use_legacy_format=legacy)
    with new(tmp_path / "a.arrow", table.schema, options=options) as writer:
        writer.write_table(table, 20)
    source = as_block_source(tmp_path / "a.arrow")
    assert source.block_lengths == (20, 20, 10)
    assert values(source) == (X.tobytes(), LABELS)


def test_a_file_of_polars_is_cut_off_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    FRAME.write_ipc(path)
    content = path.read_bytes()
    for length in (5, 6, 9, 200, len(content) // 2, len(content) - 20, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=r"a\.arrow: is damaged .*\(it is (cut off|no Arrow)"):
            as_block_source(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty; get it again"),
        (b"x0,x1,label\n1,2,no\n", "it is no Arrow file"),
        (bytes(100), "it has no schema"),
        (b"ARROW1\0\0" + b"\xff" * 100 + b"ARROW1", "its footer is damaged"),
        (b"ARROW1\0\0" + bytes(96) + b"\x60\0\0\0ARROW1", "damaged"),
    ],
)
def test_what_is_no_arrow_file(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "a.arrow").write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.arrow: .*{reason}"):
        as_block_source(tmp_path / "a.arrow")


def test_a_table_without_rows(tmp_path: Path) -> None:
    FRAME.clear().write_ipc(tmp_path / "a.arrow")
    with pytest.raises(InputError, match=r"a\.arrow: holds no row"):
        as_block_source(tmp_path / "a.arrow")
