"""How much the examples of each class count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from onelayer.data.labels import Label
from onelayer.errors import Argument, InputError
from onelayer.words import first_few

ClassWeight: TypeAlias = "str | Mapping[Any, Any] | None"
"""None, "balanced", or a number by label."""

_NAME = Argument("class_weight")


def class_factors(
    given: ClassWeight,
    classes: Sequence[Label],
    targets: NDArray[np.integer],
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64] | None:
    """Return how much an example of each class counts, beside its own weight.

    Parameters
    ----------
    given : None, "balanced" or mapping
        "balanced" lets all classes count the same in sum; a mapping gives factors by label, and 1
        for classes it does not name.
    classes : sequence of labels
    targets : array, shape (n,)
        The index of each example's class.
    weights : array, shape (n,), optional
        Those of the examples, for "balanced".

    Returns
    -------
    array, shape (n_classes,), or None

    Raises
    ------
    InputError
        For anything else, or a factor that is negative or not finite.
    """
    if given is None:
        return None
    if isinstance(given, str) and given == "balanced":
        sums = np.bincount(targets, weights, minlength=len(classes))
        return np.where(sums > 0, sums.sum() / (len(classes) * np.where(sums > 0, sums, 1)), 1.0)
    if not isinstance(given, Mapping):
        raise InputError(
            _NAME, f": {given!r} was given; allowed: None, 'balanced', or a dict with a number for "
            "each class.",
        )  # fmt: skip
    unknown = [label for label in given if label not in classes]
    if unknown and not all(label in given for label in classes):
        raise InputError(
            _NAME, f": {first_few(unknown)} is none of the classes {first_few(classes)}, not all "
            "of which have a weight.",
        )  # fmt: skip
    try:
        factors = np.array([given.get(label, 1) for label in classes], np.float64)
    except (TypeError, ValueError):
        raise InputError(_NAME, ": the weights must be numbers.") from None
    if not np.isfinite(factors).all() or (factors < 0).any() or not factors.any():
        raise InputError(_NAME, ": the weights must be finite, at least 0, and not all zero.")
    return factors


def class_weights_in_words(classes: Sequence[Label], factors: Iterable[float]) -> str:
    """Say how much examples of each class count: 'cat' 0.75, 'dog' 1.5."""
    return first_few(
        zip(classes, factors, strict=True), lambda pair: f"{pair[0]!r} {float(pair[1]):.4g}"
    )
