"""How fast a shuffle on disk is, in MB of data a second, beside a plain copy of the same file.

Each line is a type of data: the two passes of `pack`, reading the blocks for the first time (with
checksums) and again, and `cp` with a sync. All times include the wait until files are on disk.
Caches of the system are warm.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from onelayer.data.blocks import ArrayBlocks, BlockSource, PackedBlocks, pack


def read(packed: PackedBlocks) -> float:
    """Return the seconds that reading all blocks takes."""
    began = time.perf_counter()
    for i in range(len(packed.block_lengths)):
        packed.read_block(i)
    return time.perf_counter() - began


def timed_pack(source: BlockSource, out: Path, memory: str) -> tuple[float, float, PackedBlocks]:
    """Return the seconds of both passes, and the blocks."""
    ends: dict[str, float] = {}

    def watch(stage: str, *_: int) -> None:
        ends[stage] = time.perf_counter()

    began = time.perf_counter()
    packed = pack(source, out, memory=memory, watch=watch)
    return ends["deal"] - began, time.perf_counter() - ends["deal"], packed


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="GB")
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--folder", default=None, help="on the disk that is measured")
    arguments = parser.parse_args()
    print("values   features  deal  gather  both  read first  again    cp   (MB/s)")
    for dtype, d in (("uint8", 784), ("float32", 768), ("float32", 32)):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            folder = Path(name)
            n = int(arguments.size * 1e9 / (d * np.dtype(dtype).itemsize))
            X = np.lib.format.open_memmap(folder / "X.npy", "w+", dtype, (n, d))
            draw = np.random.Generator(np.random.SFC64(0))
            for first in range(0, n, 10_000):
                rows = draw.random((min(10_000, n - first), d), np.float32)
                X[first : first + 10_000] = rows * 255
            X.flush()
            del X
            megabytes = n * d * np.dtype(dtype).itemsize / 1e6
            source = ArrayBlocks(np.load(folder / "X.npy", mmap_mode="r"), np.arange(n) % 10)
            deal, gather, packed = timed_pack(source, folder / "out", arguments.memory)
            first_read, again = read(packed), read(packed)
            began = time.perf_counter()
            subprocess.run(["cp", folder / "X.npy", folder / "copy.npy"], check=True)
            subprocess.run(["sync", folder / "copy.npy"], check=True)
            copy = time.perf_counter() - began
            seconds = (deal, gather, deal + gather, first_read, again, copy)
            rates = [megabytes / some for some in seconds]
            print(f"{dtype:8} {d:8} " + " ".join(f"{rate:7.0f}" for rate in rates), flush=True)


if __name__ == "__main__":
    main()
