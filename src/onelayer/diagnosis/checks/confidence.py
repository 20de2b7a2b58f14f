"""OL304: models that are surer than they are right, or less sure."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Curve, Exhibit, Lines
from onelayer.diagnosis.finding import Answer, Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.statistics import Calibration, ReliabilityBin, calibration
from onelayer.diagnosis.subjects.choices import candidates, grid_of
from onelayer.diagnosis.words import percent, points, span
from onelayer.study import RunOutcome

OVERCONFIDENT = 0.05
"""A model that is surer than it is right by this much misleads who relies on it."""

UNDERCONFIDENT = 0.10
"""A penalty makes models less sure on purpose, and errs on the safe side: more is let pass."""

NOTABLE = 0.02
"""From here on it is worth a word."""

LEAST_EXAMPLES = 100


@dataclass(frozen=True)
class Confidence(Measurement):
    """How confidence and accuracy compare, of the class that is predicted.

    Attributes
    ----------
    examples : int
    confidence : float
        The mean probability of the class that is predicted.
    accuracy : float
    gap : float
        The first less the second: above 0 overconfident.
    gap_interval : (float, float)
        Of 95%; it covers the gap over all examples of which the validation examples are a random
        sample.
    calibration_error : float
        The root mean squared difference of confidence and accuracy over bins of equal size, less
        what chance adds.
    calibration_error_interval : (float, float)
        Of 95%; it covers that error over all such examples.
    l2 : float
    bins : tuple of ReliabilityBin
        In rising order of confidence.
    """

    code: ClassVar[str] = "OL304"
    check: ClassVar[str] = "confidence"
    title: ClassVar[str] = "Confidence that differs from accuracy"

    examples: int
    confidence: float
    accuracy: float
    gap: float
    gap_interval: tuple[float, float]
    calibration_error: float
    calibration_error_interval: tuple[float, float]
    l2: float
    bins: tuple[ReliabilityBin, ...]

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return accuracy against confidence, bin by bin."""
        at = tuple(100 * each.confidence for each in self.bins)
        lines = (
            ("as confident as right", Curve(at, at)),
            ("this model", Curve(at, tuple(100 * each.accuracy for each in self.bins))),
        )
        caption = (
            f"Bins of about {self.bins[0].n if self.bins else 0:,} validation examples each; below "
            "the line the model is more confident than right."
        )
        axes = "mean probability of the predicted class (%)", "of them right (%)"
        return (Lines("Confidence and accuracy", caption, *axes, lines, dots=True),)


def look(context: Context) -> list[Finding]:
    """Report on each run, of a sweep on the one with the lowest validation loss.

    The others of a sweep were made for comparison, and nobody relies on them.
    """
    chosen: dict[Hashable, RunOutcome] = {}
    for run in (run for runs in candidates(context.outcome) for run in runs):
        best = chosen.setdefault(grid_of(run), run)
        if _loss(run) < _loss(best):
            chosen[grid_of(run)] = run
    names = {run.name for run in chosen.values()}
    return [_finding(context, run) for run in context.outcome.runs if run.name in names]


def _loss(run: RunOutcome) -> float:
    assert run.record.final.val_loss is not None
    return run.record.final.val_loss


def _finding(context: Context, run: RunOutcome) -> Finding:
    correct = context.correct(run)
    if len(correct) < LEAST_EXAMPLES:
        return CHECK.cant_tell(
            (run.name,),
            f"The run {run.called} has {len(correct)} validation examples; at least "
            f"{LEAST_EXAMPLES} are needed to compare its confidence with its accuracy.",
        )
    found = calibration(context.probabilities(run).max(axis=1), correct)
    measurement = Confidence(
        len(correct), found.confidence, found.accuracy, found.gap, found.gap_interval, found.error,
        found.error_interval, run.record.config.l2, found.bins,
    )  # fmt: skip
    low, high = found.gap_interval
    numbers = (
        f"its mean confidence is {percent(found.confidence)} and its accuracy "
        f"{percent(found.accuracy)} on {len(correct):,} validation examples, a difference of "
        f"{points(found.gap)} (95% interval {span((low, high))} on examples like "
        f"these); the calibration error, over {len(found.bins)} bins and less what chance adds, is "
        f"{found.error:.3f} (95% interval {found.error_interval[0]:.3f} to "
        f"{found.error_interval[1]:.3f})."
    )
    direction, severity = _judged(found)
    if direction is None:
        answer = _unclear_or_clear(found)
        if answer is Answer.CLEAR:
            said = f"The run {run.called} is about as sure as it is right: {numbers}"
            return CHECK.clear((run.name,), said, measurement)
        said = f"Whether the run {run.called} is as sure as it is right cannot be told: {numbers}"
        return CHECK.cant_tell((run.name,), said, measurement)
    return CHECK.found(
        (run.name,),
        f"The run {run.called} is {direction}: {numbers}",
        measurement,
        severity=severity,
        advice=_ADVICE[direction],
    )


_ADVICE = {
    "overconfident": "Take a larger λ or stop earlier, or do not read its probabilities as "
    "frequencies.",
    "underconfident": "Take a smaller λ or train longer, if its probabilities are read as "
    "frequencies; the classes that it predicts need not suffer.",
    "too sure of some examples and not sure enough of others": "Do not read its probabilities as "
    "frequencies; the bins show where they differ.",
}


def _judged(found: Calibration) -> tuple[str | None, Severity]:
    """Return what is the matter, and how much it should worry."""
    low, high = found.gap_interval
    if low > NOTABLE:
        return "overconfident", Severity.WARNING if low > OVERCONFIDENT else Severity.INFO
    if high < -NOTABLE:
        return "underconfident", Severity.WARNING if high < -UNDERCONFIDENT else Severity.INFO
    error = found.error_interval[0]
    if error > OVERCONFIDENT:
        severe = Severity.WARNING if error > UNDERCONFIDENT else Severity.INFO
        return "too sure of some examples and not sure enough of others", severe
    return None, Severity.INFO


def _unclear_or_clear(found: Calibration) -> Answer:
    """Return whether an error of a size that matters is ruled out."""
    low, high = found.gap_interval
    is_small = high <= OVERCONFIDENT and low >= -UNDERCONFIDENT
    return Answer.CLEAR if is_small else Answer.CANT_TELL


CHECK = Check(
    Confidence,
    look,
    "Calibration in the large by a score interval, and the calibration error over bins of equal "
    "size without its bias (Kumar et al., 2019).",
    ("the validation examples are a random sample of those that the model is for",),
)
