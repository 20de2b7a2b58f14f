"""How much a run's curves jump, and what that depends on: the numbers of OL108."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from onelayer.diagnosis.exhibits import Bars, Exhibit, Span, Spans
from onelayer.diagnosis.measurement import Measurement, Number

FACTOR = 4
"""By which the batch is made larger, and the rate smaller."""

Change = Literal["batch", "rate", "slow", "order", "classes", "mean", "bias"]

STEPS: tuple[Change, ...] = ("batch", "rate", "slow")
"""Changes that lessen all noise of steps, whatever its cause."""

CHANGED: dict[Change, str] = {
    "batch": f"batches {FACTOR} times as large",
    "rate": f"a learning rate {FACTOR} times smaller",
    "slow": f"a learning rate {FACTOR**2} times smaller",
    "order": "a new order in each epoch",
    "classes": "each class equally often in all batches",
    "mean": "centred features",
    "bias": "no penalty on the bias",
}


@dataclass(frozen=True)
class Variant:
    """A run that goes on with one thing changed.

    Attributes
    ----------
    change : str
        "batch": four times as large; "rate": a quarter; "slow": a sixteenth of the rate; "order":
        a new one in each epoch; "classes": equal counts of each class in all batches; "mean":
        features centred; "bias": not penalized.
    noise : float
        Standard deviation of the validation accuracy from evaluation to evaluation.
    ratio : float
        Of this to that of the run that went on unchanged.
    ratio_interval : (float, float)
        Of 95%, over other orders of the examples.
    """

    change: Change
    noise: float
    ratio: float
    ratio_interval: tuple[float, float]


@dataclass(frozen=True)
class CurveNoise(Measurement):
    """How much a run's curves jump, and what that depends on.

    Attributes
    ----------
    evaluations : int
        How many at the end of the run it is over.
    accuracy_noise, loss_noise : float
        Standard deviation of the validation accuracy and loss from evaluation to evaluation, about
        any trend.
    val_accuracy : float
        Their mean.
    sampling_error : float
        The binomial standard error of that accuracy, by the number of validation examples.
    control_noise : float or None
        That of the accuracy of a run that goes on unchanged; None where none was made.
    variants : tuple of Variant
        Runs that go on with one thing changed.
    causes : tuple of str
        The changes that remove the noise, those that remove most first; then those of the batch and
        the rate, if they lessen it.
    mean_share : float or None
        ‖mean x‖² over the mean ‖x‖²: 0 for centred features.
    margin : float or None
        Half of the validation examples have their two largest scores within this; None for models
        of one output.
    """

    code: ClassVar[str] = "OL108"
    check: ClassVar[str] = "step-noise"
    title: ClassVar[str] = "Noise from step to step in the curves"

    evaluations: int
    accuracy_noise: float
    loss_noise: Number
    val_accuracy: float
    sampling_error: float
    control_noise: Number | None = None
    variants: tuple[Variant, ...] = ()
    causes: tuple[Change, ...] = ()
    mean_share: float | None = None
    margin: float | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return how much of the noise each change leaves; untried, the noise itself."""
        if not self.variants:
            rows = (
                ("from evaluation to evaluation", "", 100 * self.accuracy_noise),
                ("from the number of examples", "", 100 * self.sampling_error),
            )
            caption = f"Over the last {self.evaluations} evaluations."
            axis = "standard deviation of the accuracy (percentage points)"
            return (Bars("Noise of the validation accuracy", caption, axis, rows),)
        spans = tuple(
            Span.of(CHANGED[v.change], v.ratio, v.ratio_interval)
            for v in sorted(self.variants, key=lambda v: v.ratio)
        )
        caption = (
            "Runs that go on from the same weights with one thing changed: what is left of the "
            "noise of the validation accuracy; intervals of 95% over other orders."
        )
        return (Spans("What removes the noise", caption, "noise left (%)", spans, 100.0),)
