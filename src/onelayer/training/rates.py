"""The rates of each step: pure functions of its number, whatever else is trained or resumed.

Of a run of T steps the first N = `warmup_steps` are its warm-up: step s has the share
(s + 1) / (N + 1) of the learning rate. From there on t = s - N counts, and the share is, by kind of
schedule, in PyTorch's forms (https://docs.pytorch.org/docs/stable/optim.html):

- none: 1
- step: factor ** (t // every), as `StepLR`
- inverse: 1 / (1 + t / every), as `LambdaLR` has it for Robbins and Monro's 1 / t
- cosine: floor + (1 - floor) (1 + cos(pi t / (T - N))) / 2, as `CosineAnnealingLR` (Loshchilov and
  Hutter, "SGDR", 2017)
- one_cycle: half a cosine from 1/25 up to 1 at step p, and another down to 1/250000 at the last
  step, as `OneCycleLR` without a cycle of momentum (Smith and Topin, "Super-convergence", 2018). It
  has its own way up: p = N, or 0.3 T - 1 where N is 0.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from onelayer.training.config import TrainConfig
from onelayer.training.tables import RateSchedule

RISE = 0.3
"""The share of its steps in which a cycle rises, unless `warmup_steps` says otherwise."""

CYCLE_START, CYCLE_END = 1 / 25, 1 / 25e4

Floats = NDArray[np.float64]


def learning_rates(config: TrainConfig, total: int, first: int, count: int) -> Floats:
    """Return the learning rates of some steps.

    Parameters
    ----------
    total : int
        The steps of the whole run, if nothing ends it before.
    first, count : int
        The first of the steps, and how many there are.

    Returns
    -------
    array, shape (count,)
    """
    if config.schedule is None and first >= config.warmup_steps:
        return np.full(count, config.learning_rate)
    return config.learning_rate * _shares(config.schedule, config.warmup_steps, total, first, count)


@lru_cache(maxsize=64)
def _shares(
    schedule: RateSchedule | None, warmup: int, total: int, first: int, count: int
) -> Floats:
    """Return the shares of the learning rate; the models of a sweep have them in common.

    One at a time: a vectorised cosine may depend on where in the array a step stands.
    """
    steps = range(first, first + count)
    shares = np.array([share(schedule, warmup, total, step) for step in steps])
    shares.flags.writeable = False
    return shares


def share(schedule: RateSchedule | None, warmup: int, total: int, step: int) -> float:
    """Return which share of the learning rate a step has; see above."""
    kind = None if schedule is None else schedule.kind
    if kind == "one_cycle":
        return _one_cycle(float(warmup) if warmup else max(0.0, RISE * total - 1), total, step)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    t = step - warmup
    if schedule is None:
        return 1.0
    if kind == "cosine":
        assert schedule.floor is not None
        return _cosine(1.0, schedule.floor, t / (total - warmup))
    assert schedule.every is not None
    if kind == "inverse":
        return 1 / (1 + t / schedule.every)
    assert schedule.factor is not None
    return math.pow(schedule.factor, t // schedule.every)


def rate_limit(config: TrainConfig, largest: float = 0.0) -> float:
    """Return the rate from which on steps no longer shrink what is left.

    Parameters
    ----------
    largest : float
        The largest eigenvalue of the Hessian of the loss; 0: the limit of the penalty alone.
    """
    mu = config.momentum
    reach = 2 * (1 + mu) / (1 + 2 * mu * config.nesterov)
    curvature = largest + 2 * config.l2
    return reach / curvature if curvature > 0 else math.inf


def penalty_diverges(config: TrainConfig, total: int, steps: int) -> bool:
    """Whether the penalty alone made the weights larger in some of the steps of a run."""
    if config.l2 == 0 or config.solver == "optimum" or steps == 0:
        return False
    return float(learning_rates(config, total, 0, steps).max()) > rate_limit(config)


def _one_cycle(peak: float, total: int, step: int) -> float:
    if step < peak:
        return _cosine(CYCLE_START, 1.0, step / peak)
    falls = total - 1 - peak
    return _cosine(1.0, CYCLE_END, (step - peak) / falls) if step > peak else 1.0


def _cosine(begin: float, end: float, done: float) -> float:
    """Return where half a cosine from one value to another is, with a part of it done."""
    return end + (begin - end) * (1 + math.cos(math.pi * done)) / 2


def averaging_rates(config: TrainConfig, first: int, count: int) -> Floats:
    """Return how far each of some steps moves the average, as a share of the way to its iterate.

    The average begins as the iterate of the step `start`, as in PyTorch's `AveragedModel`; before
    that it is each iterate itself. The mean of n iterates goes 1 / n of the way to the last one.
    Without averaging the share is 1.
    """
    averaging = config.averaging
    if averaging is None:
        return np.ones(count)
    assert averaging.start is not None
    seen = np.arange(first, first + count) - averaging.start  # iterates before the step's own
    if averaging.kind == "mean":
        return 1 / (1 + np.maximum(seen, 0))
    assert averaging.decay is not None
    return np.where(seen > 0, 1 - averaging.decay, 1.0)
