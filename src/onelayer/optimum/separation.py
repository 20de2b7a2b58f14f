"""Classes that a plane separates: without a penalty the loss then has no minimum."""

from __future__ import annotations

import numpy as np

from onelayer.data import Dataset, Rows, row_blocks
from onelayer.model import Parameters

_ROWS_AT_ONCE = 4096


def separates(data: Dataset, parameters: Parameters, rows: Rows) -> bool:
    """Return whether every one of some examples has its largest score for its own class.

    If so, c times the parameters have a loss that tends to 0 as c grows: there is no minimum, and
    the parameters are the proof. Scores are computed in float64.
    """
    logistic = len(parameters.bias) == 1
    for block in row_blocks(len(rows), _ROWS_AT_ONCE):
        some = rows[block]
        scores = parameters.scores(data.scaling.apply(data.X[some], np.float64))
        targets = data.targets[some]
        if logistic:
            margins = np.where(targets == 0, scores[:, 0], -scores[:, 0])
        else:
            own = scores[np.arange(len(some)), targets].copy()
            scores[np.arange(len(some)), targets] = -np.inf
            margins = own - scores.max(axis=1)
        if not (margins > 0).all():
            return False
    return True
