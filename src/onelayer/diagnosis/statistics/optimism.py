"""How much too good the best of several looks on the examples that chose it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.statistics.quantiles import t_two_sided, z_two_sided

SPLITS = 200

GROUPS = 20

SAMPLES = 200
"""Of accuracies, for how the estimate varies; SURE leaves five of them on one side."""

SURE = 0.975
"""Of the lower end: the interval's other 2.5% are above it."""

ALIKE = 0.95
"""Accuracies that are no further apart than in so many of samples of equal models are alike."""

DRAWS = 1_000_000
"""Numbers that are drawn at once, at most; of many models fewer choices are made in each sample."""

MOST_TIMES = 8.0
"""Accuracies are taken to be at most so many times as far apart as they are seen to be, and a lead
to be at most so many standard deviations of a difference larger."""

HALVINGS = 10


@dataclass(frozen=True)
class Optimism:
    """The accuracy of the best on the examples that chose it, less its accuracy on others.

    Attributes
    ----------
    estimate : float
    interval : (float, float)
        Of 95%; it covers the mean of that difference over choices on as many examples.
    """

    estimate: float
    interval: tuple[float, float]


def choice_optimism(correct: Sequence[NDArray[np.bool_]], seed: int = 0) -> Optimism:
    """Return how optimistic the accuracy of the most accurate model is.

    The examples are split in halves many times; each half chooses a model, and the other reports
    on it. A half's accuracies vary by the root of 2 more than those of all examples, so that this
    is divided by it: right for models that are about as good, too much where one is far ahead and
    there is next to none. The upper end of the interval is by a jackknife over groups of examples
    (Quenouille, 1956), which errs on the wide side. The lower end is by what would explain the
    estimate with less optimism: true accuracies further apart than those that are seen, or a best
    one further ahead, of the others as they are seen or of equal ones. The least optimism is taken
    with which one estimate in 40 is as large as this one; of equal others, where they look equal,
    that with which one lead over their mean in 40 is as small as the one that is seen.

    Parameters
    ----------
    correct : k arrays, each (n,) bool, k at least 2 and n at least 2 * GROUPS
        Which of the same examples each model has right.
    """
    rights = np.asarray(correct)
    n = rights.shape[1]
    rng = np.random.default_rng(seed)
    groups = rng.permutation(n) % GROUPS
    # What all have right, or all wrong, chooses none.
    told = np.flatnonzero(rights.any(axis=0) & ~rights.all(axis=0))
    halves = rng.choice(np.array([-1, 1], np.float32), size=(SPLITS, len(told)))
    totals = np.zeros((GROUPS, len(rights)), np.float32)
    signed = np.zeros((GROUPS, SPLITS, len(rights)), np.float32)
    for group in range(GROUPS):
        own = groups[told] == group
        part = rights[:, told[own]].astype(np.float32)
        totals[group] = part.sum(axis=1)
        signed[group] = halves[:, own] @ part.T
    total, difference = totals.sum(axis=0), signed.sum(axis=0)
    estimate = _optimism(total, difference) / n
    rest = n * (1 - 1 / GROUPS)
    without = [
        _optimism(total - own, difference - parts) / rest
        for own, parts in zip(totals, signed, strict=True)
    ]
    error = math.sqrt((GROUPS - 1) * float(np.var(without)))
    reach = t_two_sided(GROUPS - 1) * error
    return Optimism(estimate, (min(_least(rights[:, told], n, rng), estimate), estimate + reach))


def _optimism(total: NDArray[np.float32], difference: NDArray[np.float32]) -> float:
    """Return the mean optimism times n.

    Parameters
    ----------
    total : (k,) float array
        How many examples each model has right.
    difference : (splits, k) float array
        How many more in the first half than in the second.
    """
    splits = np.arange(len(difference))
    first = np.argmax(total + difference, axis=1)
    second = np.argmax(total - difference, axis=1)
    apart = difference[splits, first] - difference[splits, second]
    return float(np.mean(apart, dtype=np.float64)) / math.sqrt(2)


def _least(told: NDArray[np.bool_], n: int, rng: np.random.Generator) -> float:
    """Return the lower end of the interval: the least optimism that explains the estimate.

    Parameters
    ----------
    told : (k, m) bool array
        Which of the examples that tell models apart each has right.
    n : int
        How many examples there are.
    """
    models = np.unique(told, axis=0)
    if len(models) < 2:
        return 0.0
    # What an example adds to all models alike chooses none: it is left out.
    apart = models - models.mean(axis=0)
    means = apart.sum(axis=1) / n
    values, vectors = np.linalg.eigh((apart @ apart.T / n - np.outer(means, means)) / n)
    root = (vectors * np.sqrt(np.maximum(values, 0))).astype(np.float32)
    count = min(max(DRAWS // (SAMPLES * len(models)), 20), 100)
    noise, choosing = (
        np.concatenate([half, -half])
        for half in (
            rng.standard_normal((size // 2, len(models)), np.float32) @ root.T
            for size in (SAMPLES, count)
        )
    )
    means = means.astype(np.float32)
    best = int(np.argmax(means))
    # Counts are whole numbers, and models often stand equal that need not be.
    whole = rng.uniform(-0.5 / n, 0.5 / n, (SAMPLES, len(means))).astype(np.float32)
    seen = _estimates(means + whole, choosing)
    # Of two models that stand equal the difference is nought, and says nothing of how far apart.
    step = np.zeros_like(means)
    step[best] = float(np.max(np.std(noise - noise[:, [best]], axis=0)))

    def optimism(accuracies: NDArray[np.float32]) -> float:
        errors = np.concatenate([noise, choosing])
        picked = np.argmax(accuracies + errors, axis=1)
        return float(np.mean(errors[np.arange(len(errors)), picked], dtype=np.float64))

    def furthest(start: NDArray[np.float32], direction: NDArray[np.float32]) -> float:
        low, high = 0.0, MOST_TIMES
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            estimates = _estimates(start + middle * direction + noise, choosing)
            explains = float(np.mean(estimates >= seen)) > 1 - SURE
            low, high = (middle, high) if explains else (low, middle)
        return low

    level = np.zeros_like(means)
    lead = _greatest_lead(means, noise, best, n)
    ahead = furthest(level, step) if lead is None else lead / float(step[best])
    lines = (furthest(level, means) * means, ahead * step, means + furthest(means, step) * step)
    return max(min(map(optimism, lines)), 0.0)


def _greatest_lead(
    means: NDArray[np.float32], noise: NDArray[np.float32], best: int, n: int
) -> float | None:
    """Return how far the best may be ahead of others that are equal; None: they don't look equal.

    Of equal others their mean says where they are, and says more than their best one, from which
    the estimate comes. How far apart they are says nothing of the lead, so that it may decide.

    Parameters
    ----------
    means : (k,) float array
        Accuracies, less the mean of all.
    noise : (samples, k) float array
        By how much they may differ from the true ones, less that of all.
    """
    spread = np.var(np.delete(noise, best, axis=1), axis=1)
    if np.var(np.delete(means, best)) > np.quantile(spread, ALIKE):
        return None
    error = math.hypot(float(np.std(noise[:, best])), 1 / (math.sqrt(12) * n))
    return float(means[best] + z_two_sided(2 * SURE - 1) * error) / (1 - 1 / len(means))


def _estimates(
    accuracies: NDArray[np.float32], choosing: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return what the halves would estimate, as their number grows, where counts are near normal.

    Parameters
    ----------
    accuracies : (samples, k) float array
    choosing : (draws, k) float array
        By how much a half's accuracies differ from those of all examples.
    """
    picked = np.argmax(accuracies[:, None] + choosing, axis=2)
    apart = np.mean(choosing[np.arange(len(choosing)), picked], axis=1, dtype=np.float64)
    return math.sqrt(2) * np.asarray(apart, np.float64)
