"""What came of a study: the resolved study, the facts of its data, and every run's results."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from onelayer.inference import Classifier
from onelayer.study.replicates import Replicates, replicates_of
from onelayer.study.schema import Run, Study
from onelayer.training import RunRecord, StopReason

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class RunOutcome:
    """One run's results, as read from a run folder.

    Attributes
    ----------
    run : Run
        What the study asked for.
    record : RunRecord
        What came of it. Its `final` are the numbers of `model`; `best` and `last` are evaluations
        of the schedule.
    history : polars.DataFrame
        This run's rows, with the columns of `onelayer.training.COLUMNS`.
    model : Classifier
        The model that is kept.
    """

    run: Run
    record: RunRecord
    history: pl.DataFrame
    model: Classifier

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.name

    @property
    def label(self) -> str:
        """What people call the run."""
        return self.run.label or self.name

    @property
    def called(self) -> str:
        """The run in a sentence: its label, in quotes where that is not its name."""
        return self.name if self.label == self.name else f"“{self.label}”"

    @property
    def curve(self) -> pl.DataFrame:
        """The rows of `history` that have an evaluation."""
        return self.history.drop_nulls("weight_norm")


@dataclass(frozen=True, eq=False)
class Outcome:
    """A study's results."""

    study: Study
    data: dict[str, Any]
    runs: tuple[RunOutcome, ...]

    def __getitem__(self, name: str) -> RunOutcome:
        """Return the results of the run of this name."""
        return {run.name: run for run in self.runs}[name]

    def named(self, names: tuple[str, ...]) -> tuple[RunOutcome, ...]:
        """Return the runs that a section's names stand for and that have results."""
        have = {run.name: run for run in self.runs}
        return tuple(have[run.name] for run in self.study.named(names) if run.name in have)

    @cached_property
    def replicates(self) -> tuple[Replicates, ...]:
        """The runs that differ in seed or draw alone, group by group."""
        return replicates_of(self.study.runs, [run.record for run in self.runs])

    @property
    def why_none(self) -> str | None:
        """Why no run is of use, and what to do; None where one is."""
        if any(run.record.stop_reason is not StopReason.DIVERGED for run in self.runs):
            return None
        n, of_penalty = len(self.runs), sum(run.record.penalty_diverges for run in self.runs)
        if of_penalty == 0:
            return "Every run diverged. Take a smaller learning rate."
        many = "" if of_penalty == n else f" in {of_penalty} of {n}"
        return (
            f"Every run diverged,{many} by the penalty alone: it makes the weights grow. "
            f"Take a smaller l2{'' if of_penalty == n else ' there'}, or a smaller learning "
            "rate."
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the runs that have not come to an end of their own."""
        done = {r.name for r in self.runs if r.record.stop_reason is not StopReason.INTERRUPTED}
        return tuple(run.name for run in self.study.runs if run.name not in done)
