"""Time this source tree against another one (an earlier commit's, say), side by side.

    git worktree add /tmp/earlier COMMIT
    python benchmarks/against.py /tmp/earlier/src [NAME ...]

Each tree has a process of its own; they take turns at each workload, so that what else the machine
does falls on both. Prints ratios of medians and each tree's times; the
processor time says more where others use the machine. Needs MNIST.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from measure import REPETITIONS

STUDY = {"batch_size": 128, "drop_last": True, "penalize_bias": True}
Workload = Callable[[], object]


def workloads() -> dict[str, Callable[[], Workload]]:
    """Return what makes each workload; its data are made once, outside of the time."""
    from scipy.sparse import random as random_sparse

    from onelayer import SoftmaxRegressionCV
    from onelayer.data import Dataset, load
    from onelayer.training import TrainConfig, train_many

    def images(configs: list[TrainConfig]) -> Workload:
        train_set, validation = load("mnist", train=20_000, validation=10_000)
        return lambda: train_many(train_set, validation, configs)

    def configurations(epochs: int, count: int, **options: object) -> list[TrainConfig]:
        l2s = [0.0, *np.logspace(-5, 0, count - 1)] if count > 1 else [0.0]
        return [TrainConfig(max_epochs=epochs, l2=float(l2), **STUDY | options) for l2 in l2s]

    def embeddings(count: int) -> Workload:
        rng = np.random.default_rng(0)
        y = rng.integers(0, 100, 55_000)
        X = rng.standard_normal((100, 768), dtype=np.float32)[y] * 0.2
        X += rng.standard_normal((55_000, 768), dtype=np.float32)
        parts = Dataset(X[:50_000], y[:50_000]), Dataset(X[50_000:], y[50_000:])
        configs = configurations(1, count, batch_size=256)
        return lambda: train_many(*parts, configs)

    def sparse() -> Workload:
        X = random_sparse(20_000, 5_000, 0.01, "csr", np.float32, random_state=0)
        data = Dataset(X, np.arange(20_000) % 20)
        return lambda: train_many(data, data, configurations(5, 4))

    def table() -> Workload:
        rng = np.random.default_rng(0)
        data = Dataset(rng.standard_normal((20_000, 60)), rng.integers(0, 2, 20_000))
        return lambda: train_many(data, data, configurations(20, 1, dtype="float64"))

    def folds() -> Workload:
        train_set, _ = load("mnist", train=20_000, validation=10_000)
        X, y = train_set.scaling.apply(train_set.X, np.dtype(np.float32)), train_set.y
        search = SoftmaxRegressionCV(cv=5, l2=(1e-4, 1e-3), learning_rate=(0.01,), max_epochs=5)
        return lambda: search.fit(X, y)

    def whole_study() -> Workload:
        command = [sys.executable, "-m", "onelayer", "study", "--data", "mnist", "--quiet"]
        place = tempfile.mkdtemp()
        return lambda: subprocess.run(
            [*command, "--out", f"{place}/{time.monotonic_ns()}"],
            check=True,
            stdout=subprocess.DEVNULL,
        )

    return {
        "one run": lambda: images(configurations(50, 1)),
        "one run, float64": lambda: images(configurations(10, 1, dtype="float64")),
        "five runs": lambda: images(configurations(15, 5)),
        "64 runs": lambda: images(configurations(5, 64)),
        "embeddings": lambda: embeddings(1),
        "embeddings, 16 runs": lambda: embeddings(16),
        "sparse": sparse,
        "table": table,
        "folds": folds,
        "study": whole_study,
    }


def serve() -> None:
    """Time each workload that is named on the input, once a line."""
    kinds, ready = workloads(), {}
    for line in sys.stdin:
        name = line.strip()
        if name not in ready:
            ready[name] = kinds[name]()
            ready[name]()  # compiled before the time counts
        gc.collect()
        began, worked = time.perf_counter(), processor_seconds()
        ready[name]()
        print(time.perf_counter() - began, processor_seconds() - worked, flush=True)


def processor_seconds() -> float:
    """Return what this process and those that it has waited for have used of all cores."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Tree:
    """A process that runs workloads on one tree."""

    def __init__(self, source: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(source), "--serve"],
            env=os.environ | {"PYTHONPATH": str(source.resolve())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def time(self, name: str) -> tuple[float, float]:
        """Return the seconds of one workload, and those of the processor."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(name, file=self._process.stdin, flush=True)
        seconds, worked = map(float, self._process.stdout.readline().split())
        return seconds, worked


def compare(name: str, trees: tuple[Tree, Tree], repetitions: int) -> str:
    """Return what one workload takes on both trees, in words."""
    for tree in trees:
        tree.time(name)  # warm
    pairs = [[tree.time(name) for tree in trees] for _ in range(repetitions)]
    times, work = np.moveaxis(pairs, -1, 0)  # (repetitions, trees)
    (new, old), (new_work, old_work) = np.median(times, axis=0), np.median(work, axis=0)
    least, other_least = times.min(axis=0)
    return (
        f"{name}: {new / old:.3f} of the other's time ({new:.3f} s, {old:.3f} s), quickest of each "
        f"{least / other_least:.3f}, {new_work / old_work:.3f} of its processor time"
    )


def main() -> None:
    """Compare the trees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="folder that holds the other tree's onelayer")
    parser.add_argument("names", nargs="*", help="workloads; all if none is named")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
        return
    own = Path(__file__).resolve().parents[1] / "src"
    trees = Tree(own), Tree(arguments.other)
    for name in arguments.names or workloads():
        print(compare(name, trees, arguments.repetitions), flush=True)


if __name__ == "__main__":
    main()
