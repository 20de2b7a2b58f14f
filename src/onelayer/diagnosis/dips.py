"""Find sharp dips in a curve of validation accuracies, and say how regular they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

WINDOW = 5
"""A dip is measured against the median of this many evaluations around it."""

NOISE_MULTIPLE = 7.0
"""A dip is deeper than this many times the robust standard deviation about that median.

With 7, fewer than 1 in 100 curves of 100 to 500 independent normal values have a dip; with 5, more
than 1 in 10: every fifth value is the median of its window, and these zeros make the MAD small.
"""

STANDARD_ERRORS = 2.0
"""And deeper than this many binomial standard errors of one accuracy."""


@dataclass(frozen=True, eq=False)
class Dips:
    """The dips of one curve.

    Attributes
    ----------
    evaluations : (k,) int array
        Numbers of the evaluations at which the curve dips.
    depths : (k,) float array
        How far below the running median each lies, as fractions.
    threshold : float
        The least depth that counts.
    """

    evaluations: NDArray[np.int64]
    depths: NDArray[np.float64]
    threshold: float

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.evaluations)


def find_dips(accuracies: NDArray[np.float64], n_examples: int) -> Dips:
    """Return the evaluations whose accuracy lies far below their neighbours'.

    Neighbouring evaluations of one dip count once, at the deepest. The threshold is the larger of
    `NOISE_MULTIPLE` times 1.4826 MAD of the differences from the running median (Rousseeuw and
    Croux, 1993) and `STANDARD_ERRORS` binomial standard errors at the curve's median accuracy.

    Parameters
    ----------
    accuracies : (n_evaluations,) float array, fractions
    n_examples : int
        How many examples each accuracy is over.
    """
    # Beyond its ends the curve is taken to stay as it is there.
    windows = sliding_window_view(np.pad(accuracies, WINDOW // 2, mode="edge"), WINDOW)
    below = np.median(windows, axis=1) - accuracies
    noise = 1.4826 * float(np.median(np.abs(below - np.median(below))))
    typical = float(np.median(accuracies))
    sampling = float(np.sqrt(typical * (1 - typical) / n_examples))
    threshold = max(NOISE_MULTIPLE * noise, STANDARD_ERRORS * sampling, 1 / n_examples)
    deep = np.flatnonzero(below > threshold)
    runs = np.split(deep, np.flatnonzero(np.diff(deep) > 1) + 1) if len(deep) else []
    deepest = np.array([run[np.argmax(below[run])] for run in runs], np.int64)
    return Dips(deepest, below[deepest], threshold)
