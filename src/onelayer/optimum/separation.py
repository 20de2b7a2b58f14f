"""Classes that a plane separates: without a penalty the loss then has no minimum.

Parameters D are the proof: with them no example has a larger score for another class than for its
own, and some have a smaller one. Then J(W + c D) falls for ever as c grows, for any W (Albert and
Anderson, "On the existence of maximum likelihood estimates in logistic regression models", 1984).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from onelayer.data import Dataset, Rows, Scaling
from onelayer.data.blocks import map_rows, together
from onelayer.model import Parameters

MOST_MARGINS, MOST_PARAMETERS = 20_000, 1500
"""With more, a linear programme takes longer than it is worth."""

_ROWS_AT_ONCE = 4096
_ROUNDING = 1e-7
"""Of margins of 1: what the programme's own tolerance leaves."""


def separates(data: Dataset, parameters: Parameters, rows: Rows) -> bool:
    """Return whether every one of some examples has its largest score for its own class alone.

    Scores are computed in float64.
    """
    separated = partial(_separated, data.scaling, parameters)
    return all(map_rows(data.X, separated, rows, _ROWS_AT_ONCE, data.targets))


def _separated(scaling: Scaling, parameters: Parameters, X: Any, targets: NDArray[Any]) -> bool:
    return bool((_margins(scaling, parameters, X, targets) > 0).all())


def find_direction(data: Dataset, n_outputs: int, rows: Rows) -> Parameters | None:
    """Return parameters that separate classes, if only in part; None where there are none.

    A linear programme finds the largest sum of margins between 0 and 1. None also where there are
    too many examples or features for it.
    """
    K, n_features = max(2, n_outputs), data.n_features
    free = K - 1  # the last output's scores are held at 0
    if len(rows) * free > MOST_MARGINS or free * (n_features + 1) > MOST_PARAMETERS:
        return None
    found = partial(_direction_of_few, data.scaling, data.targets[rows], n_outputs)
    return together(data.X, found, rows)


def _direction_of_few(
    scaling: Scaling, targets: NDArray[Any], n_outputs: int, raw: Any
) -> Parameters | None:
    K = max(2, n_outputs)
    free, width = K - 1, raw.shape[1] + 1
    X = scaling.apply(raw, np.float64)
    ones = np.ones((len(targets), 1))
    X = sparse.csr_array(sparse.hstack([X, ones]) if sparse.issparse(X) else np.hstack([X, ones]))
    parts = []
    for k in range(K):
        for j in range(K):
            if k != j:
                own = X[targets == k]
                blocks = [sparse.csr_array((own.shape[0], width)) for _ in range(K)]
                blocks[k], blocks[j] = own, -own
                parts.append(sparse.hstack(blocks[:free]))
    A = sparse.vstack(parts, "csr")
    total = np.asarray(A.sum(axis=0)).ravel()
    found = optimize.linprog(
        -total, A_ub=sparse.vstack([-A, A]), b_ub=np.repeat([0.0, 1.0], A.shape[0]),
        bounds=(None, None), method="highs",
    )  # fmt: skip
    if found.x is None or -found.fun < 0.5:
        return None
    D = np.vstack([found.x.reshape(free, width), np.zeros(width)])
    D = D[:1] if n_outputs == 1 else D
    direction = Parameters(np.ascontiguousarray(D[:, :-1].T), D[:, -1].copy())
    margins = _margins(scaling, direction, raw, targets)
    return direction if margins.min() >= -_ROUNDING else None


def _margins(
    scaling: Scaling, parameters: Parameters, X: Any, targets: NDArray[Any]
) -> NDArray[np.float64]:
    """Return by how much each example's own score exceeds the largest of the others."""
    scores = parameters.scores(scaling.apply(X, np.float64))
    if len(parameters.bias) == 1:
        return np.where(targets == 0, scores[:, 0], -scores[:, 0])
    at = np.arange(len(targets)), targets
    own = scores[at].copy()
    scores[at] = -np.inf
    return np.asarray(own - scores.max(axis=1), np.float64)
