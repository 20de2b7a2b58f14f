"""Runs that go on past their end, and runs that leave some of their training examples out."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.interventions import leaving_out
from onelayer.diagnosis.subjects.examples import scaled
from onelayer.model import LOSSES, Parameters
from onelayer.study import RunOutcome
from onelayer.training import EarlyStopping, RunState, StopReason, TrainResult
from onelayer.training.options import MOST

BLOCK = 4096

TIMES = 5
"""A run goes on to so many times its steps."""


@dataclass(frozen=True, eq=False)
class Continued:
    """A run that goes on past its end, and keeps its best evaluation.

    Attributes
    ----------
    result : TrainResult
        After `TIMES` times the steps of the run.
    kept : dict of int to Parameters
        What it kept after so many times the steps.
    """

    result: TrainResult
    kept: dict[int, Parameters]

    def after(self, times: int) -> TrainResult:
        """Return what the run had come to after so many times the steps, or where it diverged."""
        steps, history = self.result.history.steps * times // TIMES, self.result.history
        if self.result.stop_reason is StopReason.DIVERGED or times == TIMES:
            return self.result
        evaluations = tuple(e for e in history.evaluations if e.step < steps)
        return replace(
            self.result,
            config=self.result.config.model_copy(update={"max_steps": steps}),
            parameters=self.kept[times],
            history=replace(
                history, train_loss=history.train_loss[:steps], evaluations=evaluations
            ),
            best=min(evaluations, key=lambda e: e.val_loss),
            last=evaluations[-1],
        )  # fmt: skip


def continued(context: Context, run: RunOutcome) -> Continued:
    """Return a run that goes on, without an end by patience, to `TIMES` times its steps.

    Up to where the given run ended it is the same run.

    Raises
    ------
    OverBudget
        If it costs more than is left.
    """

    def make() -> Continued:
        record = run.record
        steps, kept = TIMES * record.steps, {}
        longer = {
            "early_stopping": EarlyStopping(patience=MOST), "max_steps": steps,
            "max_epochs": -(-steps // record.batches_per_epoch), "optimum": False,
        }  # fmt: skip

        def keep(states: Mapping[int, RunState]) -> None:
            last = states[0].evaluations[-1].step if states[0].evaluations else 0
            for times in range(1, TIMES):
                if last < times * record.steps:
                    kept[times] = states[0].kept

        config = record.config.model_copy(update=longer)
        (result,) = context.train(context.parts(run), [config], keep=keep)
        return Continued(result, kept)

    return context.once(("continued", run.name), make)


def goes_on_as_it_was(run: RunOutcome) -> bool:
    """Whether the steps of a run are the same where it is to make more of them."""
    config = run.record.config
    return config.schedule is None and config.averaging is None


def held_out_rows(context: Context, run: RunOutcome, share: float) -> Rows:
    """Return a share of the training examples of a run's classes, drawn at random."""
    train, _ = context.parts(run)
    rng = np.random.default_rng(0)
    return np.sort(rng.permutation(train.n_examples)[: round(share * train.n_examples)])


def without_held_out(
    context: Context, runs: Sequence[RunOutcome], share: float
) -> dict[str, Parameters]:
    """Return what runs on the same examples come to where a share of these counts nothing.

    As many steps as lead to the weights that each run keeps, with the same batches.

    Raises
    ------
    OverBudget
        If it costs more than is left.
    """
    key: Hashable = ("without held out", tuple(run.name for run in runs), share)

    def make() -> dict[str, Parameters]:
        train, _ = context.parts(runs[0])
        rows = held_out_rows(context, runs[0], share)
        configs, weights = [], []
        for run in runs:
            record, best = run.record, run.record.best
            stops = record.config.early_stopping is not None and best is not None
            steps = best.step + 1 if stops and best is not None else record.steps
            same = record.config.model_copy(
                update={"early_stopping": None, "max_steps": steps, "optimum": False}
            )
            config, weight = leaving_out(same, rows, train.n_examples)
            configs.append(config)
            weights.append(weight)
        results = context.train((train, None), configs, weights=weights)
        return {run.name: r.parameters for run, r in zip(runs, results, strict=True)}

    return context.once(key, make)


@dataclass(frozen=True, eq=False)
class Scored:
    """What parameters do on the examples of a part.

    Attributes
    ----------
    right : bool array, shape (n,)
    losses : float array, shape (n,)
        NaN where they were not asked for.
    """

    right: NDArray[np.bool_]
    losses: NDArray[np.float64]


def scored(
    context: Context,
    run: RunOutcome,
    models: Sequence[Parameters],
    *,
    validation: bool,
    losses_of: Collection[int] | None = None,
) -> list[Scored]:
    """Return what several parameters do on a part of a run's examples, in one pass over it.

    `losses_of` has the places of those whose losses are needed; None: all.
    """
    train, other = context.parts(run)
    part, loss = other if validation else train, LOSSES[run.record.model]
    targets = part.encode(train.classes) if validation else train.targets
    outputs = models[0].weights.shape[1]
    weights = np.hstack([model.weights for model in models]).astype(np.float64)
    bias = np.concatenate([model.bias for model in models]).astype(np.float64)
    right = np.empty((len(models), part.n_examples), bool)
    losses = np.full((len(models), part.n_examples), np.nan)
    needed = range(len(models)) if losses_of is None else losses_of
    for first in range(0, part.n_examples, BLOCK):
        some = slice(first, first + BLOCK)
        scores = scaled(train, part, some, dtype=np.float64) @ weights + bias
        for m in range(len(models)):
            own = scores[:, m * outputs : (m + 1) * outputs]
            right[m, some] = loss.is_right(own, targets[some])
            if m in needed:
                losses[m, some] = loss.values(own, targets[some])
    return [Scored(*pair) for pair in zip(right, losses, strict=True)]
