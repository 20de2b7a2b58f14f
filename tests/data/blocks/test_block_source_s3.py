"""Addresses of S3, with a server of its kind on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sources_material import (
    Examples,
    Make,
    arrow_file,
    feather_folder,
    parquet_folder,
    parts,
    shards_compressed,
    shards_x_name,
    uploaded,
)

from onelayer.data.blocks.readers.open import as_block_source
from onelayer.errors import InputError

pytest.importorskip("s3fs", reason="needs s3fs")
server = pytest.importorskip("moto.server", reason="needs moto")

# Of libraries on the way, not of what is tested.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:botocore"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Return the address of an empty bucket."""
    import fsspec

    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir("bucket")
        yield "s3://bucket"
    fsspec.filesystem("s3").clear_instance_cache()
    running.stop()


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    rng = np.random.default_rng(0)
    return Examples(
        tmp_path, rng.random((21, 5), dtype=np.float32), rng.integers(0, 3, 21), (8, 8, 5)
    )


@pytest.mark.parametrize(
    "make", [shards_compressed, shards_x_name, parquet_folder, feather_folder, arrow_file],
    ids=lambda make: make.__name__,
)  # fmt: skip
def test_blocks_of_a_bucket(make: Make, bucket: str, examples: Examples) -> None:
    make(examples)
    source = as_block_source(uploaded(examples.folder, f"{bucket}/{make.__name__}"))
    assert source.block_lengths == (8, 8, 5)
    for i, rows in reversed([*parts((8, 8, 5))]):
        block = source.read_block(i)
        assert block.X.tobytes() == examples.X[rows].tobytes()
        assert block.y is not None
        assert block.y.tolist() == examples.y[rows].tolist()


def test_what_is_gone_from_a_bucket(bucket: str, examples: Examples) -> None:
    import fsspec

    parquet_folder(examples)
    source = as_block_source(uploaded(examples.folder, f"{bucket}/gone"))
    # Somebody else's: the one that reads does not hear of it.
    system = fsspec.filesystem("s3", skip_instance_cache=True)
    name = "bucket/gone/part.9.parquet"
    system.pipe_file(name, system.cat_file(name)[:-10])
    with pytest.raises(InputError, match=f"s3://{name}: was changed"):
        source.read_block(1)
    system.rm(name)
    with pytest.raises(InputError, match=f"s3://{name}: is gone"):
        source.read_block(1)
    with pytest.raises(InputError, match="s3://bucket/nowhere: there is no such"):
        as_block_source(f"{bucket}/nowhere")
    with pytest.raises(InputError, match="s3://bucke/nowhere: there is no such"):
        as_block_source("s3://bucke/nowhere")
