"""The training loop: runs that share one pass over the batches, from evaluation to evaluation."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows
from onelayer.engines import Batches, Measures, Stack
from onelayer.training.config import TrainConfig
from onelayer.training.data import RunData
from onelayer.training.events import Ended, Evaluated, Listener, Steps
from onelayer.training.history import Evaluation
from onelayer.training.pace import Pace
from onelayer.training.rates import averaging_rates, learning_rates
from onelayer.training.schedule import Schedule
from onelayer.training.state import RunState
from onelayer.training.stopping import StopReason
from onelayer.training.visits import order_of

Keep = Callable[[Mapping[int, RunState]], None]
"""Takes the states of runs, by number, also those that have ended; called between two advances."""


@dataclass(eq=False)
class Run:
    """A run of a group: its number among all configurations, and where it stands."""

    number: int
    config: TrainConfig
    data: RunData
    schedule: Schedule
    state: RunState


@dataclass(eq=False)
class Group:
    """Runs that are trained together, all from the same step on.

    Attributes
    ----------
    stack : Stack
    runs : dict of int to Run
        By their place in the stack; those that have ended are gone.
    rows : array of int64, or None
        The examples that the stack takes for the numbers in the orders of epochs; None: those are
        what it takes.
    settled : dict of int to RunState
        The states that no step changes any more, by the run's number.
    first_epoch : int
        The number of the first epoch, for the order of the examples.
    """

    stack: Stack
    runs: dict[int, Run]
    rows: Rows | None
    first_epoch: int
    listen: Listener
    keep: Keep
    settled: dict[int, RunState] = field(default_factory=dict)

    @cached_property
    def schedule(self) -> Schedule:
        """The calendar of the longest run; those of the others end before."""
        return max((run.schedule for run in self.runs.values()), key=lambda own: own.max_steps)

    def train(self, step: int, stop: threading.Event) -> None:
        """Train from a step on, until every run has ended.

        An advance evaluates the models where that is due, and already makes the steps up to the
        next evaluation. Where the evaluation says that a run has ended, those steps leave no trace.
        """
        pace = Pace()
        for batches in self._batches(step, pace):
            self._end_complete(step)
            if stop.is_set() or not self.runs:
                break
            with pace.timed(len(batches)):
                self._advance(step, batches)
            step += len(batches)
            self.keep(self._states())
        if stop.is_set():
            # The evaluation that follows belongs to the result, and is made again by who goes on.
            self.settled |= {run.number: run.state.copy() for run in self.runs.values()}
            self.keep(self._states())
        self._end_complete(step)
        self._advance(step, Batches.none())
        for m in list(self.runs):
            self._end_at_last_step(m, StopReason.INTERRUPTED)

    def _end_complete(self, step: int) -> None:
        """End the runs that have made all their steps before this one."""
        complete = [m for m, run in self.runs.items() if run.schedule.max_steps == step]
        self._advance(step, Batches.none(), complete)
        for m in complete:
            if m in self.runs:
                config, schedule = self.runs[m].config, self.runs[m].schedule
                all_epochs = step == config.max_epochs * schedule.batches_per_epoch
                self._end_at_last_step(
                    m, StopReason.MAX_EPOCHS if all_epochs else StopReason.MAX_STEPS
                )

    def _advance(self, step: int, batches: Batches, models: Sequence[int] | None = None) -> None:
        """Evaluate what is due before a step, and make the next ones, with all models or some."""
        models = list(self.runs) if models is None else models
        due = self.schedule.evaluates_after(step - 1)
        if not models or not (due or batches):
            return
        evaluate = due and self.runs[models[0]].data.validation is not None
        if due and not evaluate:
            self._keep(models)
        rates, averaging = self._rates(models, step, len(batches))
        advance = self.stack.advance(models, batches, rates, evaluate=evaluate, averaging=averaging)
        for j, m in enumerate(models):
            if evaluate:
                self._evaluated(m, step - 1, advance.measures[j])
            if m in self.runs and batches:
                self._stepped(m, step, advance.losses[j])

    def _keep(self, models: Sequence[int]) -> None:
        """Keep models as they are, those that are finite: in the stack, without a copy here."""
        for m, finite in zip(models, self.stack.keep(models), strict=True):
            if finite:
                self.runs[m].state.keeps = partial(self.stack.parameters_before, m)

    def _rates(
        self, models: Sequence[int], step: int, count: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Return learning rates and, where a model averages, shares of averages, by model."""
        runs = [self.runs[m] for m in models]
        rates = [learning_rates(run.config, run.schedule.max_steps, step, count) for run in runs]
        if not any(run.config.averaging for run in runs):
            return np.stack(rates), None
        return np.stack(rates), np.stack([averaging_rates(r.config, step, count) for r in runs])

    def _evaluated(self, m: int, step: int, measures: Measures) -> None:
        run = self.runs[m]
        state, rule = run.state, run.config.early_stopping
        evaluation = Evaluation(
            step, self.schedule.epoch(step), measures.val_loss, measures.val_accuracy,
            measures.train_accuracy, measures.weight_norm,
        )  # fmt: skip
        state.evaluations.append(evaluation)
        state.best = state.best.update(evaluation.val_loss)
        finite = math.isfinite(evaluation.val_loss)
        if finite and (rule is None or state.best.is_newest):
            state.keep_if_finite(self.stack.parameters_before(m))
        self.listen(Evaluated(run.number, evaluation))
        if not finite:
            self._end(m, StopReason.DIVERGED)
        elif state.best.exhausts(rule):
            self._end(m, StopReason.PATIENCE)

    def _stepped(self, m: int, first: int, losses: NDArray[np.float64]) -> None:
        finite = np.isfinite(losses)
        diverges = not finite.all()
        if diverges:
            losses = losses[: int(np.argmin(finite)) + 1]
        self.runs[m].state.losses.append(losses)
        self.listen(Steps(self.runs[m].number, first, losses))
        if diverges:
            self._end(m, StopReason.DIVERGED)

    def _end_at_last_step(self, m: int, reason: StopReason) -> None:
        """End a run that neither patience nor divergence has ended."""
        run = self.runs[m]
        own = run.config.early_stopping is None
        if own and not run.state.keep_if_finite(self.stack.parameters(m)):
            reason = StopReason.DIVERGED  # in the last update, which no loss follows
        self._end(m, reason)

    def _end(self, m: int, reason: StopReason) -> None:
        run = self.runs.pop(m)
        if reason is not StopReason.INTERRUPTED:
            run.state.reason = reason
            run.state.let_go()
            self.settled[run.number] = run.state
        result = run.state.result(run.config, run.data, self.schedule.batches_per_epoch, reason)
        self.listen(Ended(run.number, result))

    def _states(self) -> dict[int, RunState]:
        """Return the states of all runs, by number."""
        return {run.number: run.state for run in self.runs.values()} | self.settled

    def _batches(self, step: int, pace: Pace) -> Iterator[Batches]:
        """Yield the batches of the steps that one advance makes."""
        run = next(iter(self.runs.values()))
        order = order_of(run.config, run.data, self.schedule, self.rows, self.first_epoch)
        while left := [n for run in self.runs.values() if (n := run.schedule.max_steps - step) > 0]:
            segment = self.schedule.segment(step, min(pace.most_steps, *left))
            step = segment.last + 1
            yield order.batches(segment)
