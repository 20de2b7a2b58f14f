"""Data larger than memory: how fast, and in how much memory; against what else reads blocks.

    python benchmarks/large.py [--gigabytes 12] [--folder FOLDER] [--out docs] [NAME ...]

Makes its own data: embeddings of 6,144 float16 features with 100 classes, packed into blocks, and
removes it at the end, if it was given no folder. Packing needs three times the disk. Quiet, on two
cores: packing 12 GB and `epoch` some minutes each, `models` one or two, `peers` ten.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from large_data import SHAPES, WIDE, Embeddings, First, config, forget, grid, seconds
from large_peers import against_peers
from measure import Row, machine, medians, row, told
from onelayer.data import Dataset, block_dataset
from onelayer.data.blocks.matrix import BLOCKS_HELD
from onelayer.data.blocks.packs.pack import pack
from onelayer.data.blocks.packs.packed import PackedBlocks
from onelayer.training import train_many

MOST_SECONDS = 60
"""After these no further turn of 64 models is begun."""


def part(folder: Path, blocks: int) -> Dataset:
    """Return the first blocks, in memory, as blocks of the same lengths."""
    source = PackedBlocks(folder)
    read = [source.read_block(i) for i in range(blocks)]
    data = Dataset(np.concatenate([b.X for b in read]), np.concatenate([b.y for b in read]))
    return data.in_blocks(source.block_lengths[:blocks])


EPOCH = """
import sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
import large_data
from onelayer.data import block_dataset
from onelayer.data.blocks.packs.packed import PackedBlocks
from onelayer.training import train_many
data = block_dataset(PackedBlocks(Path({folder!r})))
train_many(data, None, [large_data.config(max_steps=1)])
large_data.forget(Path({folder!r}))
start = time.perf_counter()
train_many(data, None, [large_data.config()])
print(time.perf_counter() - start)
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def epoch(folder: Path) -> Iterator[Row]:
    """One epoch of one model: memory, and time beside that of reading and of training alone."""
    source = PackedBlocks(folder)
    order = np.random.default_rng(0).permutation(len(source.block_lengths))

    def read_raw() -> None:
        buffer = bytearray(1 << 24)
        for i in order:
            for path in sorted(folder.glob(f"{i:05d}.*")):
                with path.open("rb", buffering=0) as file:
                    while file.readinto(buffer):
                        pass

    here = str(Path(__file__).parent)
    code = EPOCH.format(here=here, folder=str(folder))
    raw, ours, memory = [], [], []
    for _ in range(3):
        forget(folder)
        raw.append(seconds(read_raw))
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        told = done.stdout.split()
        ours.append(float(told[-2]))
        memory.append(int(told[-1]) / 1024)
    blocks = min(12, len(source.block_lengths))
    some = part(folder, blocks)
    train_many(some, None, [config(max_steps=1)])
    share = len(source.block_lengths) / blocks
    alone = share * float(np.median([seconds(partial(train_many, some, None, [config()]))
                                     for _ in range(3)]))  # fmt: skip
    read, took = float(np.median(raw)), float(np.median(ours))
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e9
    detail = (
        f"{size:.1f} GB; an epoch {took:.1f} s, reading the files {read:.1f} s "
        f"({size / read:.1f} GB/s), the same training from memory {alone:.1f} s"
    )
    yield row("an epoch from disk: share of the slower of reading and training",
              max(read, alone) / took, 0.85, detail)  # fmt: skip
    yield row("peak resident memory, MB", max(memory) * 1.048576, 1000, detail, at_most=True)


def models(folder: Path) -> Iterator[Row]:
    """64 models in one pass, from disk and from memory.

    A block takes them seconds, so few blocks do: one more than are held for the next reader.
    """
    blocks = min(BLOCKS_HELD + 1, len(PackedBlocks(folder).block_lengths))
    some = part(folder, blocks)
    disk = block_dataset(First(folder, blocks))
    configs = grid(64)
    train_many(some, None, [c.model_copy(update={"max_steps": 1}) for c in configs])
    contenders = {
        "memory": lambda: train_many(some, None, configs),
        "disk": lambda: (forget(folder), train_many(disk, None, configs)),
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    begin, turns = time.perf_counter(), 0
    while not turns or (turns < 3 and time.perf_counter() - begin < MOST_SECONDS):
        turns += 1
        for name, call in contenders.items():
            times[name].append(seconds(call))
            print(f"    64 models, {name}, turn {turns}: {times[name][-1]:.1f} s", flush=True)
    took = medians(times)
    detail = f"{blocks} blocks; memory {took['memory']:.1f} s, disk {took['disk']:.1f} s"
    yield row("64 models from disk: share of the rate in memory",
              took["memory"] / took["disk"], 0.8, detail)  # fmt: skip


def peers(folder: Path) -> Iterator[Row]:
    """One model and 16 over the same blocks, against what else there is."""
    for shape in SHAPES:
        place = folder.parent / f"peers-{shape.features}"
        if not (place / "packed" / "blocks.json").exists():
            pack(Embeddings(shape, shape.blocks), place / "packed", block_length=shape.rows)
        for count, target in ((1, 4), (16, 10)):
            yield against_peers(place, shape, count, target)


COMPARISONS = {"epoch": epoch, "models": models, "peers": peers}


def keep(rows: list[Row], name: str, path: Path) -> None:
    """Write the rows of a comparison beside those of others on this machine."""
    known = json.loads(path.read_text()) if path.exists() else {"machine": None}
    others = known["comparisons"] if known["machine"] == machine() else []
    rows = [line for line in others if line.get("of", name) != name] + rows
    path.write_text(json.dumps({"machine": machine(), "comparisons": rows}, indent=2) + "\n")


def main() -> None:
    """Make the data, and run the comparisons that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*COMPARISONS, []], metavar="NAME")
    parser.add_argument("--gigabytes", type=float, default=12)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    place = arguments.folder or Path(tempfile.mkdtemp(prefix="onelayer-large-"))
    folder = place / "packed"
    free = shutil.disk_usage(place).free / 1e9
    size = min(arguments.gigabytes, free / 3)
    blocks = max(2, int(size * 1e9 / (2 * WIDE.features * WIDE.rows)))
    try:
        if not (folder / "blocks.json").exists():
            took = seconds(lambda: pack(Embeddings(WIDE, blocks), folder, block_length=WIDE.rows))
            print(f"Packed {size:.1f} GB in {took:.0f} s.", flush=True)
        for name in arguments.names or COMPARISONS:
            rows = []
            for line in COMPARISONS[name](folder):
                rows.append(line | {"of": name})
                print(told(line), flush=True)
            keep(rows, name, arguments.out / "large.json")
    finally:
        if arguments.folder is None:
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
