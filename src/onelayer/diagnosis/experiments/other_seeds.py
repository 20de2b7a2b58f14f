"""Runs made again with other seeds: whether they, too, end above where one of them was lowest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from onelayer.diagnosis.budget import seconds_of_training
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.repeats import can_be_repeated, repeated, varied
from onelayer.diagnosis.measures.loss_end import MIN_TAIL, tail_of
from onelayer.diagnosis.measures.overfitting import OtherSeeds
from onelayer.diagnosis.statistics import mean_interval
from onelayer.study import RunOutcome
from onelayer.training import TrainConfig, TrainResult

Floats = NDArray[np.floating]

SHOW = 8
"""Runs with other seeds that show, with the run itself, where it is lowest."""

JUDGE = 16
"""Runs with yet other seeds that say how far it rises from there."""

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
    seeds = range(config.seed + 1, config.seed + 1 + SHOW + JUDGE)
    return [varied(config, seed=seed, max_steps=steps, early_stopping=None) for seed in seeds]


def _rise(run: RunOutcome, results: Sequence[TrainResult]) -> OtherSeeds | None:
    own = run.curve["val_loss"].to_numpy()
    losses = [[e.val_loss for e in result.history.evaluations] for result in results]
    if any(len(each) != len(own) for each in losses):  # one diverged
        return None
    showing = np.array([own, *losses[:SHOW]])
    rises, levels, place = rises_from_lowest(showing, np.array(losses[SHOW:]))
    level, mean = float(levels.mean()), float(rises.mean())
    if not level > 0:
        return None
    low, high = mean_interval(rises)
    step = int(run.curve["step"][place])
    return OtherSeeds(len(rises), step, mean / level, (low / level, high / level))


def rises_from_lowest(showing: Floats, judging: Floats) -> tuple[Floats, Floats, int]:
    """Return by how much curves rise from where others are lowest to the end.

    Curves that show where they are lowest are low there by luck as well, also if each is left out
    for itself: so others show it.

    Parameters
    ----------
    showing : (several, n) float array
    judging : (seeds, n) float array

    Returns
    -------
    rises : (seeds,) float array
        Mean over the last fifth, less that over some evaluations about the lowest.
    levels : (seeds,) float array
        The latter.
    place : int
        The evaluation in the middle of those.
    """
    n, tail = showing.shape[1], tail_of(showing.shape[1])
    means = np.mean(sliding_window_view(showing[:, : n - tail].mean(axis=0), MIN_TAIL), axis=1)
    first = int(np.argmin(means))
    levels = judging[:, first : first + MIN_TAIL].mean(axis=1)
    return judging[:, -tail:].mean(axis=1) - levels, levels, first + MIN_TAIL // 2
