"""Runs made again with other seeds: whether they, too, end above where one of them was lowest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from onelayer.diagnosis.budget import seconds_of_training
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.repeats import can_be_repeated, repeated, varied
from onelayer.diagnosis.measures.loss_end import MIN_TAIL, tail_of
from onelayer.diagnosis.measures.overfitting import OtherSeeds
from onelayer.diagnosis.statistics.quantiles import t_two_sided
from onelayer.study import RunOutcome
from onelayer.training import TrainConfig, TrainResult

SEEDS = 16

SECONDS = 1.0
"""That all of them may take, about."""

SEEDLESS = ("file", "class")
"""Orders that are the same for all seeds."""


def over_other_seeds(context: Context, runs: Iterable[RunOutcome]) -> dict[str, OtherSeeds]:
    """Return how far runs with other seeds rise, by name of those that can be repeated cheaply."""
    plans = {
        run.name: _variants(run.record.config, run.record.steps)
        for run in runs
        if run.record.config.order not in SEEDLESS and can_be_repeated(run)
    }
    plans = {
        name: configs for name, configs in plans.items()
        if seconds_of_training(*context.parts(context.outcome[name]), configs) <= SECONDS
    }  # fmt: skip
    made = repeated(context, plans) if plans else {}
    found = {name: _rise(context.outcome[name], results) for name, results in made.items()}
    return {name: rise for name, rise in found.items() if rise is not None}


def _variants(config: TrainConfig, steps: int) -> list[TrainConfig]:
    seeds = range(config.seed + 1, config.seed + 1 + SEEDS)
    return [varied(config, seed=seed, max_steps=steps, early_stopping=None) for seed in seeds]


def _rise(run: RunOutcome, results: Sequence[TrainResult]) -> OtherSeeds | None:
    """Return by how much others rise from where the run was lowest to the end.

    The place was picked by this run, and in the others it is no lower than it is in the mean; where
    it is among those of the end there is nothing to compare.
    """
    own = run.curve["val_loss"].to_numpy()
    n, tail = len(own), tail_of(len(own))
    losses = [[e.val_loss for e in result.history.evaluations] for result in results]
    first = int(np.argmin(np.mean(sliding_window_view(own, MIN_TAIL), axis=1)))
    if first + MIN_TAIL > n - tail or any(len(each) != n for each in losses):
        return None
    others = np.array(losses)
    lowest = others[:, first : first + MIN_TAIL].mean(axis=1)
    rises = others[:, -tail:].mean(axis=1) - lowest
    level, mean = float(lowest.mean()), float(rises.mean())
    if not level > 0:
        return None
    reach = t_two_sided(len(rises) - 1) * float(rises.std(ddof=1)) / np.sqrt(len(rises))
    step = int(run.curve["step"][first + MIN_TAIL // 2])
    interval = (mean - float(reach)) / level, (mean + float(reach)) / level
    return OtherSeeds(len(rises), step, mean / level, interval)
