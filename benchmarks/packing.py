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

from onelayer.data.blocks import ArrayBlocks, PackedBlocks, pack


def read(packed: PackedBlocks) -> float:
    """Return the seconds that reading all blocks takes."""
    began = time.perf_counter()
    for i in range(len(packed.block_lengths)):
        packed.read_block(i)
    return time.perf_counter() - began


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
            ends: dict[str, float] = {}
            began = time.perf_counter()
            packed = pack(
                source, folder / "out", memory=arguments.memory,
                watch=lambda stage, *_: ends.update({stage: time.perf_counter()}),
            )  # fmt: skip
            whole = time.perf_counter()
            deal, gather = ends["deal"] - began, whole - ends["deal"]
            first_read, again = read(packed), read(packed)
            began = time.perf_counter()
            subprocess.run(["cp", folder / "X.npy", folder / "copy.npy"], check=True)
            subprocess.run(["sync", folder / "copy.npy"], check=True)
            copy = time.perf_counter() - began
            rates = [megabytes / seconds for seconds in
                     (deal, gather, whole - ends["deal"] + deal, first_read, again, copy)]  # fmt: skip
            print(f"{dtype:8} {d:8} " + " ".join(f"{rate:7.0f}" for rate in rates), flush=True)


if __name__ == "__main__":
    main()
