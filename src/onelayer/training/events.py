"""What happens in training, as a stream of values: progress, records and folders follow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.training.history import Evaluation
from onelayer.training.result import TrainResult
from onelayer.training.schedule import Schedule


@dataclass(frozen=True)
class Began:
    """A run begins, or goes on from `step`."""

    run: int
    schedule: Schedule
    step: int


@dataclass(frozen=True)
class Searched:
    """A pass of the search for the minimum of a run's objective, before the run begins.

    `bound` is that on what is left, as a share of the objective.
    """

    run: int
    passes: int
    bound: float


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps were made: their number before these, and the mean loss of each batch."""

    run: int
    first: int
    losses: NDArray[np.float64]


@dataclass(frozen=True)
class Evaluated:
    """A run was evaluated."""

    run: int
    evaluation: Evaluation


@dataclass(frozen=True, eq=False)
class Ended:
    """A run has come to an end."""

    run: int
    result: TrainResult


Event = Searched | Began | Steps | Evaluated | Ended
"""`run` is the number of the configuration. They come in the thread of whoever called training: for
each run `Searched`, if it asks for a minimum, `Began`, then `Steps` and `Evaluated` in the order of
the steps, and last `Ended`."""

Listener = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Listen to nothing."""
