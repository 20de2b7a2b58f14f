"""Probabilities of all classes from scores."""

from __future__ import annotations

import numpy as np

from onelayer.model import ModelName, sigmoid, softmax
from onelayer.model.losses import Floats


def probabilities(model: ModelName, scores: Floats) -> Floats:
    """Return the probability of each class, shape (n, n_classes), rows summing to 1.

    Both columns of a logistic model are computed from the score: 1 - sigmoid(z) would lose the
    digits of a small one.
    """
    if model == "logistic":
        return np.hstack([sigmoid(scores), sigmoid(-scores)])
    return softmax(scores)
