"""How much too good the best of several looks on the examples that chose it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.statistics.quantiles import t_two_sided

SPLITS = 200

GROUPS = 20


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
    there is next to none. The interval is by a jackknife over groups of examples (Quenouille,
    1956).

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
    return Optimism(estimate, (max(estimate - reach, 0.0), estimate + reach))


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
