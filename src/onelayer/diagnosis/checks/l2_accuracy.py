"""OL105: what a sweep over l2 does to the validation accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.statistics import difference_interval
from onelayer.diagnosis.sweeps import penalty_sweeps
from onelayer.diagnosis.words import percent, points
from onelayer.study import RunOutcome
from onelayer.words import listed


@dataclass(frozen=True)
class SweptRun:
    """One run of a sweep over λ, with the numbers of the weights that it keeps."""

    run: str
    l2: float
    train_accuracy: float | None
    val_accuracy: float
    val_loss: float | None


@dataclass(frozen=True)
class SweepAccuracies(Measurement):
    """What λ does to accuracy.

    Attributes
    ----------
    runs : tuple of SweptRun
        In falling order of λ.
    best, worst : str
        Runs' names.
    difference_interval : (float, float)
        Of 95%, of the difference of the best and the worst validation accuracy.
    tied_with_best : tuple of str
        Runs whose accuracy cannot be told from the best.
    """

    code: ClassVar[str] = "OL105"
    check: ClassVar[str] = "l2-accuracy"
    title: ClassVar[str] = "Validation accuracy that falls with λ"

    runs: tuple[SweptRun, ...]
    best: str
    worst: str
    difference_interval: tuple[float, float]
    tied_with_best: tuple[str, ...]


def look(context: Context) -> list[Finding]:
    """Report on each group of runs that differ in l2 alone."""
    return [_finding(runs) for runs in penalty_sweeps(context.outcome)]


def _accuracy_of(run: RunOutcome) -> float:
    assert run.record.final.val_accuracy is not None
    return run.record.final.val_accuracy


def _finding(runs: list[RunOutcome]) -> Finding:
    best_run, worst_run = max(runs, key=_accuracy_of), min(runs, key=_accuracy_of)
    best, worst = _accuracy_of(best_run), _accuracy_of(worst_run)
    n = best_run.record.n_validation
    low, high = difference_interval(best, n, worst, n)
    tied = [
        run
        for run in runs
        if run is not best_run and difference_interval(best, n, _accuracy_of(run), n)[0] <= 0
    ]
    statement = (
        f"Of {listed([run.name for run in runs])} the best validation accuracy of the weights that "
        f"are kept is {percent(best)}, with λ = {best_run.record.config.l2:g}; the worst "
        f"{percent(worst)}, with λ = {worst_run.record.config.l2:g}: {points(best - worst)} "
        f"apart, 95% interval {100 * low:.2f} to {100 * high:.2f}. "
    )
    if tied:
        values = listed([f"λ = {run.record.config.l2:g}" for run in tied])
        statement += f"On {n:,} validation examples the best cannot be told from {values}."
    else:
        statement += f"On {n:,} validation examples the best is ahead of every other."
    measurement = SweepAccuracies(
        tuple(
            SweptRun(
                run.name,
                run.record.config.l2,
                run.record.final.train_accuracy,
                _accuracy_of(run),
                run.record.final.val_loss,
            )
            for run in runs
        ),
        best_run.name,
        worst_run.name,
        (low, high),
        tuple(run.name for run in tied),
    )
    names = tuple(run.name for run in runs)
    return CHECK.found(names, statement, measurement, severity=Severity.INFO)


CHECK = Check(SweepAccuracies, look, "Read from the records of the runs.")
