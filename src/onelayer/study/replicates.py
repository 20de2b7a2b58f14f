"""Replicates: runs that differ in their seed or their draw alone, and how far they spread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from statistics import fmean, stdev
from typing import Any

from onelayer.json_values import json_value
from onelayer.study.schema import Run
from onelayer.training import Final, RunRecord, StopReason

CHANCE = ("seed", "draw")
"""Options that leave a run's question as it is."""

NUMBERS = tuple(field.name for field in fields(Final))


@dataclass(frozen=True)
class Replicates:
    """Runs that ask the same question, with other orders or draws of the examples.

    Attributes
    ----------
    name : str
        What the names of the runs have in common.
    records : tuple of RunRecord
        Two or more.
    differ : tuple of str
        Which options of chance they differ in.
    """

    name: str
    records: tuple[RunRecord, ...]
    differ: tuple[str, ...]

    @property
    def label(self) -> str:
        """What people call them: what the labels of the runs have in common."""
        parts = (self.records[0].label or self.name).split(", ")
        common = [part for part in parts if part.partition(" ")[0] not in CHANCE]
        return ", ".join(common) if len(common) < len(parts) and common else self.name

    @property
    def called(self) -> str:
        """Them in a sentence: the label, in quotes where that is not the name."""
        return self.name if self.label == self.name else f"“{self.label}”"

    @property
    def members(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(record.name for record in self.records)

    @property
    def counted(self) -> tuple[RunRecord, ...]:
        """Those that did not diverge: the weights that the others keep say nothing."""
        return tuple(r for r in self.records if r.stop_reason is not StopReason.DIVERGED)

    @property
    def over(self) -> str:
        """Of what the numbers are: 5 seeds."""
        diverged = len(self.records) - len(self.counted)
        what = f"{self.differ[0]}s" if len(self.differ) == 1 else "runs"
        others = f", {diverged} more diverged" if diverged else ""
        return f"{len(self.counted)} {what}{others}"

    def values(self, number: str) -> list[float]:
        """Return one of the final numbers of those that are counted and have it."""
        found = [getattr(record.final, number) for record in self.counted]
        return [value for value in found if value is not None]

    def mean(self, number: str) -> float | None:
        """Return the mean of one of the final numbers."""
        return fmean(values) if (values := self.values(number)) else None

    def sd(self, number: str) -> float | None:
        """Return its standard deviation, by n - 1; None where there are fewer than two."""
        return stdev(values) if len(values := self.values(number)) > 1 else None

    def in_words(self, number: str, spell: Callable[[float], str]) -> str:
        """Return the mean of one of the final numbers with its spread: 0.912 ± 0.003."""
        mean, sd = self.mean(number), self.sd(number)
        if mean is None:
            return "–"
        return spell(mean) if sd is None else f"{spell(mean)} ± {spell(sd)}"

    def as_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values: dict[str, Any] = json_value(
            {
                "name": self.name,
                "members": list(self.members),
                "n": len(self.counted),
                "mean": {number: self.mean(number) for number in NUMBERS},
                "sd": {number: self.sd(number) for number in NUMBERS},
            }
        )
        return values


def question(run: Run) -> Hashable:
    """Return what replicates have in common, and no other runs."""
    selection = run.selection.model_copy(update={"draw": 0})
    return run.base, selection, run.config.model_copy(update=dict.fromkeys(CHANCE, 0))


def replicates_of(runs: Sequence[Run], records: Sequence[RunRecord]) -> tuple[Replicates, ...]:
    """Return the groups of replicates, of the runs that have come to an end."""
    known = {record.name: record for record in records}
    groups: dict[Hashable, list[Run]] = defaultdict(list)
    for run in runs:
        if run.name in known:
            groups[question(run)].append(run)
    return tuple(
        Replicates(
            _common_name(members[0].name),
            tuple(known[run.name] for run in members),
            tuple(name for name in CHANCE if len({_chance(run, name) for run in members}) > 1),
        )
        for members in groups.values()
        if len(members) > 1
    )


def _chance(run: Run, name: str) -> tuple[int, int]:
    """Return what an option of chance is, in training and in the choice of examples."""
    return getattr(run.config, name), run.selection.draw if name == "draw" else 0


def _common_name(member: str) -> str:
    base, _, swept = member.removesuffix("]").partition("[")
    others = [part for part in swept.split(",") if part.partition("=")[0] not in CHANCE]
    return f"{base}[{','.join(others)}]" if others else base
