"""Mini-batch gradient descent."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from onelayer.data import Dataset, epoch_order
from onelayer.errors import InputError
from onelayer.model import Parameters, n_outputs
from onelayer.training.config import TrainConfig
from onelayer.training.history import Evaluation, History
from onelayer.training.interrupt import stop_on_interrupt
from onelayer.training.kernels import reference
from onelayer.training.result import TrainResult
from onelayer.training.schedule import Schedule
from onelayer.training.stopping import BestSoFar, StopReason

Progress = Callable[[int, int, Evaluation], None]
"""Called with (number of the configuration, step, evaluation), from any thread."""


def train(
    train_set: Dataset,
    validation_set: Dataset,
    config: TrainConfig,
    *,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> TrainResult:
    """Train one model. See `train_many`."""
    return train_many(train_set, validation_set, [config], 1, progress=progress, stop=stop)[0]


def train_many(
    train_set: Dataset,
    validation_set: Dataset,
    configs: Sequence[TrainConfig],
    threads: int | None = None,
    *,
    progress: Progress | None = None,
    finished: Callable[[int, TrainResult], None] | None = None,
    stop: threading.Event | None = None,
) -> list[TrainResult]:
    """Train a model for each configuration, on the same data.

    A model's bits depend neither on the number of threads nor on the other configurations.

    Parameters
    ----------
    train_set, validation_set : Dataset
        Of the same number of features. Logistic regression takes two classes, and the first of
        ``train_set.classes`` is its positive one. The scaling of the training set is used for both.
    configs : sequence of TrainConfig
    threads : int, optional
        At most this many threads work. Default: the cores this process may use.
    progress : function, optional
        Called after each evaluation; see `Progress`.
    finished : function, optional
        Called with (number of the configuration, result) in the caller's thread, as runs end.
    stop : threading.Event, optional
        Once set, each run ends as ``interrupted`` before its next step. Default: Ctrl-C sets it.

    Returns
    -------
    list of TrainResult
        In the order of the configurations.

    Raises
    ------
    InputError
        If data and configuration do not fit together.
    """
    if threads is not None and threads < 1:
        raise InputError(f"threads: {threads} was given; at least 1 is needed.")
    runs = [_Run(train_set, validation_set, config) for config in configs]
    results: dict[int, TrainResult] = {}
    # One BLAS thread: with more, sums would be split by their number and the bits would change.
    with (
        stop_on_interrupt() as interrupted,
        threadpool_limits(1, user_api="blas"),
        ThreadPoolExecutor(threads or available_cores()) as pool,
    ):
        stop = stop or interrupted
        futures = {
            pool.submit(run.train, _numbered(progress, i), stop): i for i, run in enumerate(runs)
        }
        try:
            for future in as_completed(futures):
                i = futures[future]
                results[i] = future.result()
                if finished is not None:
                    finished(i, results[i])
        except BaseException:
            stop.set()
            raise
    return [results[i] for i in range(len(runs))]


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _numbered(progress: Progress | None, i: int) -> Callable[[Evaluation], None]:
    if progress is None:
        return lambda _evaluation: None
    return lambda evaluation: progress(i, evaluation.step, evaluation)


class _Run:
    """One model being trained: the data it sees, and all state that changes."""

    def __init__(self, train_set: Dataset, validation_set: Dataset, config: TrainConfig) -> None:
        if config.model == "logistic" and train_set.n_classes != 2:
            raise InputError(
                f"model: logistic regression needs two classes, the data has {train_set.n_classes}: "
                f"{', '.join(map(str, train_set.classes))}. Choose two, or take softmax."
            )
        if validation_set.n_features != train_set.n_features:
            raise InputError(
                f"The validation examples have {validation_set.n_features} features, the training "
                f"examples {train_set.n_features}: they must be the same."
            )
        self.config = config
        self.schedule = Schedule.of(config, train_set.n_examples)
        self.scaling = train_set.scaling
        self.X, self.targets = train_set.X, train_set.targets
        self.validation_X = validation_set.X
        self.validation_targets = validation_set.encode(train_set.classes)
        outputs = n_outputs(config.model, train_set.n_classes)
        self.parameters = Parameters.zeros(train_set.n_features, outputs, config.dtype)
        self.best_parameters = self.parameters
        self.best = BestSoFar.under(config.early_stopping)
        self.history = History(self.schedule.batches_per_epoch)
        self._order: tuple[int, NDArray[np.int64]] | None = None

    # Overflow is how divergence looks; it is detected by the loss and reported as an end.
    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def train(
        self, on_evaluation: Callable[[Evaluation], None], stop: threading.Event
    ) -> TrainResult:
        """Run to one of the ends."""
        config, schedule, history = self.config, self.schedule, self.history
        for step in range(history.steps, schedule.max_steps):
            if stop.is_set():
                return self._result(StopReason.INTERRUPTED)
            loss = reference.step(
                self.X, self.targets, self._batch(step), self.scaling,
                self.parameters, config.objective, config.learning_rate,
            )  # fmt: skip
            history.train_loss.append(loss)
            if not math.isfinite(loss):
                return self._result(StopReason.DIVERGED)
            if schedule.evaluates_after(step):
                evaluation = self._evaluate(step)
                on_evaluation(evaluation)
                if not math.isfinite(evaluation.val_loss):
                    return self._result(StopReason.DIVERGED)
                if self.best.exhausts(config.early_stopping):
                    return self._result(StopReason.PATIENCE)
        return self._result(StopReason.MAX_EPOCHS)

    def _batch(self, step: int) -> NDArray[np.int64]:
        """Return the rows of a step's batch, shape (batch,)."""
        epoch = self.schedule.epoch(step)
        if self._order is None or self._order[0] != epoch:
            n = self.schedule.n_examples
            self._order = epoch, epoch_order(self.config.seed, epoch, n, self.config.shuffle)
        return self._order[1][self.schedule.batch(step)]

    def _evaluate(self, step: int) -> Evaluation:
        model, parameters = self.config.model, self.parameters
        val_loss, val_accuracy = reference.evaluate(
            self.validation_X, self.validation_targets, self.scaling, parameters, model
        )
        _, train_accuracy = reference.evaluate(
            self.X, self.targets, self.scaling, parameters, model
        )
        squared = parameters.squared_norm(include_bias=self.config.penalize_bias)
        evaluation = Evaluation(
            step, self.schedule.epoch(step), val_loss, val_accuracy, train_accuracy,
            math.sqrt(squared),
        )  # fmt: skip
        self.history.evaluations.append(evaluation)
        self.best = self.best.update(val_loss)
        if self.best.is_newest:
            self.best_parameters = parameters.copy()
        return evaluation

    def _result(self, reason: StopReason) -> TrainResult:
        evaluations = self.history.evaluations
        stopped_early = self.config.early_stopping is not None
        return TrainResult(
            self.config,
            self.best_parameters if stopped_early else self.parameters,
            self.history,
            reason,
            evaluations[self.best.evaluation] if self.best.evaluation >= 0 else None,
            evaluations[-1] if evaluations else None,
        )
