"""Compare the engine with its peers; print, and write JSON and a Markdown table.

    python benchmarks/bench.py [NAME ...] [--out docs]

Needs MNIST (in ONELAYER_DATA or the cache) and PyTorch. Without names all comparisons run, which
takes about half an hour.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

import optima
import peers
import probes
import quality
import sweeps
from measure import (
    REPETITIONS,
    Row,
    interleaved,
    machine,
    matrix_product_rate,
    medians,
    peak_memory,
    row,
    told,
)
from onelayer.data import Dataset, load
from onelayer.training import Checkpoint, TrainConfig, train, train_many

L2 = (0.0, 1.0, 0.1, 0.01, 0.001)
STUDY = {"batch_size": 128, "drop_last": True, "penalize_bias": True}


def torch_data(train_set: Dataset, validation: Dataset, batch_size: int) -> peers.Data:
    """Return the same examples for the peers: scaled, float32."""
    X, vX = (d.scaling.apply(d.X, np.dtype(np.float32)) for d in (train_set, validation))
    targets = train_set.targets.astype(np.int64), validation.targets.astype(np.int64)
    return peers.Data(
        X, targets[0], vX, targets[1], batch_size=batch_size, n_classes=train_set.n_classes
    )


def with_threads(threads: int, function, *arguments):
    """Return a contender that runs with so many PyTorch threads."""

    def contender():
        torch.set_num_threads(threads)
        return function(*arguments)

    return contender


def describe(times: dict[str, float]) -> str:
    """Return all medians in words."""
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in times.items())


def one_run() -> list[Row]:
    """Train one softmax model of the study, against PyTorch loops."""
    train_set, validation = load("mnist", train=20_000, validation=10_000)
    data = torch_data(train_set, validation, 128)
    config = TrainConfig(learning_rate=0.01, max_epochs=50, **STUDY)
    contenders = {"onelayer": lambda: train(train_set, validation, config)}
    for function in (peers.by_hand, peers.autograd, peers.dataloader):
        for threads in (1, 2):
            name = f"{function.__name__} {threads}t"
            contenders[name] = with_threads(threads, function, data, 50, 0.01, 0.0)
    times = medians(interleaved(contenders))
    ours = times.pop("onelayer")
    best = min(times.values())
    detail = f"onelayer {ours:.2f} s; {describe(times)}"
    return [row("1. one run, against the best PyTorch loop", best / ours, 5, detail)]


def five_runs() -> list[Row]:
    """Train with five penalties, against a loop run five times and a stacked one."""
    train_set, validation = load("mnist", train=20_000, validation=10_000)
    data = torch_data(train_set, validation, 128)
    epochs = 15  # of the 50; the cost of an epoch does not change
    configs = [TrainConfig(learning_rate=0.01, max_epochs=epochs, l2=l2, **STUDY) for l2 in L2]

    def five_times():
        for l2 in L2:
            peers.by_hand(data, epochs, 0.01, l2)

    contenders = {"onelayer": lambda: train_many(train_set, validation, configs)}
    for threads in (1, 2):
        contenders[f"by hand, five times {threads}t"] = with_threads(threads, five_times)
        contenders[f"stacked {threads}t"] = with_threads(
            threads, peers.stacked, data, epochs, [0.01] * 5, list(L2)
        )
    times = medians(interleaved(contenders))
    ours = times.pop("onelayer")
    loops = min(v for k, v in times.items() if "five" in k)
    stack = min(v for k, v in times.items() if "stacked" in k)
    detail = f"onelayer {ours:.2f} s; {describe(times)}"
    return [
        row("2a. five λ, against the loop run five times", loops / ours, 6, detail),
        row("2b. five λ, against a stacked loop", stack / ours, 2, detail),
    ]


def many_runs() -> list[Row]:
    """Train 64 configurations, against a stacked loop and the matrix product's rate."""
    train_set, validation = load("mnist", train=20_000, validation=10_000)
    data = torch_data(train_set, validation, 128)
    grid = [(rate, l2) for rate in np.logspace(-3, -1, 8) for l2 in np.logspace(-5, 0, 8)]
    configs = [TrainConfig(learning_rate=r, l2=l2, max_epochs=5, **STUDY) for r, l2 in grid]
    rates, l2s = ([float(pair[i]) for pair in grid] for i in (0, 1))
    contenders = {
        "onelayer": lambda: train_many(train_set, validation, configs),
        "stacked 1t": with_threads(1, peers.stacked, data, 5, rates, l2s),
        "stacked 2t": with_threads(2, peers.stacked, data, 5, rates, l2s),
    }
    times = medians(interleaved(contenders))
    ours = times.pop("onelayer")
    best = min(times.values())
    steps, evaluations = 5 * 156, 26
    operations = 64 * 2 * 784 * 10 * (steps * 128 * 2 + evaluations * 30_000)
    rate = operations / ours / 1e9
    ceiling = matrix_product_rate()
    detail = f"onelayer {ours:.2f} s; {describe(times)}"
    share = f"{rate:.0f} of {ceiling:.0f} GFLOP/s, zero pixels counted like others; {detail}"
    return [
        row("3a. 64 configurations, against a stacked loop", best / ours, 1.6, detail),
        row("3b. 64 configurations, share of the product's rate", rate / ceiling, 0.65, share),
    ]


def time_to_quality() -> list[Row]:
    """Train until a validation loss is reached, every contender at its best."""
    train_set, validation = load("mnist", train=20_000, validation=10_000)
    rows = []
    for goal, target in ((0.295, 15), (0.289, 5)):
        contenders, found = quality.contenders(train_set, validation, goal)
        ratio, detail = against_the_best(contenders)
        name = f"4. time to a validation loss of {goal:g}, MNIST 20,000"
        rows.append(row(name, ratio, target, f"{detail}; {found}"))
    return rows


def against_the_best(contenders, given_up: float = 0.0) -> tuple[float, str]:
    """Return how many times longer the fastest peer takes than the first, and all times.

    Where a repetition takes more than a minute, there are fewer.
    """
    times = medians(interleaved(contenders, 1))
    repetitions = max(1, min(REPETITIONS, int(150 / sum(times.values()))))
    if repetitions > 1:
        times = medians(interleaved(contenders, repetitions))
    ours = times.pop("onelayer")
    # Where no peer gets there: the time after which they were given up.
    best = min(times.values(), default=given_up)
    peers = ", ".join(f"{peer} {seconds:.3f} s" for peer, seconds in times.items())
    few = f" ({repetitions} repetitions)" if repetitions < REPETITIONS else ""
    return best / ours, "; ".join(filter(None, (f"onelayer {ours:.3f} s", f"{peers}{few}")))


def embedding() -> list[Row]:
    """Train probes of a set like frozen embeddings, against the stacked loop."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((100, 768), dtype=np.float32) * 0.2
    y = rng.integers(0, 100, 55_000)
    X = centres[y] + rng.standard_normal((55_000, 768), dtype=np.float32)
    train_set, validation = Dataset(X[:50_000], y[:50_000]), Dataset(X[50_000:], y[50_000:])
    data = torch_data(train_set, validation, 256)
    rows = []
    for count, target in ((1, 1.3), (16, 1.0)):
        rates = [float(r) for r in np.logspace(-2, -1, count)]
        configs = [
            TrainConfig(learning_rate=r, batch_size=256, drop_last=True, max_epochs=1)
            for r in rates
        ]
        contenders = {
            "onelayer": lambda configs=configs: train_many(train_set, validation, configs),
            "stacked 1t": with_threads(1, peers.stacked, data, 1, rates, [0.0] * count),
            "stacked 2t": with_threads(2, peers.stacked, data, 1, rates, [0.0] * count),
        }
        times = medians(interleaved(contenders))
        ours = times.pop("onelayer")
        detail = f"onelayer {ours:.2f} s; {describe(times)}"
        name = f"5. 50,000 × 768, 100 classes, {count} configuration{'s' * (count > 1)}"
        rows.append(row(name, min(times.values()) / ours, target, detail))
    return rows


def growth() -> list[Row]:
    """Double each size four times: the worst ratio to proportional growth."""
    rng = np.random.default_rng(0)
    rows = []
    base = {"n": 8_000, "features": 256, "classes": 10, "configurations": 4}
    for what in base:
        contenders = {}
        for doubling in range(5):
            size = base | {what: base[what] * 2**doubling}
            X = rng.integers(0, 256, (size["n"], size["features"]), dtype=np.uint8)
            y = np.arange(size["n"]) % size["classes"]
            data = Dataset(X, y)
            configs = [
                TrainConfig(learning_rate=0.01 * (i + 1), max_epochs=4)
                for i in range(size["configurations"])
            ]
            contenders[str(size[what])] = lambda data=data, configs=configs: train_many(
                data, data, configs
            )
        times = list(medians(interleaved(contenders)).values())
        ratios = [b / a / 2 for a, b in itertools.pairwise(times) if a >= 0.1]
        worst = max((abs(r - 1) for r in ratios), default=float("nan"))
        detail = " → ".join(f"{1000 * t:.0f} ms" for t in times)
        rows.append(row(f"6. growth with {what}: worst deviation from proportional", worst, 0.15,
                        detail, at_most=True))  # fmt: skip
    return rows


def memory() -> list[Row]:
    """Measure the peak resident memory of whole processes."""
    run = (
        "from onelayer.data import load\nfrom onelayer.training import TrainConfig, train_many\n"
        "a, b = load('mnist', train={n}, validation=10000)\n"
        "train_many(a, b, [TrainConfig(max_epochs=1, learning_rate=0.001 * (i + 1)) "
        "for i in range({m})])"
    )
    one, many = peak_memory(run.format(n=20_000, m=1)), peak_memory(run.format(n=20_000, m=64))
    return [
        row("7a. memory of a run on MNIST, MiB", one, 350, "", at_most=True),
        row("7b. memory of 64 configurations, MiB", many, 450, "", at_most=True),
    ]


def folds() -> list[Row]:
    """Ask what folds cost."""
    return [row(*line, at_most=True) for line in sweeps.cost_of_folds()]


def layers() -> list[Row]:
    """Ask whether probes of many layers in one pass take longer than layer after layer."""
    return [row(*probes.layers_together(), at_most=True)]


def heads() -> list[Row]:
    """Train the heads of a published linear evaluation, against PyTorch's loops."""
    return [row(*line) for line in probes.linear_evaluation(REPETITIONS)]


def searches() -> list[Row]:
    """Compare a sweep with scikit-learn's searches; a worse loss misses the target."""
    rows = [row(*line) for line in sweeps.scikit_learn_searches()]
    return [line | {"met": line["met"] and "WORSE" not in str(line["detail"])} for line in rows]


def checkpoints() -> list[Row]:
    """Ask what saving the states of 16 runs every few seconds costs."""
    train_set, validation = load("mnist", train=20_000, validation=10_000)
    configs = [TrainConfig(max_epochs=40, l2=10.0**-i) for i in range(1, 17)]

    def saving():
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = Checkpoint(Path(folder) / "checkpoint.safetensors", {})
            train_many(
                train_set, validation, configs,
                keep=lambda states: checkpoint.keep({str(i): s for i, s in states.items()}),
            )  # fmt: skip

    times = medians(
        interleaved({"without": lambda: train_many(train_set, validation, configs), "with": saving})
    )
    detail = f"{times['without']:.2f} s without, {times['with']:.2f} s with"
    share = times["with"] / times["without"] - 1
    return [row("9. share of training that checkpoints take", share, 0.03, detail, at_most=True)]


def optimum() -> Iterator[Row]:
    """One penalty, to a certified relative excess, against the best of the peers."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 60)).astype(np.float32)
    chance = 1 / (1 + np.exp(-X @ (0.3 * rng.standard_normal(60))))
    table = Dataset(X, (rng.random(20_000) < chance).astype(int), classes=(0, 1))
    sets: dict[str, tuple[Dataset, float, str, float]] = {
        f"MNIST {n:,}": (load("mnist", train=n, validation=1000)[0], 1e-3, "softmax", 6)
        for n in (20_000, 60_000)
    } | {"a table of 20,000 × 60": (table, 1e-4, "logistic", 1)}
    for name, (data, l2, model, target) in sets.items():
        for tolerance in (1e-3, 1e-6):
            yield _optimum(name, optima.Task(data, [l2], tolerance, model), target)


def optima_of_penalties() -> Iterator[Row]:
    """Find the minima of 16 penalties against paths of the peers."""
    mnist, _ = load("mnist", train=20_000, validation=1000)
    for tolerance in (1e-3, 1e-6):
        yield _optimum("MNIST 20,000, 16 penalties", optima.Task(mnist, PENALTIES, tolerance), 12)


def optima_of_folds() -> Iterator[Row]:
    """Find the minima of 16 penalties on 5 folds, against scikit-learn's cross-validation."""
    mnist, _ = load("mnist", train=20_000, validation=1000)
    folds = np.array_split(np.random.default_rng(0).permutation(mnist.n_examples), 5)
    contenders, failed, given_up = optima.cross_validation(
        mnist, PENALTIES, [np.sort(f) for f in folds], 1e-3, 12
    )
    ratio, detail = against_the_best(contenders, given_up)
    name = "10. optimum, MNIST 20,000, 16 penalties on 5 folds, to 0.001"
    yield row(name, ratio, 12, f"{detail}; {failed}")


def optima_of_embeddings() -> Iterator[Row]:
    """Find the minima of wide features with many classes, bound by the matrix product."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((100, 768), dtype=np.float32) * 0.1
    y = rng.integers(0, 100, 50_000)
    X = (centres[y] + rng.standard_normal((50_000, 768), dtype=np.float32)).astype(np.float16)
    data, name = Dataset(X, y), "50,000 × 768 float16, 100 classes"
    yield _optimum(name, optima.Task(data, [1e-3], 1e-3), 1.5)
    yield _optimum(f"{name}, 16 penalties", optima.Task(data, PENALTIES, 1e-3), 3)


PENALTIES = [float(l2) for l2 in np.logspace(-1, -4, 16)]


def _optimum(name: str, task: optima.Task, target: float) -> Row:
    contenders, failed, given_up = optima.contenders(task, target)
    ratio, detail = against_the_best(contenders, given_up)
    name = f"10. optimum, {name}, to {task.tolerance:g}"
    return row(name, ratio, target, "; ".join(filter(None, (detail, failed))))


COMPARISONS = {
    "penalties": optima_of_penalties,
    "penalties-on-folds": optima_of_folds,
    "embeddings": optima_of_embeddings,
    "optimum": optimum,
    "checkpoints": checkpoints,
    "one-run": one_run,
    "five-runs": five_runs,
    "many-runs": many_runs,
    "quality": time_to_quality,
    "embedding": embedding,
    "growth": growth,
    "memory": memory,
    "folds": folds,
    "searches": searches,
    "layers": layers,
    "heads": heads,
}


def main() -> None:
    """Run the comparisons that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*COMPARISONS, []], metavar="NAME")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    ceiling = matrix_product_rate()
    print(f"A float32 matrix product of 3000 × 3000 reaches {ceiling:.0f} GFLOP/s.", flush=True)
    for name in arguments.names or COMPARISONS:
        for line in COMPARISONS[name]():
            print(told(line), flush=True)
            _store(line | {"processor": machine()["processor"]}, ceiling, arguments.out)


def _store(line: Row, ceiling: float, out: Path) -> None:
    """Put a figure in the place of its last one; the others stay."""
    stored = out / "benchmarks.json"
    rows = json.loads(stored.read_text())["comparisons"] if stored.exists() else []
    rows = [row for row in rows if row["comparison"] != line["comparison"]] + [line]
    rows.sort(key=lambda row: str(row["comparison"]))
    packages = ("onelayer", "numpy", "numba", "torch", "scikit-learn")
    result = {
        "machine": machine() | {"matrix_product_gflops": ceiling},
        "versions": {package: version(package) for package in packages},
        "comparisons": rows,
    }
    out.mkdir(exist_ok=True)
    stored.write_text(json.dumps(result, indent=2) + "\n")
    (out / "benchmarks.md").write_text(_markdown(result))


def _markdown(result: dict) -> str:
    lines = [
        "# Benchmarks",
        "",
        "Two cores each; the processor stands beside each comparison. "
        + ", ".join(f"{k} {v}" for k, v in result["versions"].items())
        + ". Each figure is a ratio of medians of 5 interleaved repetitions in one run, repeated "
        "where other guests of the machine disturbed them; `make bench` measures them anew.",
        "",
        "| comparison | measured | target | | processor |",
        "|---|---:|---:|---|---|",
    ]
    for line in result["comparisons"]:
        sign = "≤" if line["at_most"] else "≥"
        verdict = "met" if line["met"] else "**missed**"
        cells = (
            line["comparison"], f"{line['value']:.2f}", f"{sign} {line['target']:g}", verdict,
            line["processor"],
        )  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", "Times behind the ratios:", ""]
    lines += [
        f"- {line['comparison']}: {line['detail']}"
        for line in result["comparisons"]
        if line["detail"]
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
