"""Which of several models may be the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.statistics.paired import PairedAccuracies


def set_of_best(correct: Sequence[NDArray[np.bool_]], confidence: float = 0.95) -> list[int]:
    """Return the numbers of the models among which the truly best one is, with this confidence.

    A model is left out if any other is ahead of it by a one-sided McNemar test at the level of
    (1 - confidence) / (k - 1), k models: the truly best one is then left out too rarely, although
    which other is ahead was picked by looking (Hsu, 1984; Bonferroni's bound in place of Dunnett's
    distribution, which would need equal correlations).

    Parameters
    ----------
    correct : k arrays, each (n,) bool
        Which of the same examples each model has right.
    """
    level = (1 - confidence) / max(len(correct) - 1, 1)

    def is_behind(model: NDArray[np.bool_]) -> bool:
        pairs = (PairedAccuracies.of(other, model) for other in correct)
        return any(pair.difference > 0 and pair.p_value / 2 <= level for pair in pairs)

    return [i for i, model in enumerate(correct) if not is_behind(model)]
