"""Mini-batch gradient descent: one pass over the batches for all models that share them."""

from __future__ import annotations

import math
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from onelayer.data import Dataset, epoch_order
from onelayer.errors import InputError
from onelayer.model import Parameters
from onelayer.training.checks import check_alike, check_config
from onelayer.training.config import TrainConfig
from onelayer.training.engines import EngineName, choose_engine
from onelayer.training.history import Evaluation, History
from onelayer.training.interrupt import stop_on_interrupt
from onelayer.training.result import TrainResult
from onelayer.training.schedule import Batches, Schedule, Segment
from onelayer.training.stack import Meanwhile, Metrics, Problem, Stack, Team
from onelayer.training.stopping import BestSoFar, StopReason
from onelayer.training.weighting import ExampleWeights, Rows, check_rows, check_weights

Progress = Callable[[int, int, Evaluation | None], None]
"""Called with (number of the configuration, step, evaluation); without validation data there is
no evaluation, but the call comes at the same steps."""

Finished = Callable[[int, TrainResult], None]
"""Called with (number of the configuration, result)."""


def train(
    train_set: Dataset,
    validation_set: Dataset | None,
    config: TrainConfig,
    threads: int | None = None,
    **how: Any,
) -> TrainResult:
    """Train one model. The other arguments are those of `train_many`."""
    return train_many(train_set, validation_set, [config], threads, **how)[0]


def train_many(
    train_set: Dataset,
    validation_set: Dataset | None,
    configs: Sequence[TrainConfig],
    threads: int | None = None,
    *,
    rows: ArrayLike | None = None,
    validation_rows: ArrayLike | None = None,
    weights: Sequence[ExampleWeights] | None = None,
    initial: Sequence[Parameters | None] | None = None,
    first_epoch: int = 0,
    engine: EngineName = "auto",
    progress: Progress | None = None,
    finished: Finished | None = None,
    stop: threading.Event | None = None,
) -> list[TrainResult]:
    """Train a model for each configuration, on the same data.

    Configurations that differ in learning rate, penalty and early stopping alone share one pass
    over the batches. A model's bits depend neither on the number of threads nor on the other
    configurations.

    Parameters
    ----------
    train_set : Dataset
        Logistic regression takes two classes, and the first of them is its positive one.
    validation_set : Dataset or None
        Of the same number of features; it may be the training set again, with other rows or
        weights. The scaling of the training set is used for both. Without validation data there
        are no evaluations, and no early stopping.
    configs : sequence of TrainConfig
    threads : int, optional
        At most this many threads work. Default: the cores this process may use.
    rows, validation_rows : int arrays, optional
        The examples that take part, where not all do. Batches are cut from the training rows as if
        there were no others.
    weights : sequence of ExampleWeights, optional
        For each configuration, how much each example counts: the folds of a cross-validation share
        the batches by weights of 0 and 1.
    initial : sequence of Parameters or None, optional
        For each configuration, where it starts. Default: from zeros.
    first_epoch : int
        The number of the first epoch, for the order of the examples; a run that goes on where
        another ended gets other orders by it.
    engine : "auto", "compiled" or "reference"
        The NumPy reference, or compiled kernels; "auto" compiles where Numba is installed. The two
        agree to rounding, not to the bit.
    progress : function, optional
        Called in the caller's thread after each evaluation; see `Progress`.
    finished : function, optional
        Called in the caller's thread when a run ends; see `Finished`.
    stop : threading.Event, optional
        Once set, runs end as ``interrupted`` at the next evaluation. Ctrl-C sets it too.

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
    weights = [ExampleWeights()] * len(configs) if weights is None else weights
    initial = [None] * len(configs) if initial is None else initial
    chosen = check_rows(rows, train_set.n_examples, "rows")
    chosen_validation = None
    if validation_set is not None:
        check_alike(train_set, validation_set)
        chosen_validation = check_rows(
            validation_rows, validation_set.n_examples, "validation_rows"
        )
        for weighting in weights:
            check_weights(weighting.validation, validation_set.n_examples, chosen_validation)
    for config, weighting, start in zip(configs, weights, initial, strict=True):
        check_config(train_set, config, start, validates=validation_set is not None)
        Schedule.of(config, train_set.n_examples if chosen is None else len(chosen))
        check_weights(weighting.train, train_set.n_examples, chosen)
    make_stack = choose_engine(engine)
    results: dict[int, TrainResult] = {}

    def end(i: int, result: TrainResult) -> None:
        results[i] = result
        if finished is not None:
            finished(i, result)

    # One BLAS thread: with more, sums would be split by their number and the bits would change.
    with (
        stop_on_interrupt(stop) as stop,
        threadpool_limits(1, user_api="blas"),
        Team(threads or available_cores()) as team,
    ):
        for members in _groups(configs):
            problem = Problem.of(
                train_set, validation_set, [configs[i] for i in members],
                rows=chosen, validation_rows=chosen_validation,
                weights=[weights[i] for i in members], initial=[initial[i] for i in members],
            )  # fmt: skip
            group = _Group(problem, make_stack(problem, team), members, first_epoch, progress, end)
            group.train(stop)
    return [results[i] for i in range(len(configs))]


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _groups(configs: Sequence[TrainConfig]) -> list[list[int]]:
    """Return the numbers of the configurations that can share a stack, group by group."""
    own = {"learning_rate": 1.0, "l2": 0.0, "penalize_bias": False, "early_stopping": None}
    groups: dict[TrainConfig, list[int]] = defaultdict(list)
    for i, config in enumerate(configs):
        groups[config.model_copy(update=own)].append(i)
    return list(groups.values())


@dataclass
class _Member:
    """What is kept of one model while it is trained."""

    number: int
    config: TrainConfig
    history: History
    best: BestSoFar
    parameters: Parameters
    """Those that would be returned if the run ended at the last evaluation; always finite."""

    def keep(self, parameters: Parameters) -> bool:
        """Keep these where they are finite, and tell whether they are."""
        finite = parameters.is_finite
        if finite:
            self.parameters = parameters
        return finite


@dataclass
class _Group:
    """Models that are trained together."""

    problem: Problem
    stack: Stack
    numbers: list[int]
    first_epoch: int
    progress: Progress | None
    end: Finished
    schedule: Schedule = field(init=False)
    members: dict[int, _Member] = field(init=False)
    """By their place in the stack; those that have ended are gone."""

    def __post_init__(self) -> None:
        configs = self.problem.configs
        self.schedule = Schedule.of(configs[0], len(self.problem.train.rows))
        self.members = {
            m: _Member(
                number, config, History(self.schedule.batches_per_epoch),
                BestSoFar.under(config.early_stopping), self.stack.now(m),
            )
            for m, (number, config) in enumerate(zip(self.numbers, configs, strict=True))
        }  # fmt: skip

    def train(self, stop: threading.Event) -> None:
        """Go from evaluation to evaluation until every model has ended.

        A round evaluates the models as they stand and already makes the steps up to the next
        evaluation. Where the evaluation says that a run has ended, those steps leave no trace.
        """
        due: Segment | None = None
        rounds = self._rounds()
        following = next(rounds, None)

        def prepare() -> None:
            nonlocal following
            following = next(rounds, None)

        while following is not None and self.members and not stop.is_set():
            segment, batches = following
            self._round(due, batches, prepare)
            due = segment if segment.evaluates else None
        self._round(due, Batches.none(), lambda: None)
        reason = StopReason.INTERRUPTED if stop.is_set() else StopReason.MAX_EPOCHS
        for m in list(self.members):
            steps = self.members[m].history.steps
            done = StopReason.MAX_EPOCHS if steps == self.schedule.max_steps else reason
            self._leave(m, done, last=True)

    def _round(self, due: Segment | None, batches: Batches, meanwhile: Meanwhile) -> None:
        """Evaluate what is due, and make the next steps."""
        models = list(self.members)
        if not models or (due is None and not batches):
            return
        evaluate = due is not None and self.problem.validation is not None
        outcome = self.stack.round(models, batches, evaluate=evaluate, meanwhile=meanwhile)
        for j, m in enumerate(models):
            if due is not None and evaluate:
                self._evaluated(m, due.last, outcome.metrics[j])
            elif due is not None:
                self._passed(m, due.last)
            if m in self.members:
                self._stepped(m, outcome.losses[j].tolist())

    def _evaluated(self, m: int, step: int, metrics: Metrics) -> None:
        member = self.members[m]
        evaluation = Evaluation(
            step, self.schedule.epoch(step), metrics.val_loss, metrics.val_accuracy,
            metrics.train_accuracy, metrics.weight_norm,
        )  # fmt: skip
        member.history.evaluations.append(evaluation)
        member.best = member.best.update(evaluation.val_loss)
        rule = member.config.early_stopping
        if math.isfinite(evaluation.val_loss) and (rule is None or member.best.is_newest):
            member.keep(self.stack.before(m))
        if self.progress is not None:
            self.progress(member.number, step, evaluation)
        if not math.isfinite(evaluation.val_loss):
            self._leave(m, StopReason.DIVERGED)
        elif member.best.exhausts(rule):
            self._leave(m, StopReason.PATIENCE)

    def _passed(self, m: int, step: int) -> None:
        """Take note of a step that an evaluation follows where there is validation data."""
        member = self.members[m]
        member.keep(self.stack.before(m))
        if self.progress is not None:
            self.progress(member.number, step, None)

    def _stepped(self, m: int, losses: list[float]) -> None:
        history = self.members[m].history
        for loss in losses:
            history.train_loss.append(loss)
            if not math.isfinite(loss):
                self._leave(m, StopReason.DIVERGED)
                return

    def _leave(self, m: int, reason: StopReason, *, last: bool = False) -> None:
        member = self.members.pop(m)
        if last and member.config.early_stopping is None and not member.keep(self.stack.now(m)):
            reason = StopReason.DIVERGED  # in the last update, which no loss follows
        evaluations, best = member.history.evaluations, member.best.evaluation
        result = TrainResult(
            member.config, member.parameters, member.history, reason,
            evaluations[best] if best >= 0 else None, evaluations[-1] if evaluations else None,
        )  # fmt: skip
        self.end(member.number, result)

    def _rounds(self) -> Iterator[tuple[Segment, Batches]]:
        """Yield the steps between evaluations, with their batches."""
        config, schedule = self.problem.configs[0], self.schedule

        @lru_cache(maxsize=1)
        def rows_of(epoch: int) -> Rows:
            number = self.first_epoch + epoch
            order = epoch_order(config.seed, number, schedule.n_examples, config.shuffle)
            return self.problem.train.rows[order]

        for segment in schedule.segments():
            yield segment, schedule.batches(segment, rows_of)
