"""Make runs again, and look at their weights on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.context import Context
from onelayer.diagnosis.subjects.stepped import has_steps
from onelayer.study import RunOutcome
from onelayer.training import RunState, TrainConfig, evaluation_every
from onelayer.training.options import MOST

MOST_PICTURES, LEAST_PICTURES = 40, 8
"""Times at which a run is looked at."""

EARLY, PER_EPOCH = 256, 4
"""After each of so many steps a run may be looked at, and later so often in an epoch: to stop after
every step takes several times as long."""

MOST_NUMBERS = 900_000
"""That all of them have together: more would be too much for a page."""


def films(
    context: Context, runs: Sequence[RunOutcome]
) -> dict[str, tuple[list[int], NDArray[np.float32]]]:
    """Return the weights of runs after some of their steps, by the runs' names.

    The times are nearly equal apart on a logarithmic scale: from one step to those that lead to
    the weights which the run keeps. Runs whose steps do not lead there again, to the bit, are left
    out; of runs with too many weights for all, those with the least and the largest penalty are
    taken.

    Returns
    -------
    dict of (steps, array of shape (times, n_features, outputs))

    Raises
    ------
    OverBudget
        If it costs more than is left.
    """
    runs = [run for run in runs if has_steps(run) and kept_steps(run) > 1]
    if context.is_in_blocks or not runs:
        return {}
    size = runs[0].model.weights.size
    if MOST_NUMBERS // (size * len(runs)) < LEAST_PICTURES:
        by_penalty = sorted(runs, key=lambda run: run.record.config.l2)
        runs = by_penalty[:1] if len(runs) == 1 else [by_penalty[0], by_penalty[-1]]
    count = min(MOST_PICTURES, MOST_NUMBERS // (size * len(runs)))
    if count < LEAST_PICTURES:
        return {}
    times = {run.name: _times(run, count) for run in runs}
    there = _made_again(context, runs, times)
    return {
        run.name: (times[run.name], weights)
        for run in runs
        if len(weights := there[run.name]) == len(times[run.name])
        and np.array_equal(weights[-1], run.model.weights)
    }


def kept_steps(run: RunOutcome) -> int:
    """Return how many steps led to the weights that a run keeps."""
    best = run.record.best
    stops = run.record.config.early_stopping is not None and best is not None
    return best.step + 1 if stops and best is not None else run.record.steps


def _times(run: RunOutcome, count: int) -> list[int]:
    steps, every = kept_steps(run), 1
    if _may_be_cut(run):
        every = evaluation_every(run.record.batches_per_epoch, PER_EPOCH)

    def looked_at(time: float) -> int:
        if time <= EARLY:
            return round(time)
        return min(round((time - 1) / every) * every + 1, steps)

    return sorted({*(looked_at(t) for t in np.geomspace(1, steps, count)), steps})


def _made_again(
    context: Context, runs: Sequence[RunOutcome], times: Mapping[str, Sequence[int]]
) -> dict[str, NDArray[np.float32]]:
    found: dict[str, dict[int, NDArray[np.floating]]] = {run.name: {} for run in runs}

    def keep(states: Mapping[int, RunState]) -> None:
        for number, state in states.items():
            name = runs[number].name
            # What a state keeps is from before the steps that were made last.
            steps = state.step - len(state.losses[-1]) if state.losses else 0
            if steps in times[name] and steps not in found[name]:
                found[name][steps] = state.kept.weights.copy()

    part = context.parts(runs[0])[0], None
    if all(map(_may_be_cut, runs)):
        context.train(part, [_again(run, MOST, EARLY + 1) for run in runs], keep=keep)
        results = context.train(part, [_again(run, PER_EPOCH) for run in runs], keep=keep)
    else:
        results = context.train(part, [_again(run, MOST) for run in runs], keep=keep)
    for run, result in zip(runs, results, strict=True):
        found[run.name][kept_steps(run)] = result.parameters.weights
    return {
        name: np.array([own[steps] for steps in times[name] if steps in own])
        for name, own in found.items()
    }


def _may_be_cut(run: RunOutcome) -> bool:
    """Whether fewer steps of a run are the same: others depend on how many there are."""
    return run.record.config.schedule is None and run.record.config.averaging is None


def _again(run: RunOutcome, per_epoch: int, most: int | None = None) -> TrainConfig:
    """Return the configuration of the same steps, up to the kept weights where that may be."""
    config = run.record.config
    update: dict[str, object] = {
        "early_stopping": None, "optimum": False, "evaluations_per_epoch": per_epoch
    }  # fmt: skip
    if config.schedule is None:
        steps = kept_steps(run)
        update["max_steps"] = steps if most is None else min(most, steps)
    return config.model_copy(update=update)
