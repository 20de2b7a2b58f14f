"""Probabilities of all classes or labels from scores. Each row's depend on its own scores alone.

That a probability is too small for a number, or the difference of two scores too large, is no
error: the probability is 0 then.
"""

from __future__ import annotations

import numpy as np

from onelayer.model import LOSSES, ModelName, sigmoid
from onelayer.model.elementary import exp, log, log1p
from onelayer.model.losses import Floats

_EXTREMES = np.errstate(over="ignore", under="ignore")


@_EXTREMES
def probabilities(model: ModelName, scores: Floats) -> Floats:
    """Return the probability of each class, shape (n, n_classes), rows summing to 1.

    Those of the labels of a multilabel model do not exclude one another: each is of its own.

    Both columns of a logistic model are computed from the score: 1 - sigmoid(z) would lose the
    digits of a small one.
    """
    if model == "logistic":
        return np.hstack([sigmoid(scores), sigmoid(-scores)])
    return LOSSES[model].probabilities(scores)


@_EXTREMES
def log_probabilities(model: ModelName, scores: Floats) -> Floats:
    """Return the logarithms of `probabilities`, shape (n, n_classes); finite for finite scores."""
    if model == "logistic":
        rest = log1p(exp(-np.abs(scores)))
        return np.hstack([np.minimum(scores, 0) - rest, np.minimum(-scores, 0) - rest])
    if model == "multilabel":
        return np.minimum(scores, 0) - log1p(exp(-np.abs(scores)))
    shifted: Floats = scores - scores.max(axis=1, keepdims=True)
    np.maximum(shifted, np.finfo(shifted.dtype).min, out=shifted)
    shifted -= log(exp(shifted).sum(axis=1, keepdims=True))
    return shifted
