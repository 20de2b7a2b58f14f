"""What a sweep over l2 does to accuracy: the numbers of OL105."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from onelayer.diagnosis.exhibits import MOST_ROWS, Exhibit, Span, Spans
from onelayer.diagnosis.measurement import Measurement


@dataclass(frozen=True)
class Minimum:
    """What the minimum of a run's objective has right, and the run's end beside it.

    Attributes
    ----------
    reason : str
        How the search ended; the numbers are those of the minimum where it is "certified".
    train_accuracy, val_accuracy : float
    shortfall : float
        The validation accuracy of the minimum less that of the weights that the run keeps.
    shortfall_interval : (float, float)
        Of 95%, over all examples like these; paired by example.
    way : float
        How much of the way from zero to the minimum the kept weights have come: 1 has arrived.
    """

    reason: str
    train_accuracy: float
    val_accuracy: float
    shortfall: float
    shortfall_interval: tuple[float, float]
    way: float


@dataclass(frozen=True)
class SweptRun:
    """One run of a sweep over λ: the weights that it keeps, and the minimum of its objective.

    Attributes
    ----------
    run : str
    l2 : float
    train_accuracy, val_accuracy, val_loss : float or None
        Of the weights that it keeps.
    settled_accuracy, noise : float or None
        Mean of its last validation accuracies, and their standard deviation from evaluation to
        evaluation; None where there are too few.
    minimum : Minimum or None
        None where it was not sought.
    """

    run: str
    l2: float
    train_accuracy: float | None
    val_accuracy: float
    val_loss: float | None
    settled_accuracy: float | None
    noise: float | None
    minimum: Minimum | None

    @property
    def certified(self) -> Minimum | None:
        """The minimum, where it is known to be one."""
        found = self.minimum
        return found if found is not None and found.reason == "certified" else None


@dataclass(frozen=True)
class LessPenalty:
    """From one λ of a sweep to a smaller one: what becomes of the validation accuracy.

    The change at the ends of the runs is the sum of three: that at the minimum, that of what
    training lacks (the runs' last evaluations against the minimum), and that of the noise of the
    steps (the very end against the last evaluations).

    Attributes
    ----------
    l2, smaller : float
    at_end, at_minimum, training, noise : float
    at_end_interval, at_minimum_interval : (float, float)
        Of 95%, over all examples like these; paired by example.
    train_at_minimum : float
        The change of the training accuracy.
    train_at_minimum_interval : (float, float)
        Of 95%, likewise.
    p_value : float
        Of no change at the minimum; corrected for the several of the sweep (Holm).
    """

    l2: float
    smaller: float
    at_end: float
    at_end_interval: tuple[float, float]
    at_minimum: float
    at_minimum_interval: tuple[float, float]
    training: float
    noise: float
    train_at_minimum: float
    train_at_minimum_interval: tuple[float, float]
    p_value: float


@dataclass(frozen=True)
class AgainstLeast:
    """The validation accuracy with a λ less that with the least one, on the same examples.

    Attributes
    ----------
    l2, least : float
    where : "end" or "minimum"
        Of both runs: the weights that they keep, or those at the minima of their objectives.
    difference : float
    interval : (float, float)
        Of 95%, over all examples like these; paired by example.
    """

    l2: float
    least: float
    where: Literal["end", "minimum"]
    difference: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class SweepAccuracies(Measurement):
    """What λ does to accuracy.

    Attributes
    ----------
    runs : tuple of SweptRun
        In falling order of λ.
    steps : tuple of LessPenalty
        From each λ whose minimum is certified to the next smaller.
    from_largest : tuple of LessPenalty
        From the largest λ whose minimum is certified to each smaller.
    best : str
        The run with the best validation accuracy of kept weights; picked by looking.
    may_be_best : tuple of str
        Runs among which the truly best is, with 95% confidence over examples like these.
    best_minimum : str
        The run whose minimum has the best validation accuracy; empty if none is certified.
    minima_that_may_be_best : tuple of str
    against_least : tuple of AgainstLeast
        Of the ends of the runs, λ = 0 included, and of the minima that are certified.
    """

    code: ClassVar[str] = "OL105"
    check: ClassVar[str] = "l2-accuracy"
    title: ClassVar[str] = "Validation accuracy that falls with λ"

    runs: tuple[SweptRun, ...]
    steps: tuple[LessPenalty, ...]
    from_largest: tuple[LessPenalty, ...]
    best: str
    may_be_best: tuple[str, ...]
    best_minimum: str
    minima_that_may_be_best: tuple[str, ...]
    against_least: tuple[AgainstLeast, ...] = ()

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return each accuracy less that with the least λ, at the ends and at the minima."""
        rows = tuple(
            Span.of(f"λ = {each.l2:g}, {'at the end' if each.where == 'end' else 'at the minimum'}",
                    each.difference, each.interval)
            for each in self.against_least
        )[:MOST_ROWS]  # fmt: skip
        if not rows:
            return ()
        least = min(each.least for each in self.against_least)
        caption = (
            f"Validation accuracy less that with λ = {least:g}, on the same examples; intervals of "
            "95%. Left of 0 the larger λ costs accuracy."
        )
        axis = "difference of validation accuracies (percentage points)"
        return (Spans("Accuracy against the least λ", caption, axis, rows, 0.0),)
