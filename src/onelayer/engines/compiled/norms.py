"""The norm of what a penalty covers."""

from __future__ import annotations

import numpy as np

from onelayer.engines.compiled.compiler import compiled


@compiled
def squared_norm(W, bias, include_bias):
    """Return the sum of squares of what a penalty covers, in float64."""
    total = 0.0
    for k in range(len(bias)):
        if include_bias:
            total += np.float64(bias[k]) ** 2
        for weight in W[k]:
            total += np.float64(weight) ** 2
    return total
