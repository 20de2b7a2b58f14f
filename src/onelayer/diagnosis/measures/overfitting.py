"""Gap, harm and direction: the numbers of OL103."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from onelayer.diagnosis.exhibits import Exhibit, Span, Spans
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.words import points

RISE = 0.01
"""A validation loss that ends this share above its lowest has risen."""


@dataclass(frozen=True)
class Gap:
    """What a difference in accuracy between training and validation examples is made of.

    Attributes
    ----------
    train_accuracy, val_accuracy : float
        Of the weights that are kept.
    val_interval : (float, float)
        Wilson's, of 95%: it covers the accuracy on examples like those of validation.
    memory : float
        Accuracy on the training examples less that on a fifth of them that a second run, with the
        same batches but for these, was not trained on.
    memory_interval : (float, float)
        Of 95%, of the difference of independent proportions (Newcombe's method 10).
    parts : float
        The second run's accuracy on that fifth less that on the validation examples: neither was
        trained on, so this is how much harder the validation examples are.
    parts_interval : (float, float)
        Likewise.
    """

    train_accuracy: float
    val_accuracy: float
    val_interval: tuple[float, float]
    memory: float
    memory_interval: tuple[float, float]
    parts: float
    parts_interval: tuple[float, float]


@dataclass(frozen=True)
class AtMinimum:
    """The minimum of a run's objective beside the lowest validation loss that the run had.

    Attributes
    ----------
    certified : bool
        Whether it is known to be the minimum.
    val_loss, val_accuracy, train_accuracy : float
    rise : float
        How far its validation loss lies above the run's lowest, as a share of that.
    against_end : (float, float)
        Of 95%: its validation loss less that of the weights that are kept, mean over the same
        examples.
    """

    certified: bool
    val_loss: Number
    val_accuracy: float
    train_accuracy: float
    rise: Number
    against_end: tuple[Number, Number]


@dataclass(frozen=True)
class OtherSeeds:
    """The same run with other seeds: where it ends beside where it was lowest.

    Attributes
    ----------
    seeds : int
    step : int
        About which the validation loss was lowest, in the mean over this run and yet other seeds.
    rise : float
        How far the loss over the last fifth of the evaluations lies above that about this step,
        mean over the seeds, as a share of it.
    interval : (float, float)
        Of 95%: it covers the mean over all seeds, on these validation examples.
    """

    seeds: int
    step: int
    rise: Number
    interval: tuple[Number, Number]

    @property
    def rose(self) -> bool:
        """Whether they rise, for sure and by a size that matters."""
        return self.rise > RISE and self.interval[0] > 0


@dataclass(frozen=True)
class Overfitting(Measurement):
    """Whether training did harm, what the gap is made of, and where the validation loss was going.

    Attributes
    ----------
    gap : Gap
    val_loss_slope_per_epoch : float
        Theil and Sen's, over the last fifth of the evaluations; over all after the lowest, where
        that alone rises.
    val_loss_slope_interval : (float, float)
        Of 99%; it allows for the correlation of neighbouring evaluations.
    tail_evaluations : int
        How many evaluations the slope is over.
    lowest_step : int
        The step of the lowest validation loss.
    rise_above_lowest : float
        How far above the lowest the end lies, as a share of it; not finite where the lowest is 0
        and the end is not.
    minimum : AtMinimum or None
        Where the run would end if it went on for ever; None where that was not found.
    other_seeds : OtherSeeds or None
        None where the run's own trend told, or other seeds were not tried.
    """

    code: ClassVar[str] = "OL103"
    check: ClassVar[str] = "overfitting"
    title: ClassVar[str] = "Overfitting"

    gap: Gap
    val_loss_slope_per_epoch: Number
    val_loss_slope_interval: tuple[Number, Number]
    tail_evaluations: int
    lowest_step: int
    rise_above_lowest: Number
    minimum: AtMinimum | None = None
    other_seeds: OtherSeeds | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return what the gap is made of."""
        gap = self.gap
        whole = gap.train_accuracy - gap.val_accuracy
        rows = (
            Span("training less validation", 100 * whole),
            Span("of it memory", 100 * gap.memory, *_points(gap.memory_interval)),
            Span("of it parts that differ", 100 * gap.parts, *_points(gap.parts_interval)),
        )
        caption = (
            f"The gap is {points(whole)}. Memory, {points(gap.memory)}, is what the model knows "
            "better of training examples than of others of the same kind, and parts that "
            "differ are the rest; intervals of 95%."
        )
        axis = "difference of accuracies (percentage points)"
        return (Spans("What the gap is made of", caption, axis, rows, 0.0),)


def _points(interval: tuple[float, float]) -> tuple[float, float]:
    return 100 * interval[0], 100 * interval[1]
