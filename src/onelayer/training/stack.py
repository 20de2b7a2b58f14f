"""What the training loop asks of an engine: models that see the same batches, trained together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Scaling
from onelayer.model import Parameters, n_outputs
from onelayer.training.config import TrainConfig
from onelayer.training.schedule import Batches
from onelayer.training.weighting import ExampleWeights, Part, Rows

Meanwhile = Callable[[], None]
"""What the caller does while other threads work."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Models to be trained on the same data, in the same batches, with the same outputs.

    Attributes
    ----------
    train : Part
    validation : Part or None
        Without one there are no evaluations.
    scaling : Scaling
    n_outputs : int
    configs : tuple of TrainConfig
        They differ in learning rate, penalty and early stopping alone.
    initial : tuple of Parameters or None
        Where each model starts; None: from zeros.
    """

    train: Part
    validation: Part | None
    scaling: Scaling
    n_outputs: int
    configs: tuple[TrainConfig, ...]
    initial: tuple[Parameters | None, ...]

    @classmethod
    def of(
        cls,
        train: Dataset,
        validation: Dataset | None,
        configs: Sequence[TrainConfig],
        *,
        rows: Rows | None = None,
        validation_rows: Rows | None = None,
        weights: Sequence[ExampleWeights] | None = None,
        initial: Sequence[Parameters | None] | None = None,
    ) -> Problem:
        """Return the problem of configurations that share a stack; see `train_many`."""
        weights = weights or [ExampleWeights()] * len(configs)
        part = None
        if validation is not None:
            targets = validation.encode(train.classes)
            on_validation = [w.validation for w in weights]
            part = Part.of(validation.X, targets, validation_rows, on_validation)
        return cls(
            Part.of(train.X, train.targets, rows, [w.train for w in weights]),
            part,
            train.scaling,
            n_outputs(configs[0].model, train.n_classes),
            tuple(configs),
            tuple(initial or [None] * len(configs)),
        )

    @property
    def n_features(self) -> int:
        """Features of an example."""
        return int(self.train.X.shape[1])

    def start(self, model: int) -> Parameters:
        """Return the parameters that a model starts from, in the type of its configuration."""
        dtype, given = self.configs[model].dtype, self.initial[model]
        if given is None:
            return Parameters.zeros(self.n_features, self.n_outputs, dtype)
        return Parameters(np.array(given.weights, dtype), np.array(given.bias, dtype))


@dataclass(frozen=True)
class Metrics:
    """What an evaluation measures: mean validation loss, fractions right, the penalty's norm."""

    val_loss: float
    val_accuracy: float
    train_accuracy: float
    weight_norm: float


@dataclass(frozen=True, eq=False)
class Round:
    """What came of a round.

    Attributes
    ----------
    losses : (models, steps) float64 array
        Mean loss of each batch before its update.
    metrics : list of Metrics
        One a model, of its parameters before the round; empty if none were asked for.
    """

    losses: NDArray[np.float64]
    metrics: list[Metrics]


class Stack(Protocol):
    """An engine's state: the parameters of all models of a problem."""

    def round(
        self, models: Sequence[int], batches: Batches, *, evaluate: bool, meanwhile: Meanwhile
    ) -> Round:
        """Evaluate models as they are, and make a step on each batch; both may go on at once.

        `meanwhile` is called once, in the caller's thread, while others may already be at work.
        """

    def before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters before the last round."""

    def now(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""


class Team:
    """Threads that share a job until it is done; the caller is one of them."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(max(1, threads - 1), "onelayer")

    def __enter__(self) -> Team:
        """Return the team."""
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Let the threads go."""
        self._pool.shutdown()

    def run(self, job: Callable[[], None], meanwhile: Meanwhile) -> None:
        """Call the job once in every thread, in the caller's after ``meanwhile``; wait for all."""
        others = [self._pool.submit(job) for _ in range(self.threads - 1)]
        try:
            meanwhile()
            job()
        finally:
            for other in others:
                other.result()
