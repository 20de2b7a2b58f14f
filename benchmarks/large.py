"""Data larger than memory: how fast, and in how much memory; against what else reads blocks.

    python benchmarks/large.py [--gigabytes 12] [--folder FOLDER] [--out docs] [NAME ...]

Makes its own data: embeddings of 6,144 float16 features with 100 classes, packed into blocks.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import SGDClassifier
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, IterableDataset

from measure import Row, interleaved, machine, medians, row, told
from onelayer.data import Dataset, block_dataset
from onelayer.data.blocks import Block
from onelayer.data.blocks.packs.pack import pack
from onelayer.data.blocks.packs.packed import PackedBlocks
from onelayer.training import TrainConfig, train_many

FEATURES, CLASSES, BATCH = 6144, 100, 256
ROWS_A_BLOCK = 5000


class Embeddings:
    """Class centres and noise, made anew at each read: a pure function of the block's number."""

    def __init__(self, blocks: int) -> None:
        self.block_lengths = (ROWS_A_BLOCK,) * blocks
        self.n_features, self.dtype = FEATURES, np.dtype(np.float16)
        rng = np.random.default_rng(0)
        self._centres = rng.standard_normal((CLASSES, FEATURES), np.float32) * 0.05
        self._noise = rng.standard_normal((2 * ROWS_A_BLOCK, FEATURES), np.float32)

    def read_block(self, i: int) -> Block:
        """Return block i."""
        rng = np.random.default_rng(i + 1)
        y = rng.integers(0, CLASSES, ROWS_A_BLOCK)
        rows = rng.permutation(len(self._noise))[:ROWS_A_BLOCK]
        X = self._noise[rows]
        X *= np.where(rng.random(FEATURES) < 0.5, -1, 1).astype(np.float32)
        X += self._centres[y]
        return Block(X.astype(np.float16), y)


def config(**how: object) -> TrainConfig:
    """Return one pass without evaluations."""
    shared = {"order": "blocks", "batch_size": BATCH, "max_epochs": 1, "learning_rate": 0.01}
    return TrainConfig.model_validate(shared | how)


def grid(count: int) -> list[TrainConfig]:
    """Return so many models that share a pass."""
    return [config(learning_rate=float(r)) for r in np.logspace(-3, -1, count)]


def part(folder: Path, blocks: int) -> Dataset:
    """Return the first blocks, in memory, as blocks of the same lengths."""
    source = PackedBlocks(folder)
    read = [source.read_block(i) for i in range(blocks)]
    data = Dataset(np.concatenate([b.X for b in read]), np.concatenate([b.y for b in read]))
    return data.in_blocks(source.block_lengths[:blocks])


def forget(folder: Path) -> None:
    """Let the system forget what it holds of some files, so that they are read from the disk."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


EPOCH = """
import sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
import large
from onelayer.data import block_dataset
from onelayer.data.blocks.packs.packed import PackedBlocks
from onelayer.training import train_many
data = block_dataset(PackedBlocks(Path({folder!r})))
train_many(data, None, [large.config(max_steps=1)])
large.forget(Path({folder!r}))
start = time.perf_counter()
train_many(data, None, [large.config()])
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
    """64 models in one pass, from disk and from memory."""
    blocks = min(6, len(PackedBlocks(folder).block_lengths))
    some = part(folder, blocks)
    disk = block_dataset(_First(folder, blocks))
    configs = grid(64)
    train_many(some, None, [c.model_copy(update={"max_steps": 1}) for c in configs])
    times = medians(
        interleaved(
            {
                "memory": lambda: train_many(some, None, configs),
                "disk": lambda: (forget(folder), train_many(disk, None, configs)),
            },
            3,
        )
    )
    detail = f"{blocks} blocks; memory {times['memory']:.1f} s, disk {times['disk']:.1f} s"
    yield row("64 models from disk: share of the rate in memory",
              times["memory"] / times["disk"], 0.8, detail)  # fmt: skip


class _First:
    """The first blocks of a folder, as a source."""

    def __init__(self, folder: Path, blocks: int) -> None:
        self._source = PackedBlocks(folder)
        self.n_features, self.dtype = self._source.n_features, self._source.dtype
        self.block_lengths = self._source.block_lengths[:blocks]
        self.read_block = self._source.read_block


class Stream(IterableDataset):
    """Blocks of a folder, for PyTorch: whole batches, so that nothing is done row by row."""

    def __init__(self, folder: Path, blocks: int) -> None:
        self._folder, self._blocks = folder, blocks

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the batches of one epoch, as our order law has them."""
        rng = np.random.default_rng(0)
        for i in rng.permutation(self._blocks):
            X = np.load(self._folder / f"{i:05d}.X.npy")
            y = np.load(self._folder / f"{i:05d}.y.npy").astype(np.int64)
            order = rng.permutation(len(X))
            for first in range(0, len(X), BATCH):
                rows = order[first : first + BATCH]
                yield torch.from_numpy(X[rows]), torch.from_numpy(y[rows])


def by_pytorch(folder: Path, blocks: int, count: int, workers: int) -> None:
    """Train so many models, stacked, over the blocks by an IterableDataset."""
    torch.set_num_threads(2)
    rates = torch.tensor(np.logspace(-3, -1, count), dtype=torch.float32)
    W = torch.zeros(FEATURES, count * CLASSES, requires_grad=True)
    b = torch.zeros(count * CLASSES, requires_grad=True)
    by_column = rates.repeat_interleave(CLASSES)
    for X, y in DataLoader(Stream(folder, blocks), batch_size=None, num_workers=workers):
        scores = torch.addmm(b, X.float(), W).view(len(X), count, CLASSES)
        losses = cross_entropy(
            scores.reshape(-1, CLASSES), y.repeat_interleave(count), reduction="none"
        )
        losses.view(len(X), count).mean(0).sum().backward()
        with torch.no_grad():
            W -= by_column * W.grad
            b -= by_column * b.grad
            W.grad = b.grad = None


def by_scikit_learn(folder: Path, blocks: int, count: int) -> None:
    """Train so many models by partial_fit: one-vs-rest, example by example."""
    classes = np.arange(CLASSES)
    for _ in range(count):
        model = SGDClassifier(loss="log_loss", n_jobs=2, learning_rate="constant", eta0=0.01)
        for i in range(blocks):
            X = np.load(folder / f"{i:05d}.X.npy").astype(np.float32)
            model.partial_fit(X, np.load(folder / f"{i:05d}.y.npy"), classes)


def by_dask_ml(folder: Path, blocks: int, count: int) -> None:
    """Train so many models by dask-ml's Incremental over a Dask array of the blocks."""
    import dask.array as da
    from dask_ml.wrappers import Incremental

    def lazily(part: str, shape: tuple[int, ...], dtype: type) -> da.Array:
        from dask import delayed

        return da.concatenate([
            da.from_delayed(
                delayed(lambda p: np.load(p).astype(dtype))(folder / f"{i:05d}.{part}.npy"),
                shape, dtype,
            )
            for i in range(blocks)
        ])  # fmt: skip

    X = lazily("X", (ROWS_A_BLOCK, FEATURES), np.float32)
    y = lazily("y", (ROWS_A_BLOCK,), np.int64)
    for _ in range(count):
        inner = SGDClassifier(loss="log_loss", n_jobs=2, learning_rate="constant", eta0=0.01)
        Incremental(inner, shuffle_blocks=False).fit(X, y, classes=np.arange(CLASSES))


VW = (
    sys.executable, "-m", "vowpalwabbit", "--oaa", str(CLASSES), "--loss_function", "logistic",
    "-b", "20",
)  # fmt: skip


def vowpal_wabbit(folder: Path, blocks: int) -> Callable[[], None] | None:
    """Return a pass over a cache of Vowpal Wabbit's own format; None where it is not installed."""
    if find_spec("vowpalwabbit") is None:
        return None
    text = folder.parent / "vw.txt"
    with text.open("w") as file:
        for i in range(blocks):
            X = np.load(folder / f"{i:05d}.X.npy").astype(np.float32)
            for x, label in zip(X, np.load(folder / f"{i:05d}.y.npy"), strict=True):
                values = " ".join(f"{j}:{v:.4g}" for j, v in enumerate(x))
                file.write(f"{label + 1} | {values}\n")

    def one_pass() -> None:
        done = subprocess.run(
            [*VW, "-d", str(text), "--cache_file", str(folder.parent / "vw.cache")],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        told = done.stdout + done.stderr
        if f"number of examples = {blocks * ROWS_A_BLOCK}" not in told:
            raise RuntimeError(f"Vowpal Wabbit did not read all examples: {told[-300:]}")

    one_pass()  # makes the cache
    return one_pass


def peers(folder: Path) -> Iterator[Row]:
    """One model and 16, over the same blocks, against what else there is."""
    blocks = 1
    disk = block_dataset(_First(folder, blocks))
    for count, target in ((1, 4), (16, 10)):
        contenders: dict[str, Callable[[], object]] = {
            "onelayer": partial(train_many, disk, None, grid(count)),
            "PyTorch IterableDataset": partial(by_pytorch, folder, blocks, count, 0),
        }
        if count == 1:
            contenders["PyTorch IterableDataset, 2 workers"] = partial(
                by_pytorch, folder, blocks, count, 2
            )
        slow = {
            "SGDClassifier.partial_fit": partial(by_scikit_learn, folder, blocks, 1),
            "dask-ml Incremental": partial(by_dask_ml, folder, blocks, 1),
        }
        wabbit = vowpal_wabbit(folder, blocks)
        if wabbit is not None:
            slow["Vowpal Wabbit, cached"] = wabbit
        times = medians(interleaved(contenders, 3))
        # One model after the other: so many times the one.
        for name, call in slow.items():
            try:
                times[name] = count * seconds(call)
            except ImportError:
                continue
        ours = times.pop("onelayer")
        best = min(times.values())
        told = ", ".join(f"{name} {took:.2f} s" for name, took in times.items())
        yield row(f"{count} model{'s' * (count > 1)}, {blocks * ROWS_A_BLOCK:,} rows: against the "
                  "best peer", best / ours, target, f"onelayer {ours:.2f} s; {told}")  # fmt: skip


COMPARISONS = {"epoch": epoch, "models": models, "peers": peers}


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
    blocks = max(2, int(size * 1e9 / (2 * FEATURES * ROWS_A_BLOCK)))
    try:
        if not (folder / "blocks.json").exists():
            took = seconds(lambda: pack(Embeddings(blocks), folder, block_length=ROWS_A_BLOCK))
            print(f"Packed {size:.1f} GB in {took:.0f} s.", flush=True)
        rows = []
        for name in arguments.names or COMPARISONS:
            for line in COMPARISONS[name](folder):
                rows.append(line)
                print(told(line), flush=True)
    finally:
        if arguments.folder is None:
            shutil.rmtree(place)
    result = {"machine": machine(), "comparisons": rows}
    (arguments.out / "large.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
