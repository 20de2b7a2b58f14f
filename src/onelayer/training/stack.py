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

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Problem:
    """Models to be trained on the same data, in the same batches, with the same outputs.

    Attributes
    ----------
    X, targets, validation_X, validation_targets : arrays
        Stored values, (n, n_features), and class indices, (n,).
    scaling : Scaling
    n_outputs : int
    configs : tuple of TrainConfig
        They differ in learning rate, penalty and early stopping alone.
    """

    X: NDArray[np.generic]
    targets: NDArray[np.int32]
    validation_X: NDArray[np.generic]
    validation_targets: NDArray[np.int32]
    scaling: Scaling
    n_outputs: int
    configs: tuple[TrainConfig, ...]

    @classmethod
    def of(cls, train: Dataset, validation: Dataset, configs: Sequence[TrainConfig]) -> Problem:
        """Return the problem of configurations that share a stack."""
        return cls(
            train.X,
            train.targets,
            validation.X,
            validation.encode(train.classes),
            train.scaling,
            n_outputs(configs[0].model, train.n_classes),
            tuple(configs),
        )

    @property
    def n_features(self) -> int:
        """Features of an example."""
        return int(self.X.shape[1])


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

    def round(self, models: Sequence[int], batches: Sequence[Rows], *, evaluate: bool) -> Round:
        """Evaluate models as they are, and make a step on each batch; both may go on at once."""

    def before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters before the last round."""

    def now(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""


class Team:
    """Threads that do the same job until it is done; the caller is one of them."""

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

    def run(self, job: Callable[[], None]) -> None:
        """Call the job once in every thread, and wait for all."""
        others = [self._pool.submit(job) for _ in range(self.threads - 1)]
        try:
            job()
        finally:
            for other in others:
                other.result()
