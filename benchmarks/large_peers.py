"""What else trains linear models on data in blocks, each with the settings that suit it best."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import SGDClassifier
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torch.utils.data import DataLoader, IterableDataset

from large_data import BATCH, Shape, grid, seconds
from measure import Row, interleaved, medians, row
from onelayer.data import block_dataset
from onelayer.data.blocks.packs.packed import PackedBlocks
from onelayer.training import train_many


def read(folder: Path, i: int, dtype: type = np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Return features and classes of a block."""
    X = np.load(folder / f"{i:05d}.X.npy")
    return X.astype(dtype, copy=False), np.load(folder / f"{i:05d}.y.npy").astype(np.int64)


class Stream(IterableDataset):
    """Blocks of a folder, for PyTorch: whole batches, so that nothing is done row by row."""

    def __init__(self, folder: Path, blocks: int) -> None:
        self._folder, self._blocks = folder, blocks

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the batches of one epoch, as our order law has them."""
        rng = np.random.default_rng(0)
        for i in rng.permutation(self._blocks):
            X, y = read(self._folder, i, np.float16)
            order = rng.permutation(len(X))
            for first in range(0, len(X), BATCH):
                rows = order[first : first + BATCH]
                yield torch.from_numpy(X[rows]), torch.from_numpy(y[rows])


def by_pytorch(folder: Path, shape: Shape, count: int, workers: int = 0) -> None:
    """Train so many models, stacked, over the blocks by an IterableDataset."""
    torch.set_num_threads(2)
    outputs = 1 if shape.classes == 2 else shape.classes
    rates = torch.tensor(np.logspace(-3, -1, count), dtype=torch.float32)
    W = torch.zeros(shape.features, count * outputs, requires_grad=True)
    b = torch.zeros(count * outputs, requires_grad=True)
    by_column = rates.repeat_interleave(outputs)
    stream = Stream(folder, shape.blocks)
    for X, y in DataLoader(stream, batch_size=None, num_workers=workers):
        scores = torch.addmm(b, X.float(), W)
        if outputs == 1:
            wanted = y.float()[:, None].expand_as(scores)
            losses = binary_cross_entropy_with_logits(scores, wanted, reduction="none")
        else:
            losses = cross_entropy(
                scores.view(-1, outputs), y.repeat_interleave(count), reduction="none"
            ).view(len(X), count)
        losses.mean(0).sum().backward()
        with torch.no_grad():
            W -= by_column * W.grad
            b -= by_column * b.grad
            W.grad = b.grad = None


def by_scikit_learn(folder: Path, shape: Shape) -> None:
    """Train a model by partial_fit: one-vs-rest, example by example."""
    model = SGDClassifier(loss="log_loss", n_jobs=2, learning_rate="constant", eta0=0.01)
    for i in range(shape.blocks):
        model.partial_fit(*read(folder, i), np.arange(shape.classes))


def by_dask_ml(folder: Path, shape: Shape) -> None:
    """Train a model by dask-ml's Incremental over a Dask array of the blocks."""
    import dask.array as da
    from dask import delayed
    from dask_ml.wrappers import Incremental

    def lazily(which: int, size: tuple[int, ...], dtype: type) -> da.Array:
        parts = [delayed(lambda i: read(folder, i)[which])(i) for i in range(shape.blocks)]
        return da.concatenate([da.from_delayed(p, (shape.rows, *size), dtype) for p in parts])

    X, y = lazily(0, (shape.features,), np.float32), lazily(1, (), np.int64)
    inner = SGDClassifier(loss="log_loss", n_jobs=2, learning_rate="constant", eta0=0.01)
    Incremental(inner, shuffle_blocks=False).fit(X, y, classes=np.arange(shape.classes))


def vowpal_wabbit(folder: Path, shape: Shape) -> Callable[[], None] | None:
    """Return a pass over a cache of Vowpal Wabbit's own format; None where it is not installed."""
    if find_spec("vowpalwabbit") is None:
        return None
    text = folder.parent / "vw.txt"
    if not text.exists():
        with text.open("w") as file:
            for i in range(shape.blocks):
                for x, label in zip(*read(folder, i), strict=True):
                    values = " ".join([f"{j}:{v:.4g}" for j, v in enumerate(x.tolist())])
                    sign = 2 * label - 1 if shape.classes == 2 else label + 1
                    file.write(f"{sign} | {values}\n")
    several = [] if shape.classes == 2 else ["--oaa", str(shape.classes)]
    call = [
        sys.executable, "-m", "vowpalwabbit", *several, "--loss_function", "logistic", "-b", "20",
        "-d", str(text), "--cache_file", str(folder.parent / "vw.cache"),
    ]  # fmt: skip

    def one_pass() -> None:
        done = subprocess.run(call, check=True, capture_output=True, text=True)
        told = done.stdout + done.stderr
        if f"number of examples = {shape.blocks * shape.rows}" not in told:
            raise RuntimeError(f"Vowpal Wabbit did not read all examples: {told[-300:]}")

    one_pass()  # makes the cache
    return one_pass


def products(shape: Shape, count: int) -> float:
    """Return the seconds of the matrix products of a pass, by BLAS, in float32 and in memory."""
    torch.set_num_threads(2)
    outputs = count * (1 if shape.classes == 2 else shape.classes)
    X, W, G = (torch.rand(size) for size in (
        (BATCH, shape.features), (shape.features, outputs), (BATCH, outputs),
    ))  # fmt: skip
    XT = torch.rand(shape.features, BATCH)
    steps = shape.blocks * -(-shape.rows // BATCH)

    def one_pass() -> None:
        for _ in range(steps):
            torch.mm(X, W), torch.mm(XT, G)

    return medians(interleaved({"products": one_pass}, 3))["products"]


def against_peers(place: Path, shape: Shape, count: int, target: float) -> Row:
    """Train so many models in one pass over the blocks in `place`/packed, and as others do it.

    Equal work: one pass each, files opened anew. The numbers of the weights, which would take
    another pass, are measured when somebody asks for them, and nobody does. Only ours checks the
    files, as every first reading does.
    """
    folder = place / "packed"
    how = {"model": "logistic"} if shape.classes == 2 else {}
    times = medians(interleaved({
        "onelayer": lambda: train_many(
            block_dataset(PackedBlocks(folder)), None, grid(count, **how)
        ),
        "PyTorch IterableDataset": partial(by_pytorch, folder, shape, count),
        "the same with 2 workers": partial(by_pytorch, folder, shape, count, 2),
    }, 3))  # fmt: skip
    source = PackedBlocks(folder)
    reading = medians(interleaved({"": lambda: [*map(source.read_block, range(shape.blocks))]}, 3))
    # One model after the other: so many times the one.
    times["SGDClassifier.partial_fit"] = count * seconds(partial(by_scikit_learn, folder, shape))
    if find_spec("dask_ml") is not None:
        times["dask-ml Incremental"] = count * seconds(partial(by_dask_ml, folder, shape))
    wabbit = vowpal_wabbit(folder, shape)
    if wabbit is not None:
        times["Vowpal Wabbit, cached"] = count * seconds(wabbit)
    ours, bare = times.pop("onelayer"), products(shape, count)
    best = min(times.values())
    told = ", ".join(f"{name} {took:.3f} s" for name, took in times.items())
    return row(
        f"{shape}, {count} model{'s' * (count > 1)}, {shape.blocks * shape.rows:,} rows: "
        "against the best peer", best / ours, target,
        f"onelayer {ours:.3f} s, with checksums, without the numbers of the weights; {told}; "
        f"reading alone {reading['']:.3f} s; the matrix products alone {bare:.3f} s, so that "
        f"{best / bare:.1f} is what they leave",
    )  # fmt: skip
