"""Time contenders in turn, so that what else the machine does falls on all of them alike."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

import numpy as np
from threadpoolctl import threadpool_limits

REPETITIONS = 5

MOST_STOLEN = 0.05
"""A repetition during which other guests of a shared machine took more of its time is repeated."""

TRIES = 4
"""How often at most; then the least disturbed one counts."""


def interleaved(
    contenders: Mapping[str, Callable[[], object]], repetitions: int = REPETITIONS
) -> dict[str, list[float]]:
    """Return the seconds of each repetition of each contender, after a warm-up of the first."""
    next(iter(contenders.values()))()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repetitions):
        for name, contender in contenders.items():
            seconds[name].append(undisturbed(contender))
    return seconds


def undisturbed(contender: Callable[[], object]) -> float:
    """Return the seconds of a call that the machine's other guests left alone, as far as can be."""
    tries: list[tuple[float, float]] = []
    while len(tries) < TRIES and (not tries or tries[-1][0] > MOST_STOLEN):
        gc.collect()
        stolen, start = stolen_seconds(), time.perf_counter()
        contender()
        seconds = time.perf_counter() - start
        tries.append(((stolen_seconds() - stolen) / seconds, seconds))
    return min(tries)[1]


def stolen_seconds() -> float:
    """Return the core seconds that a hypervisor has withheld since the start; 0 if unknown."""
    try:
        with open("/proc/stat") as file:
            return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0.0


def medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """Return the median of each contender."""
    return {name: statistics.median(values) for name, values in seconds.items()}


def matrix_product_rate(size: int = 3000) -> float:
    """Return the rate of a large float32 matrix product on all cores, in GFLOP/s."""
    rng = np.random.default_rng(0)
    A, B = (rng.standard_normal((size, size), dtype=np.float32) for _ in range(2))
    with threadpool_limits(len(os.sched_getaffinity(0))):
        seconds = medians(interleaved({"product": lambda: A @ B}))["product"]
    return 2 * size**3 / seconds / 1e9


def peak_memory(code: str) -> float:
    """Return the peak resident memory of a fresh interpreter that runs the code, in MiB."""
    # Not getrusage: what it tells includes the parent's memory at the time of the fork.
    ending = """
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""
    done = subprocess.run(
        [sys.executable, "-c", code + ending], capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[-1]) / 1024


def machine() -> dict[str, object]:
    """Return what the figures were measured on."""
    model = platform.processor()
    try:
        with open("/proc/cpuinfo") as file:
            model = next(line.partition(":")[2].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        pass
    return {"processor": model, "cores": len(os.sched_getaffinity(0)), "system": platform.system()}


Row = dict[str, object]
"""One line of a result."""


def row(name: str, value: float, target: float, detail: str, *, at_most: bool = False) -> Row:
    """Return one line of the result."""
    met = value <= target if at_most else value >= target
    return {"comparison": name, "value": value, "target": target, "at_most": at_most, "met": met,
            "detail": detail}  # fmt: skip


def told(line: Row) -> str:
    """Return a line as people read it."""
    sign = "≤" if line["at_most"] else "≥"
    verdict = "met" if line["met"] else "MISSED"
    target = f"target {sign} {line['target']:g}: {verdict}"
    return f"{line['comparison']}: {line['value']:.2f} ({target})\n    {line['detail']}"
