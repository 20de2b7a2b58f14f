"""How training on a cluster scales: measured here, and simulated from the measured costs.

    python benchmarks/scaling.py [--out docs]

Measures 64 models on MNIST's 60,000 examples in 12 blocks with 1 to 4 single-threaded workers, and
the costs behind it: of a step for a model, of a task, of a byte that travels. The simulation has
these alone; it is held to the measured times, and then asked for what is not here.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest.mock import patch

import altair as alt
import numpy as np

from measure import machine
from onelayer.data import load
from onelayer.report import style
from onelayer.report.svg import render
from onelayer.training import TrainConfig, train_many

BLOCKS, MODELS, EPOCHS = 12, 64, 3

TASKS_IN_PLACE = 3
"""Of a group of these models, where its worker holds all blocks: all of them make steps."""


@dataclass(frozen=True)
class Costs:
    """What things take, in seconds.

    Attributes
    ----------
    row : float
        A training example for one model, on one core.
    task : float
        A task, beside what it computes: its call, and taking models up and down.
    scheduled : float
        A task in the scheduler, which does one after the other.
    byte : float
        A byte from one worker to another.
    """

    row: float
    task: float
    scheduled: float
    byte: float


@dataclass(frozen=True)
class Work:
    """What is trained: an epoch of so many models on so many blocks.

    Attributes
    ----------
    models, blocks, rows : int
        `rows` of a block.
    model_bytes : int
        What a model carries on.
    """

    models: int
    blocks: int
    rows: int
    model_bytes: int


def simulated(work: Work, costs: Costs, workers: int, group: int, epochs: int = 1) -> float:
    """Return the seconds of some epochs, from the first task to the last.

    Each block lies on one worker; groups of models visit the blocks in one sequence, each at its
    own pace. A worker does one task after the other, first that of the group which is furthest in
    its epoch; the scheduler takes them as they come.
    """
    sizes = [len(some) for some in np.array_split(np.arange(work.models), -(-work.models // group))]
    rng = np.random.default_rng(0)
    order = np.concatenate([rng.permutation(work.blocks) for _ in range(epochs)])
    place = (order % workers).tolist()
    waiting: list[list[tuple[int, int]]] = [[] for _ in range(workers)]
    busy, scheduler, made, last = [False] * workers, 0.0, [0] * len(sizes), 0.0

    def begin(w: int, at: float) -> None:
        if waiting[w] and not busy[w]:
            busy[w], (_, g) = True, heapq.heappop(waiting[w])
            took = costs.task + sizes[g] * work.rows * costs.row
            heapq.heappush(events, (at + took, "ends", g))

    events = [(0.0, "asks", g) for g in range(len(sizes))]
    while events:
        at, what, g = heapq.heappop(events)
        w = place[made[g]]
        if what == "asks":
            there = scheduler = max(scheduler, at) + costs.scheduled
            if made[g] and place[made[g] - 1] != w:
                there += sizes[g] * work.model_bytes * costs.byte
            heapq.heappush(events, (there, "is there", g))
        elif what == "is there":
            heapq.heappush(waiting[w], (-(made[g] % work.blocks), g))
            begin(w, at)
        else:
            busy[w], last = False, at
            made[g] += 1
            if made[g] < len(place):
                heapq.heappush(events, (at, "asks", g))
            begin(w, at)
    return last


def in_place(work: Work, costs: Costs, workers: int, epochs: int) -> float:
    """Return the seconds of some epochs where each worker holds all blocks, and models stay.

    There are two groups of models a worker, which make their steps in few tasks.
    """
    group = -(-work.models // (2 * workers))
    turns = math.ceil(math.ceil(work.models / group) / workers)
    steps = epochs * work.blocks * group * work.rows * costs.row
    return turns * (TASKS_IN_PLACE * costs.task + steps)


def configs() -> list[TrainConfig]:
    """Return the models, without evaluations: the steps are what is asked about."""
    return [
        TrainConfig(
            order="blocks",
            learning_rate=float(rate),
            max_epochs=EPOCHS,
            batch_size=128,
            evaluations_per_epoch=1 / EPOCHS,
        )
        for rate in np.logspace(-3, -1, MODELS)
    ]


@dataclass(frozen=True)
class OnCluster:
    """Seconds where every worker holds all blocks, and where models travel instead."""

    copied: float
    travelling: float


def measured_here(workers: list[int]) -> tuple[dict[str, float], dict[int, OnCluster], Costs]:
    """Return seconds in one process by its threads, on clusters by their workers, and the costs."""
    from onelayer.engines.cluster import Cluster, on_cluster
    from onelayer.workflow.cluster import opened_cluster

    whole, _ = load("mnist")
    data = whole.in_blocks(-(-whole.n_examples // BLOCKS))
    alone = {}
    for threads in (1, 2):
        train_many(data, None, [configs()[0].model_copy(update={"max_steps": 2})], threads)
        alone[f"{threads} threads"] = _median(
            lambda t=threads: train_many(data, None, configs(), t)
        )
    on: dict[int, OnCluster] = {}
    for count in workers:
        with opened_cluster(f"local:{count}") as cluster:
            there = on_cluster(data, cluster)

            def call(there=there) -> None:
                train_many(there, None, configs())

            call()  # kernels are compiled on each worker
            copied = _median(call)
            with patch.object(Cluster, "copies", lambda *_: False):
                on[count] = OnCluster(copied, _median(call))
            if count == 2:
                task = _cost_of_a_task(cluster)
                byte = _cost_of_a_byte(cluster.client)
    rows = EPOCHS * MODELS * data.n_examples
    costs = Costs(alone["1 threads"] / rows, task[0], task[1], byte)
    return alone, on, costs


def _median(call, times: int = 3) -> float:
    took = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def _cost_of_a_task(cluster) -> tuple[float, float]:
    """Return what a task costs in a chain, and among many that can be done at once."""
    count = 200
    first = cluster.submit("cost", _same, 0)
    cluster.results([first])
    start = time.perf_counter()
    for _ in range(count):
        first = cluster.submit("cost", _same, first)
    cluster.results([first])
    chain = (time.perf_counter() - start) / count
    start = time.perf_counter()
    cluster.results([cluster.submit("cost", _same, i) for i in range(count)])
    return chain, (time.perf_counter() - start) / count


def _cost_of_a_byte(client) -> float:
    """Return what a byte costs from one worker to another."""
    addresses = list(client.nthreads())
    size = 50_000_000
    made = client.submit(bytes, size, workers=[addresses[0]], pure=False)
    client.gather(client.submit(len, made, workers=[addresses[0]], pure=False))
    start = time.perf_counter()
    client.gather(client.submit(len, made, workers=[addresses[1]], pure=False))
    return (time.perf_counter() - start) / size


def _same(value):
    return value


LARGE = Work(models=1000, blocks=1024, rows=5208, model_bytes=6144 * 100 * 4)
"""Of 1 TB of float16 embeddings of 6,144 features, blocks of 64 MB: so many of its 15,625."""


def large_costs(costs: Costs) -> Costs:
    """Return the costs for wide embeddings: a row has 78 times the products, at 50 GFLOP/s."""
    return Costs(4 * 6144 * 100 / 50e9, costs.task, costs.scheduled, 1 / 1.25e9)


def large_results(costs: Costs) -> list[dict[str, float]]:
    """Return simulated epochs of the large work by workers and sizes of groups."""
    found = []
    wide = large_costs(costs)
    one = LARGE.models * LARGE.blocks * (LARGE.rows * wide.row)
    for workers in (2, 4, 8, 16, 32, 64, 128, 256):
        for group in (2, 4, 8, 16, 32, 64):
            took = simulated(LARGE, wide, workers, group)
            found.append(
                {"workers": workers, "group": group, "seconds": took, "faster": one / took}
            )
    return found


def picture(results: list[dict[str, float]]) -> str:
    """Draw how much faster so many workers are, for each size of a group, as SVG."""
    groups = sorted({int(line["group"]) for line in results})
    colours = style.series(len(groups))
    x = alt.X("workers:Q", title="workers (one core each)",
              scale=alt.Scale(type="log", base=2, domain=[2, 256]),
              axis=alt.Axis(values=[2, 4, 8, 16, 32, 64, 128, 256]))  # fmt: skip
    y = alt.Y("faster:Q", title="times as fast as one core",
              scale=alt.Scale(type="log", base=2, domain=[1, 256]))  # fmt: skip
    rows = [line | {"series": f"{int(line['group'])} a group"} for line in results]
    names = [f"{g} a group" for g in groups]
    scale = alt.Scale(domain=names, range=[c.light for c in colours])
    colour = alt.Color("series:N", scale=scale)
    chart = alt.Chart(alt.InlineData(values=rows))
    line = chart.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour)
    points = chart.mark_point(filled=True, size=50).encode(x=x, y=y, color=colour)
    ideal = alt.Chart(alt.InlineData(values=[{"workers": w, "faster": w} for w in (2, 256)]))
    guide = ideal.mark_line(strokeDash=[4, 4], color=style.MUTED.light).encode(x=x, y=y)
    whole = alt.LayerChart(layer=[guide, line, points], width=style.WIDTH, height=style.HEIGHT)
    return render(whole, title="How training scales",
                  description="Simulated speed by workers and models a group.")  # fmt: skip


def checked(on: dict[int, OnCluster], costs: Costs) -> list[dict[str, float]]:
    """Return measured and simulated seconds, for the workers that were measured."""
    work = Work(MODELS, BLOCKS, 5000, 784 * 10 * 4)
    return [
        {
            "workers": count,
            "measured": took.copied,
            "simulated": in_place(work, costs, count, EPOCHS),
            "travelling": took.travelling,
            "travelling_simulated": simulated(
                work, costs, count, math.ceil(MODELS / (3 * count)), EPOCHS
            ),
        }
        for count, took in on.items()
    ]


def page(result: dict) -> str:
    """Return the page that says how training scales."""
    costs, large = result["costs"], result["large"]
    lines = [
        "# How training on a cluster scales",
        "",
        "Made by `benchmarks/scaling.py`. The steps of a model are made one after the other, on a "
        "cluster as everywhere; so what works at once are groups of models, at different blocks. "
        "A simulation has the measured costs and nothing else: a step's arithmetic, a task beside "
        "it, the scheduler's part of it, a byte that travels.",
        "",
        f"## Measured: {MODELS} models, MNIST's 60,000 images in {BLOCKS} blocks, {EPOCHS} epochs",
        "",
        f"{result['machine']['processor']}, {result['machine']['cores']} cores; workers are "
        "processes with one thread. More workers than cores show the cost of their number.",
        "",
        "| | blocks are copied, seconds | simulated | models travel, seconds | simulated |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| one process, {name.replace('1 threads', '1 thread')} | {took:.2f} | | | |"
            for name, took in result["alone"].items()
        ),
        *(
            f"| {line['workers']} worker{'s' * (line['workers'] > 1)} | {line['measured']:.2f} | "
            f"{line['simulated']:.2f} | "
            f"{line['travelling']:.2f} | {line['travelling_simulated']:.2f} |"
            for line in result["checked"]
        ),
        "",
        f"A task costs {1000 * costs['task']:.1f} ms beside its arithmetic, of which the scheduler "
        f"takes {1000 * costs['scheduled']:.2f} ms; a byte between two workers "
        f"{1e9 * costs['byte']:.2f} ns; an example and model {1e9 * costs['row']:.0f} ns.",
        "",
        "This data is small beside the memory of the workers: each comes to hold all blocks, "
        "models stay, and a group's advance is one task. Larger data stays where it lies, and "
        "models travel: that is the other measurement, and all that is said below.",
        "",
        "The simulation has every worker on a core of its own. Here client, scheduler and workers "
        "share the cores, and it is too fast: it gives "
        + ", ".join(
            f"{line['travelling_simulated'] / line['travelling']:.2f} of the time with "
            f"{line['workers']}"
            for line in result["checked"]
        )
        + ". What follows is checked by nothing but this.",
        "",
        "## Simulated: 1,000 heads on embeddings of 1 TB",
        "",
        f"Of 6,144 float16 features with 100 classes, {LARGE.blocks:,} blocks of 64 MB; "
        "one core a worker at 50 GFLOP/s, 10 Gbit/s between workers. One epoch, from its first "
        "task to its last.",
        "",
        "![Times as fast as one core, by workers and models a group](figures/scaling.svg)",
        "",
        "| workers | best group | times one core |",
        "|---:|---:|---:|",
    ]
    for workers in sorted({line["workers"] for line in large}):
        best = min((line for line in large if line["workers"] == workers),
                   key=lambda line: line["seconds"])  # fmt: skip
        lines.append(f"| {workers} | {best['group']} | {best['faster']:.0f} |")
    lines += [
        "",
        "## The limits",
        "",
        "- **One model is a chain.** Its steps follow one another, and no number of workers makes "
        "them faster. Larger batches make fewer of them; the exact minimum "
        '(`solver = "optimum"`) is a sum over all blocks in each pass, which all workers share.',
        "- **More groups than workers.** All groups visit the blocks in one sequence, so that "
        "two can want the same worker at once. The one that is furthest in its epoch goes first: "
        "so they stay apart. Three groups a thread, which is what is taken, keep most of them "
        "busy.",
        "- **Small groups cost tasks, large ones leave workers idle.** What a group carries "
        "travels from worker to worker; of wide models that is 2.5 MB each.",
        "- **The scheduler does one task after the other.** With blocks that take milliseconds it "
        "is what bounds the rate; blocks of 64 MB take seconds.",
        "- **What models carry on passes the client at each evaluation.** 1,000 wide heads are "
        "2.5 GB: let evaluations be an epoch or more apart (`evaluations_per_epoch`).",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, simulate, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 3, 4])
    arguments = parser.parse_args()
    alone, on, costs = measured_here(arguments.workers)
    check = checked(on, costs)
    for line in check:
        print(f"{line['workers']} workers: measured {line['measured']:.2f} s, "
              f"simulated {line['simulated']:.2f} s; with models that travel "
              f"{line['travelling']:.2f} s and {line['travelling_simulated']:.2f} s")  # fmt: skip
    print(f"one process: {alone}; costs {asdict(costs)}")
    if 2 in on:
        ratio = on[2].copied / alone["2 threads"]
        print(f"two workers against two threads: {ratio:.2f} (target ≤ 1.25)")
    if {1, 2} <= on.keys():
        ratio = on[1].copied / on[2].copied
        print(f"two workers against one: {ratio:.2f} times as fast (target ≥ 1.8)")
    large = large_results(costs)
    result = {"machine": machine(), "alone": alone, "costs": asdict(costs), "checked": check,
              "large": large}  # fmt: skip
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "scaling.json").write_text(json.dumps(result, indent=2) + "\n")
    (arguments.out / "scaling.md").write_text(page(result))
    figures = arguments.out / "figures"
    figures.mkdir(exist_ok=True)
    (figures / "scaling.svg").write_text(picture(large))
    for workers in (16, 64, 256):
        best = min((line for line in large if line["workers"] == workers),
                   key=lambda line: line["seconds"])  # fmt: skip
        print(f"{workers} workers, 1,000 heads: {best['group']:.0f} models a group, "
              f"{best['faster']:.0f} times one core")  # fmt: skip


if __name__ == "__main__":
    main()
