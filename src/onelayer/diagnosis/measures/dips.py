"""How the validation accuracy falls within epochs, and why: the numbers of OL102."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from onelayer.data.labels import Label
from onelayer.diagnosis.exhibits import Exhibit, Span, Spans, unpacked
from onelayer.diagnosis.experiments.interventions import Intervention
from onelayer.diagnosis.measurement import Measurement, Number

Verdict = Literal["order", "composition", "examples"]


@dataclass(frozen=True)
class BatchExample:
    """One example of the batch.

    Attributes
    ----------
    row : int
        Its number among the training examples of the run's classes.
    label : int or str
    loss : float
        Before the steps on the batch, mean over several epochs.
    harm : float
        How much higher the validation loss is after such a step than had the example counted 0.
    """

    row: int
    label: Label
    loss: float
    harm: float


@dataclass(frozen=True)
class BatchNumbers:
    """What is in one batch of the epoch, and its gradient.

    All batches are looked at with the same weights, those before a step on the one behind the dips.

    Attributes
    ----------
    batch : int
    class_counts : tuple of int
        Examples of each class in it.
    loss : float
        Mean loss of its examples.
    gradient_norm : float
        Of the loss on it.
    gradient_cosine : float
        Between its gradient and that of all other examples.
    """

    batch: int
    class_counts: tuple[int, ...]
    loss: float
    gradient_norm: float
    gradient_cosine: float


@dataclass(frozen=True)
class OpenedBatch:
    """The examples of one batch right before a step on it, the most harmful first.

    Attributes
    ----------
    batch : int
    rows : tuple of int
        As `BatchExample` has them, as are the next three.
    labels : tuple of label
    losses, harms : tuple of float
    pixels : str or None
        Of images: a byte a value, one image after the other, each as its features lie, deflated
        and in base64 (RFC 1950, RFC 4648). 0 is the lowest value of all opened batches and 255 the
        highest; bytes are those of the data. It may hold fewer images than there are rows.
    """

    batch: int
    rows: tuple[int, ...]
    labels: tuple[Label, ...]
    losses: tuple[float, ...]
    harms: tuple[float, ...]
    pixels: str | None = None

    def images(self, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Return the images, (images, *shape); none where there are no pixels."""
        if self.pixels is None:
            return np.empty((0, *shape), np.uint8)
        return unpacked(self.pixels, shape)


@dataclass(frozen=True)
class Culprit:
    """The batch after whose update the accuracy falls deepest.

    Attributes
    ----------
    fall, standard_error : float
        Mean over the epochs of how far the accuracy lies below the epoch's median, and its error.
    class_counts : tuple of int
        Examples of each class in it.
    other_class_counts : tuple of float
        The mean over the other batches.
    loss, other_loss : float
        Mean loss of its examples right before a step on it, and of the others'.
    gradient_norm, other_gradient_norm : float
        Of the loss on it, and the median over the other batches, at the same weights.
    gradient_cosine : float
        Between its gradient and that of all other examples: below 0 they pull apart.
    examples : tuple of BatchExample
        The most harmful ones.
    carried_by : int or None
        The fewest of its most harmful examples (of 1, 2, 5, 10, 20, 40) without which more than
        half of the depth is gone; None if it takes more.
    """

    fall: float
    standard_error: float
    class_counts: tuple[int, ...]
    other_class_counts: tuple[float, ...]
    loss: float
    other_loss: float
    gradient_norm: float
    other_gradient_norm: float
    gradient_cosine: float
    examples: tuple[BatchExample, ...]
    carried_by: int | None


@dataclass(frozen=True)
class AccuracyDips(Measurement):
    """How the validation accuracy falls within the epochs of a run, and why.

    Attributes
    ----------
    order : str
        The run's law of order.
    epochs : int
        Of the replay; the first is left out of all means.
    same_bits : bool
        Whether the replay came to every number that the run recorded.
    batches_per_epoch : int
    evaluation_every : int
        Steps from one evaluation of the run to the next.
    evaluation_meets_batch_every : int
        Steps from one evaluation right after a given batch to the next such one.
    largest_fall : float
        The largest, over the places in the epoch, of the mean fall below the epoch's median.
    stands_out : float
        How many standard deviations the mean validation loss after one batch, above its epoch's
        median, or its mean rise in the step on it, lies above that of the middle one of all
        batches: the largest. Where neither singles one out, also the rise in a step on each batch
        from the same weights. The standard deviation is that of the places up to the upper
        quartile, or twice that of the places from the lower one on, if that is less.
    batch : int or None
        That batch, counted from 0 in the epoch, where the accuracy falls after it.
    p_value : float
        That some place in the epoch has such falls by chance.
    culprit : Culprit or None
        Where dips were found.
    interventions : tuple of Intervention
        Runs of the same length: as it was, another sequence, shuffled once, shuffled in each epoch,
        without the batch, without some of its examples.
    batches : tuple of BatchNumbers
        Of an epoch, in their order; where there are many, those with the deepest falls.
    opened : tuple of OpenedBatch
        The one behind the dips first, the two with the next deepest falls, and a typical one.
    tried_epochs : int
        Their length.
    rise : float
        How far the validation loss lies above its epoch's median after the batch that stands out
        most, as a share of the loss.
    lag : int
        How many steps after the batch the validation loss is highest, and the fall is taken: under
        momentum, or at a high rate, its effect goes on.
    falls, fall_errors : tuple of float
        Mean over the epochs of the fall after each batch, and its standard error.
    accuracies : tuple of float
        After every step of the replay.
    verdict : str or None
        "order": the dips need the sequence of the batches; "composition": they need what lies
        together in a batch; "examples": they come wherever the examples are.
    """

    code: ClassVar[str] = "OL102"
    check: ClassVar[str] = "dips"
    title: ClassVar[str] = "Sharp dips of the validation accuracy"

    order: str
    epochs: int
    same_bits: bool
    batches_per_epoch: int
    evaluation_every: int
    evaluation_meets_batch_every: int
    largest_fall: float
    stands_out: float
    batch: int | None
    p_value: float
    culprit: Culprit | None = None
    interventions: tuple[Intervention, ...] = ()
    tried_epochs: int = 0
    lag: int = 0
    rise: Number = 0.0
    falls: tuple[float, ...] = ()
    fall_errors: tuple[float, ...] = ()
    accuracies: tuple[float, ...] = ()
    verdict: Verdict | None = None
    batches: tuple[BatchNumbers, ...] = ()
    opened: tuple[OpenedBatch, ...] = ()

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return what becomes of the fall with each change."""
        rows = tuple(
            Span.of(each.change, each.fall, (each.fall - 2 * each.standard_error,
                                             each.fall + 2 * each.standard_error))
            for each in self.interventions
        )  # fmt: skip
        if not rows:
            return ()
        caption = (
            f"Runs of {self.tried_epochs} epochs, each with one thing changed: how far the "
            f"accuracy falls after batch {self.batch}, with two standard errors over the epochs. "
            "What lies at 0 has removed the dips."
        )
        axis = "fall of the validation accuracy (percentage points)"
        return (Spans("What removes the dips", caption, axis, rows, 0.0),)
