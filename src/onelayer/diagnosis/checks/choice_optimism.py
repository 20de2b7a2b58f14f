"""OL303: a run is chosen by the examples that also give its accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Exhibit, Span, Spans
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.statistics import choice_optimism
from onelayer.diagnosis.subjects.choices import candidates, most_accurate, val_accuracy
from onelayer.diagnosis.words import count, number, percent, points, span
from onelayer.study import RunOutcome

MATTERS = 0.01
"""Accuracies are too good by so much that it should be said beside them."""

SHOWN = 0.0005
"""Less than half of the last digit that is shown of an accuracy is as good as nothing."""

LEAST_EXAMPLES = 40


@dataclass(frozen=True)
class ChoiceOptimism(Measurement):
    """How much too good the best of several runs looks on the examples that chose it.

    Attributes
    ----------
    examples : int
    runs : int
        How many there were to choose from.
    picked : str
        The one with the highest validation accuracy.
    val_accuracy : float
        Its own.
    optimism : float or None
        By how much the accuracy of a run that is chosen so is too high, in the mean over such
        choices; None of one run.
    interval : (float, float) or None
        Of 95%; it covers that mean.
    stopped_early : int
        How many of the runs were stopped by the loss on these examples.
    """

    code: ClassVar[str] = "OL303"
    check: ClassVar[str] = "choice-optimism"
    title: ClassVar[str] = "An accuracy that its own choice makes too good"

    examples: int
    runs: int
    picked: str
    val_accuracy: float
    optimism: float | None
    interval: tuple[float, float] | None
    stopped_early: int

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the accuracy as it looks, and without what the choice adds."""
        if self.optimism is None or self.interval is None:
            return ()
        low, high = self.interval
        acc = self.val_accuracy
        rows = (
            Span.of("on the examples that chose it", acc),
            Span.of("less what the choice adds", acc - self.optimism, (acc - high, acc - low)),
        )
        caption = (
            f"The best of {count(self.runs, 'run')} on {count(self.examples, 'example')}; the "
            "interval, of 95%, covers the mean over such choices."
        )
        return (Spans("What choosing adds", caption, "accuracy (%)", rows),)


def look(context: Context) -> list[Finding]:
    """Report on what was chosen on each set of validation examples."""
    findings = []
    for runs in candidates(context.outcome):
        stopped = [run for run in runs if run.record.config.early_stopping is not None]
        if len(runs) > 1:
            findings.append(_of_several(context, runs, len(stopped)))
        elif stopped:
            findings.append(_of_one(context, runs[0]))
    return findings


def _of_one(context: Context, run: RunOutcome) -> Finding:
    n = len(context.correct(run))
    statement = (
        f"Early stopping chose the step of {run.called} by the loss on the {n:,} validation "
        "examples "
        f"that also give its accuracy, {percent(val_accuracy(run))}. That is a choice of one "
        f"number, for which the validation loss is too low by about 1/n = {number(1 / n)}."
    )
    measurement = ChoiceOptimism(n, 1, run.name, val_accuracy(run), None, None, 1)
    return CHECK.clear((run.name,), statement, measurement)


def _of_several(context: Context, runs: list[RunOutcome], stopped: int) -> Finding:
    names, picked = tuple(run.name for run in runs), most_accurate(runs)
    correct = [context.correct(run) for run in runs]
    n = len(correct[0])
    if n < LEAST_EXAMPLES:
        return CHECK.cant_tell(
            names,
            f"{count(n, 'validation example')} are too few to say how much too good the best of "
            f"{len(runs)} runs looks; at least {LEAST_EXAMPLES} are needed.",
        )
    found = choice_optimism(correct)
    low, high = found.interval
    measurement = ChoiceOptimism(
        n, len(runs), picked.name, val_accuracy(picked), found.estimate, found.interval, stopped
    )
    statement = (
        f"The best of {count(len(runs), 'run')} by the accuracy on {n:,} validation examples is "
        f"{picked.called}, with {percent(val_accuracy(picked))}. An accuracy that was chosen so is "
        f"too high by about {points(found.estimate)}, in the mean over such choices (95% interval "
        f"{span(found.interval)})"
    )
    advice = (
        "Report its accuracy on examples that chose nothing, such as a test part "
        "(onelayer evaluate)."
    )
    if low > MATTERS:
        return CHECK.found(names, f"{statement}.", measurement, advice=advice)
    if low > SHOWN:
        return CHECK.found(
            names, f"{statement}.", measurement, severity=Severity.INFO, advice=advice
        )  # fmt: skip
    if high <= MATTERS:
        return CHECK.clear(names, f"{statement}: if at all, by little.", measurement)
    return CHECK.cant_tell(names, f"{statement}.", measurement, advice=advice)


CHECK = Check(
    ChoiceOptimism,
    look,
    "The validation examples are split in halves many times: one half chooses, the other reports.",
    (
        "the run was chosen among these by its validation accuracy",
        "the validation examples are a random sample",
    ),
    covers="95%, for the mean over such choices over all examples of which the validation examples "
    "are a random sample",
)
