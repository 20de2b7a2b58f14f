"""OL106: what a sweep over l2 does to the norm of the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.sweeps import penalty_sweeps
from onelayer.diagnosis.words import number
from onelayer.study import RunOutcome
from onelayer.words import listed


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
    title: ClassVar[str] = "A norm in inverse proportion to λ"

    points: tuple[NormPoint, ...]
    loglog_slope: Number
    local_slopes: tuple[Number, ...]
    steepest_local_slope: Number


def look(context: Context) -> list[Finding]:
    """Report on each group of runs that differ in l2 alone."""
    findings = []
    for runs in penalty_sweeps(context.outcome):
        have_logarithms = [
            r for r in runs if r.record.config.l2 > 0 and r.record.final.weight_norm > 0
        ]
        findings.append(_finding(have_logarithms, runs))
    return findings


def _finding(penalized: list[RunOutcome], runs: list[RunOutcome]) -> Finding:
    names = tuple(run.name for run in runs)
    if len(penalized) < 3:
        statement = (
            f"Of {listed(names)} too few have a norm above zero at a λ above zero to say how the "
            "norm depends on λ: at least three are needed."
        )
        return CHECK.not_applicable(names, statement)

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
    return CHECK.found(names, statement, measurement, severity=Severity.INFO)


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


CHECK = Check(SweepNorms, look, "Read from the records of the runs.")
