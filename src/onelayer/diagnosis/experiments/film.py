"""Make runs again, and look at their weights on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.context import Context
from onelayer.diagnosis.subjects.stepped import has_steps
from onelayer.study import RunOutcome
from onelayer.training import RunState, TrainConfig
from onelayer.training.options import MOST

MOST_PICTURES, LEAST_PICTURES = 40, 8
"""Times at which a run is looked at."""

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
    times = {run.name: _times(kept_steps(run), count) for run in runs}
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


def _times(steps: int, count: int) -> list[int]:
    return sorted({int(s) for s in np.rint(np.geomspace(1, steps, count))})


def _made_again(
    context: Context, runs: Sequence[RunOutcome], times: Mapping[str, Sequence[int]]
) -> dict[str, NDArray[np.float32]]:
    found: dict[str, list[NDArray[np.floating]]] = {run.name: [] for run in runs}

    def keep(states: Mapping[int, RunState]) -> None:
        for number, state in states.items():
            name = runs[number].name
            # What a state keeps is from before the one step that was made last.
            missing = times[name][len(found[name]) :]
            if missing and state.step - 1 == missing[0]:
                found[name].append(state.kept.weights.copy())

    configs = [_at_every_step(run) for run in runs]
    results = context.train((context.parts(runs[0])[0], None), configs, keep=keep)
    for run, result in zip(runs, results, strict=True):
        if len(found[run.name]) == len(times[run.name]) - 1:
            found[run.name].append(result.parameters.weights)
    return {name: np.array(weights) for name, weights in found.items()}


def _at_every_step(run: RunOutcome) -> TrainConfig:
    """Return the configuration of the same steps, up to the kept weights where that may be.

    A schedule of the rate depends on how many steps there are at most.
    """
    config = run.record.config
    update: dict[str, object] = {
        "early_stopping": None, "optimum": False, "evaluations_per_epoch": MOST
    }  # fmt: skip
    if config.schedule is None:
        update["max_steps"] = kept_steps(run)
    return config.model_copy(update=update)
