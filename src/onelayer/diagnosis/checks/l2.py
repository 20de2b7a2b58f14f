"""OL105: what a sweep over l2 does to accuracy. OL106: what it does to the norm."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.statistics import difference_interval
from onelayer.diagnosis.words import number, percent, points
from onelayer.study import Outcome, RunOutcome, StudyData
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

    runs: tuple[SweptRun, ...]
    best: str
    worst: str
    difference_interval: tuple[float, float]
    tied_with_best: tuple[str, ...]


@dataclass(frozen=True)
class NormPoint:
    """The norm of the weights that one run of a sweep keeps."""

    run: str
    l2: float
    weight_norm: Number


@dataclass(frozen=True)
class SweepNorms(Measurement):
    """What λ does to the norm of the weights.

    Attributes
    ----------
    points : tuple of NormPoint
        In falling order of λ.
    loglog_slope : float
        Of the norm over λ on two logarithmic axes, by least squares; −1 is inverse proportion.
    local_slopes : tuple of float
        From one λ to the next smaller one.
    steepest_local_slope : float
    """

    code: ClassVar[str] = "OL106"
    check: ClassVar[str] = "weight-norm"

    points: tuple[NormPoint, ...]
    loglog_slope: Number
    local_slopes: tuple[Number, ...]
    steepest_local_slope: Number


def check(outcome: Outcome, _data: StudyData) -> list[Finding]:
    """Report on each group of runs that differ in l2 alone."""
    findings = []
    for runs in _sweeps(outcome):
        findings.append(_accuracy(runs))
        have_logarithms = [
            r for r in runs if r.record.config.l2 > 0 and r.record.final.weight_norm > 0
        ]
        findings.append(_norm(have_logarithms, runs))
    return findings


def _sweeps(outcome: Outcome) -> list[list[RunOutcome]]:
    """Return the groups, each in falling order of l2, of the runs that came to an end.

    Of runs with the same l2, which have the same bits, the first stands for all.
    """
    groups: dict[object, dict[float, RunOutcome]] = defaultdict(dict)
    for run in outcome.runs:
        if run.record.stop_reason.is_planned and run.record.final.val_accuracy is not None:
            rest = run.record.config.model_copy(update={"l2": 0.0}).model_dump_json()
            groups[run.run.classes, rest].setdefault(run.record.config.l2, run)
    return [
        [runs[l2] for l2 in sorted(runs, reverse=True)] for runs in groups.values() if len(runs) > 1
    ]


def _accuracy_of(run: RunOutcome) -> float:
    assert run.record.final.val_accuracy is not None
    return run.record.final.val_accuracy


def _accuracy(runs: list[RunOutcome]) -> Finding:
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
    return Finding(SweepAccuracies, names, Severity.INFO, statement, measurement)


def _norm(penalized: list[RunOutcome], runs: list[RunOutcome]) -> Finding:
    names = tuple(run.name for run in runs)
    if len(penalized) < 3:
        statement = (
            f"Of {listed(names)} too few have a norm above zero at a λ above zero to say how the "
            "norm depends on λ: at least three are needed."
        )
        return Finding(SweepNorms, names, Severity.NOT_APPLICABLE, statement)

    l2 = np.array([run.record.config.l2 for run in penalized])
    norms = np.array([run.record.final.weight_norm for run in penalized])
    local = np.diff(np.log(norms)) / np.diff(np.log(l2))
    slope = float(np.polyfit(np.log(l2), np.log(norms), 1)[0])
    steepest = float(local[np.argmax(np.abs(local))])
    statement = (
        f"Of {listed([run.name for run in penalized])}: from "
        f"λ = {l2[-1]:g} to λ = {l2[0]:g} the norm goes from {number(norms[-1])} to "
        f"{number(norms[0])}. Were it inversely proportional to λ, each tenfold λ would divide it "
        f"by 10, a slope of −1 on two logarithmic axes. The slope measured is "
        f"{slope:.2f} over all, between {local.max():.2f} and {local.min():.2f} from one value to "
        f"the next. {_proportional(slope, local)}"
    ).replace(" -", " −")
    measurement = SweepNorms(
        tuple(
            NormPoint(run.name, run.record.config.l2, run.record.final.weight_norm) for run in runs
        ),
        slope,
        tuple(local.tolist()),
        steepest,
    )
    return Finding(SweepNorms, names, Severity.INFO, statement, measurement)


def _proportional(slope: float, local: np.ndarray) -> str:
    if np.all(np.abs(local + 1) < 0.1):
        return "So the norm is inversely proportional to λ over this range."
    if np.all(local < 0):
        tenfold = 10 ** (-slope)
        return (
            "So the norm falls as λ grows, but it is not inversely proportional to it: a tenfold λ "
            f"divides it by {tenfold:.2g} on average."
        )
    return "So the norm does not even fall throughout, let alone in inverse proportion."
