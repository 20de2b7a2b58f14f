"""Which of several models may be the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.statistics.paired import PairedAccuracies


def set_of_best(correct: Sequence[NDArray[np.bool_]], confidence: float = 0.95) -> list[int]:
    """Return the numbers of the models among which the truly best one is, with this confidence.

    A model is left out if any other is ahead of it by a one-sided McNemar test at the level of
    (1 - confidence) / (k - 1), k models. So the truly best one is left out in at most 1 -
    confidence of cases, although which other is ahead was picked by looking (Hsu, 1984; with
    Bonferroni's bound in place of Dunnett's distribution, which needs equal correlations).

    Parameters
    ----------
    correct : k arrays, each (n,) bool
        Which of the same examples each model has right.
    """
    level = (1 - confidence) / max(len(correct) - 1, 1)
    rights = np.asarray(correct, np.float32)
    n = rights.shape[1]
    # Counts are whole numbers, and exact in float32.
    ahead = np.rint(rights @ (1 - rights).T).astype(np.int64)

    def is_behind(i: int) -> bool:
        others = (PairedAccuracies(n, int(ahead[j, i]), int(ahead[i, j])) for j in by_accuracy)
        return any(pair.difference > 0 and pair.p_value / 2 <= level for pair in others)

    by_accuracy = np.argsort(-rights.sum(axis=1), kind="stable")
    return [i for i in range(len(correct)) if not is_behind(i)]
