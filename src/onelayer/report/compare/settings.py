"""The settings in which two studies differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onelayer.report.compare.side import Sides
from onelayer.report.document import Block, Paragraph, Section, Table
from onelayer.report.inline import code, literal, plain
from onelayer.study.differences import values_that_differ
from onelayer.words import first_few, name_of_source

_ABSENT = "–"


def settings_in_words(sides: Sides, runs: Sequence[str]) -> str:
    """Return a sentence that names the settings that differ."""
    rows = [*_of_data(sides), *_of_runs(sides, runs)]
    keys = [plain(key) for key in dict.fromkeys(row[0] for row in rows)]
    if not keys:
        return "Data and settings are the same."
    return f"What differs in how they were made: {first_few(keys, str)}."


def settings_section(sides: Sides, runs: Sequence[str]) -> Section:
    """List what differs: of the data, and of the runs that both studies have.

    A setting that differs alike in several runs is one row.
    """
    rows = [*_of_data(sides), *_of_runs(sides, runs)]
    names = tuple(literal(side.name) for side in sides)
    blocks: list[Block] = []
    if rows:
        columns = ("setting", "of", *names)
        blocks.append(Table(columns, tuple(rows), None, ("left",) * 4))
    else:
        blocks.append(Paragraph("None: the data is the same, and so are the runs in common."))
    return Section("Settings that differ", "In what were the studies made differently?", (*blocks,))


_WORDS = {
    "train": "training examples", "validation": "validation examples", "split_seed": "split seed",
    "n_features": "features", "image_shape": "size of an image", "scaling": "features are",
    "sha256": "SHA-256",
}  # fmt: skip
"""What is said of data, as people have it."""

_OF_RUNS = "selections"
"""What was done to the examples of runs, which the runs' own settings say."""


def _of_data(sides: Sides) -> list[tuple[str, ...]]:
    first, second = (side.outcome.data for side in sides)
    return [
        (_WORDS.get(key, key), "data", *(_shown(data.get(key), key) for data in (first, second)))
        for key in dict.fromkeys([*first, *second])
        if first.get(key) != second.get(key) and key != _OF_RUNS
    ]


def _of_runs(sides: Sides, runs: Sequence[str]) -> list[tuple[str, ...]]:
    both = set(runs)
    # What they are called, the data (above) and what their reports show is no setting of a run.
    first, second = (
        side.outcome.study.model_copy(update={
            "name": "", "title": "", "data": sides[0].outcome.study.data, "sections": (),
            "runs": tuple(
                run.model_copy(update={"label": None})
                for run in side.outcome.study.runs if run.name in both
            ),
        })
        for side in sides
    )  # fmt: skip
    alike: dict[tuple[str, str, str], list[str]] = {}
    for path, old, new in values_that_differ(first, second):
        of_run = path[0] == "runs"
        key = ".".join(path[3:] if of_run and path[2] == "config" else path[2:] if of_run else path)
        alike.setdefault((key, _shown(old), _shown(new)), []).append(path[1] if of_run else "")
    return [(code(key), _of(names, runs), old, new) for (key, old, new), names in alike.items()]


def _of(names: Sequence[str], runs: Sequence[str]) -> str:
    if names == [""]:
        return "study"
    if len(names) == len(runs) and len(runs) > 1:
        return f"all {len(runs)} runs in common"
    return literal(first_few(names, str))


def _shown(value: Any, key: str = "") -> str:
    if value is None:
        return _ABSENT
    if key == "sha256":
        return code(f"{value[:16]}…")
    if key == "image_shape":
        return " × ".join(map(str, value))
    if key == "scaling":
        return f"stored × {value['scale']:.4g}" + (
            f" {value['offset']:+g}".replace("-", "−") if value["offset"] else ""
        )
    if key == "source":
        return literal(name_of_source(str(value)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return literal(first_few(value, str))
    return literal(f"{value:,}" if isinstance(value, int) else str(value))
