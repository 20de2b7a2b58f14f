"""A study's results with what was found in them, for whoever says what follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement
from onelayer.study import Outcome, RunOutcome, SectionChoice
from onelayer.training import StopReason

M = TypeVar("M", bound=Measurement)


@dataclass(frozen=True, eq=False)
class Evidence:
    """A study's results, and its findings."""

    outcome: Outcome
    findings: tuple[Finding, ...]

    def called(self, name: str) -> str:
        """Return what people call the run of this name, for a sentence."""
        known = {run.name: run.called for run in self.outcome.runs}
        return known.get(name, name)

    def label(self, name: str) -> str:
        """Return the label of the run of this name, for a figure; other texts stay."""
        known = {run.name: run.label for run in self.outcome.runs}
        return known.get(name, name)

    def runs(self, choice: SectionChoice) -> tuple[RunOutcome, ...]:
        """Return the runs of a section that have an evaluation with a finite loss, each once."""
        named = dict.fromkeys(self.outcome.named(choice.runs))
        return tuple(run for run in named if run.record.best is not None)

    def ended(self, choice: SectionChoice) -> tuple[RunOutcome, ...]:
        """Return those of `runs`, and minima that were found, which have no evaluations."""
        evaluated = set(self.runs(choice))
        named = dict.fromkeys(self.outcome.named(choice.runs))
        return tuple(
            run for run in named
            if run in evaluated or run.record.stop_reason is StopReason.CONVERGED
        )  # fmt: skip

    def findings_of(self, kind: type[Measurement], runs: Iterable[RunOutcome]) -> list[Finding]:
        """Return the findings of a check that speak of any of these runs."""
        names = {run.name for run in runs}
        return [f for f in self.findings if f.kind is kind and names & {*f.runs}]


def measured(findings: Iterable[Finding], kind: type[M]) -> list[tuple[Finding, M]]:
    """Return findings with what they measured, without those of other kinds or no measurement."""
    return [(f, f.measurement) for f in findings if isinstance(f.measurement, kind)]
