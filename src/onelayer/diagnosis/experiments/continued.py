"""Runs that go on past their end, and runs that leave some of their training examples out."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.interventions import dense, leaving_out
from onelayer.model import LOSSES, Parameters
from onelayer.study import RunOutcome
from onelayer.training import EarlyStopping, TrainResult
from onelayer.training.options import MOST

BLOCK = 4096


def continued(context: Context, run: RunOutcome, times: float) -> TrainResult:
    """Return a run that goes on to so many times its steps, and keeps its best evaluation.

    Up to where the given run ended it is the same run.

    Raises
    ------
    OverBudget
        If it costs more than is left.
    """

    def make() -> TrainResult:
        record = run.record
        steps = round(times * record.steps)
        longer = {
            "early_stopping": EarlyStopping(patience=MOST), "max_steps": steps,
            "max_epochs": -(-steps // record.batches_per_epoch), "optimum": False,
        }  # fmt: skip
        (result,) = context.train(context.parts(run), [record.config.model_copy(update=longer)])
        return result

    return context.once(("continued", run.name, times), make)


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


def correct_and_losses(
    context: Context,
    run: RunOutcome,
    parameters: Parameters,
    *,
    validation: bool,
    rows: Rows | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which examples of a part parameters have right, and their losses, each (n,)."""
    train, other = context.parts(run)
    part, loss = other if validation else train, LOSSES[run.record.model]
    targets = part.encode(train.classes) if validation else train.targets
    rows = np.arange(part.n_examples) if rows is None else rows
    right, losses = [], []
    for first in range(0, len(rows), BLOCK):
        some = rows[first : first + BLOCK]
        scores = parameters.scores(dense(train, part.X[some]))
        right.append(loss.is_right(scores, targets[some]))
        losses.append(loss.values(scores, targets[some]))
    return np.concatenate(right), np.concatenate(losses).astype(np.float64)
