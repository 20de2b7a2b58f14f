"""Whether the true class is among those with the largest scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onelayer.errors import Argument, InputError
from onelayer.model import LOSSES, ModelName
from onelayer.model.losses import Floats, Targets


def places(model: ModelName, scores: Floats, targets: Targets) -> NDArray[np.intp]:
    """Return how many classes come before each example's own, by falling score; shape (n,).

    Of classes with equal scores the first in the order of the classes comes first, as where one is
    predicted: a class has place 0 if and only if it is the predicted one. (scikit-learn's
    `top_k_accuracy_score` takes the last of equals first, and its predictions the first.)

    Parameters
    ----------
    scores : (n, n_outputs) array
    targets : (n,) array
        The index of each example's class.
    """
    if scores.shape[1] == 1:
        return np.asarray(LOSSES[model].predict(scores) != targets, np.intp)
    own = scores[np.arange(len(scores)), targets][:, None]
    found = np.asarray(np.count_nonzero(scores > own, axis=1), np.intp)
    equal = scores == own
    tied = np.flatnonzero(np.count_nonzero(equal, axis=1) > 1)
    if len(tied):
        before = np.arange(scores.shape[1]) < targets[tied][:, None]
        found[tied] += np.count_nonzero(equal[tied] & before, axis=1)
    return found


def check_k(k: int, n_classes: int, name: str = "k") -> None:
    """Refuse a number of classes among which the true one always is, or never.

    Raises
    ------
    InputError
        That names the argument `name`.
    """
    if not 1 <= k < n_classes:
        raise InputError(
            Argument(name), f": {k} was given; with {n_classes} classes it is from 1 to "
            f"{n_classes - 1}.",
        )  # fmt: skip
