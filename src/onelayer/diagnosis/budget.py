"""What experiments cost, and how much they may.

Costs are counted in operations and not by a clock: what a diagnosis says does not depend on how
busy the machine was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from onelayer.data import Dataset
from onelayer.model import n_outputs
from onelayer.training import Schedule, TrainConfig

OPERATIONS_PER_SECOND = 3e10
"""What two cores of a modest machine make of models that share their passes over the data."""


class OverBudget(Exception):  # noqa: N818  (it is no error)
    """An experiment would cost more than is left."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.1f} s")
        self.seconds = seconds


@dataclass
class Budget:
    """Seconds that experiments may take, by the count of their operations.

    Attributes
    ----------
    seconds : float
    spent : float
    whole : Budget or None
        What this one is drawn on; then that has the limit.
    """

    seconds: float = math.inf
    spent: float = 0.0
    whole: Budget | None = None

    @property
    def left(self) -> float:
        """What may still be spent."""
        return self.seconds - self.spent if self.whole is None else self.whole.left

    def affords(self, seconds: float) -> bool:
        """Whether so much is left."""
        if self.whole is not None:
            return self.whole.affords(seconds)
        return self.spent + seconds <= self.seconds

    def take(self, seconds: float) -> None:
        """Spend so much.

        Raises
        ------
        OverBudget
            If it is not left.
        """
        if not self.affords(seconds):
            raise OverBudget(seconds)
        self.spent += seconds
        if self.whole is not None:
            self.whole.take(seconds)


def seconds_of_training(
    train: Dataset, validation: Dataset | None, configs: Sequence[TrainConfig]
) -> float:
    """Return what training takes: three products a step, and one an evaluation of validation."""
    operations = 0.0
    evaluated = 0 if validation is None else validation.n_examples
    for config in configs:
        schedule = Schedule.of(config, train.n_examples)
        size = 2 * train.n_features * n_outputs(config.model, train.n_classes)
        evaluations = 0 if validation is None else schedule.max_steps / schedule.evaluation_every
        operations += size * (3 * schedule.max_steps * schedule.batch_size)
        operations += size * evaluations * evaluated
    return operations / OPERATIONS_PER_SECOND


def seconds_of_passes(data: Dataset, outputs: int, passes: float) -> float:
    """Return what passes over examples take, a score and a gradient each."""
    return passes * 4 * data.n_examples * data.n_features * outputs / OPERATIONS_PER_SECOND
