"""Train models by mini-batch gradient descent: what is asked for, and in which groups."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from numpy.typing import ArrayLike

from onelayer.data import Dataset
from onelayer.engines import Engine, EngineName, open_engine
from onelayer.engines.cluster import ClusterMatrix
from onelayer.model import Parameters
from onelayer.training.checks import check_alike, check_config, check_kinds
from onelayer.training.config import TrainConfig
from onelayer.training.data import RunData
from onelayer.training.draws import Draws
from onelayer.training.events import Began, Ended, Event, Listener, Searched, ignore
from onelayer.training.found import found_state
from onelayer.training.group import Group, Keep, Run
from onelayer.training.interrupt import stop_on_interrupt
from onelayer.training.minimum import find_minima
from onelayer.training.result import TrainResult
from onelayer.training.side_by_side import models_at_once, side_by_side
from onelayer.training.stacks import InBlocks, Stacks
from onelayer.training.state import RunState
from onelayer.training.stopping import BestSoFar, StopReason
from onelayer.training.weights import ExampleWeights, check_rows, check_weights


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
    listen: Listener = ignore,
    states: Sequence[RunState | None] | None = None,
    keep: Keep | None = None,
    stop: threading.Event | None = None,
    evaluate_train: bool = True,
) -> list[TrainResult]:
    """Train a model for each configuration, on the same data.

    Configurations share one pass over the batches where they differ only in options that may vary
    in a pass, such as learning rate and penalty. A model's bits depend neither on the number of
    threads nor on the other configurations, nor on whether it was interrupted and resumed.

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
        For each configuration, where it starts, with the weights of all features: those that it
        does not read become 0. Default: as `initial_std` says, from zeros.
    first_epoch : int
        The number of the first epoch, for the order of the examples; a run that goes on where
        another ended gets other orders by it.
    engine : "auto", "compiled" or "reference"
        The NumPy reference, or compiled kernels; "auto" compiles where Numba is installed. The two
        agree to rounding, not to the bit.
    listen : function, optional
        Called in the caller's thread with each `Event`.
    states : sequence of RunState or None, optional
        For each configuration, where to go on; None: from the start. They are used up. Where a run
        had ended, its result is returned.
    keep : function, optional
        Called often, in the caller's thread, with the states of the runs that were begun, by number
        of the configuration; whoever wants to resume saves them now and then.
    stop : threading.Event, optional
        Once set, runs end as ``interrupted`` at the next evaluation. Ctrl-C sets it too.
    evaluate_train : bool
        Whether evaluations measure the training accuracy. Where they do not, it is NaN in the
        history, all other bits are the same, and an evaluation costs no pass over the training
        examples.

    Returns
    -------
    list of TrainResult
        In the order of the configurations.

    Raises
    ------
    InputError
        If data and configuration do not fit together.
    """
    check_kinds(train_set, validation_set, configs)
    task = _Task.of(
        train_set, validation_set, configs, rows, validation_rows, weights, initial, states,
        evaluate_train,
    )  # fmt: skip
    results: dict[int, TrainResult] = {}

    def hear(event: Event) -> None:
        if isinstance(event, Ended):
            results[event.run] = event.result
        listen(event)

    known: dict[int, RunState] = {}

    def keep_known(states: Mapping[int, RunState]) -> None:
        known.update(states)
        if keep is not None:
            keep(known)

    with stop_on_interrupt(stop) as stop, open_engine(engine, threads) as opened:
        task = task.with_minima(threads, engine, listen, stop)
        known |= {
            i: state for i, state in enumerate(task.states)
            if state is not None and state.reason is not StopReason.INTERRUPTED
        }  # fmt: skip
        task.report_ended(hear)
        task.train_all(opened, first_epoch, hear, keep_known, stop)
    return [results[i] for i in range(len(configs))]


@dataclass(frozen=True, eq=False)
class _Task:
    """All that was asked for in one call, checked."""

    configs: Sequence[TrainConfig]
    data: Sequence[RunData]
    """For each configuration; they differ in the training rows and the weights alone."""
    states: Sequence[RunState | None]
    stacks: Stacks

    @classmethod
    def of(
        cls,
        train_set: Dataset,
        validation_set: Dataset | None,
        configs: Sequence[TrainConfig],
        rows: ArrayLike | None,
        validation_rows: ArrayLike | None,
        weights: Sequence[ExampleWeights] | None,
        initial: Sequence[Parameters | None] | None,
        states: Sequence[RunState | None] | None,
        evaluate_train: bool,
    ) -> _Task:
        """Return what was asked for; see `train_many`."""
        weights = [ExampleWeights()] * len(configs) if weights is None else weights
        initial = [None] * len(configs) if initial is None else initial
        chosen = check_rows(rows, train_set.n_examples, "rows")
        chosen_validation = None
        if validation_set is not None:
            check_alike(train_set, validation_set)
            chosen_validation = check_rows(
                validation_rows, validation_set.n_examples, "validation_rows"
            )
        data, draws = [], Draws(train_set, chosen)
        samples: dict[Any, Any] = {}
        cut = InBlocks(train_set, validation_set)
        for config, own, start in zip(configs, weights, initial, strict=True):
            check_config(train_set, config, start, validates=validation_set is not None)
            check_weights(own.train, train_set.n_examples, chosen)
            if validation_set is not None:
                check_weights(own.validation, validation_set.n_examples, chosen_validation)
            rows = draws.rows(config, own.train)
            parts = cut.for_run(config)
            data.append(
                RunData(
                    *parts, rows, chosen_validation, own, evaluates_train=evaluate_train,
                    samples=samples,
                )
            )  # fmt: skip
            data[-1].schedule(config)
        return cls(configs, data, states or [None] * len(configs), Stacks(configs, data, initial))

    def with_minima(
        self, threads: int | None, engine: EngineName, listen: Listener, stop: threading.Event
    ) -> _Task:
        """Return the task with the minima that configurations ask for."""

        def watch(run: int, passes: int, bound: float) -> None:
            listen(Searched(run, passes, bound))

        minima = find_minima(
            self.configs, self.data, threads=threads, engine=engine, stop=stop,
            watch=None if listen is ignore else watch,
        )  # fmt: skip
        data = [replace(own, minimum=minima.get(i)) for i, own in enumerate(self.data)]
        states = list(self.states)
        for i, config in enumerate(self.configs):
            if config.solver == "optimum":
                states[i] = found_state(config, minima[i])
        return replace(self, data=data, states=states)

    def groups(self) -> list[list[int]]:
        """Return the numbers of the configurations that share a pass, group by group.

        Those that have ended are in none.
        """
        groups: dict[tuple[TrainConfig, int], list[int]] = defaultdict(list)
        for i, (config, state) in enumerate(zip(self.configs, self.states, strict=True)):
            if state is None or state.reason is None:
                groups[config.shared, state.step if state else 0].append(i)
        return list(groups.values())

    def report_ended(self, listen: Listener) -> None:
        """Tell of the runs that had ended before."""
        for i, state in enumerate(self.states):
            if state is not None and state.reason is not None:
                schedule = self.data[i].schedule(self.configs[i])
                per_epoch = schedule.batches_per_epoch
                listen(Began(i, schedule, state.step))
                result = state.result(self.configs[i], self.data[i], per_epoch, state.reason)
                listen(Ended(i, result))

    def train_all(
        self,
        engine: Engine,
        first_epoch: int,
        listen: Listener,
        keep: Keep,
        stop: threading.Event,
    ) -> None:
        """Train group after group; on a cluster all of them at once, in smaller ones."""
        groups, X = self.groups(), self.data[0].train.X if self.data else None
        if not isinstance(X, ClusterMatrix):
            for numbers in groups:
                self.train(numbers, engine, first_epoch, listen, keep, stop)
            return
        cluster = X.cluster
        size = models_at_once(
            sum(map(len, groups)), cluster.threads, travel=not cluster.copies(X.nbytes)
        )
        smaller = [
            numbers[i : i + size] for numbers in groups for i in range(0, len(numbers), size)
        ]
        side_by_side(
            [
                lambda listen, keep, numbers=numbers: self.train(
                    numbers, engine, first_epoch, listen, keep, stop
                )
                for numbers in smaller
            ],
            listen, keep, stop,
        )  # fmt: skip

    def train(
        self,
        numbers: list[int],
        engine: Engine,
        first_epoch: int,
        listen: Listener,
        keep: Keep,
        stop: threading.Event,
    ) -> None:
        """Train the runs of a group."""
        begun = self.states[numbers[0]]
        step = 0 if begun is None else begun.step
        stack, rows = self.stacks.of(numbers, engine, first_epoch, step)
        runs = {}
        for m, i in enumerate(numbers):
            state = self.states[i]
            if state is not None:
                stack.restore(m, state.engine())
            else:
                best = BestSoFar.under(self.configs[i].early_stopping)
                state = RunState(best, partial(self.stacks.start, i))
            state.engine = partial(stack.state, m)
            schedule = self.data[i].schedule(self.configs[i])
            runs[m] = Run(i, self.configs[i], self.data[i], schedule, state)
        for run in runs.values():
            listen(Began(run.number, run.schedule, step))
        Group(stack, runs, rows, first_epoch, listen, keep).train(step, stop)
