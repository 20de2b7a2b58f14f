"""What models at the minimum of their objective are right about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.budget import OverBudget
from onelayer.diagnosis.context import Context
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.optimum import Optimum
from onelayer.study import RunOutcome
from onelayer.training.final import as_classifier

PASSES_AT_MOST = 100
"""Of a search: without a penalty, or with hardly any, it might go on for very long."""


@dataclass(frozen=True, eq=False)
class AtMinimum:
    """The model where a search ended.

    Attributes
    ----------
    found : Optimum
    train_right, val_right : (n,) bool arrays
        Which examples of either part it has right.
    """

    found: Optimum
    train_right: NDArray[np.bool_]
    val_right: NDArray[np.bool_]

    @property
    def is_certified(self) -> bool:
        """Whether it is the minimum, to within the tolerance of the search."""
        return self.found.reason == "certified"

    @property
    def train_accuracy(self) -> float:
        """Share of the training examples that are right."""
        return float(np.mean(self.train_right))

    @property
    def val_accuracy(self) -> float:
        """Share of the validation examples that are right."""
        return float(np.mean(self.val_right))

    @property
    def norm(self) -> float:
        """Euclidean norm of what the penalty covers."""
        covers_bias = self.found.objective.penalize_bias
        return math.sqrt(self.found.parameters.squared_norm(include_bias=covers_bias))

    @property
    def norm_error(self) -> float:
        """How far the norm may be from that of the true minimum, at most.

        J grows by at least λ times the squared distance from its minimum.
        """
        l2 = self.found.objective.l2
        return math.sqrt(self.found.excess_bound / l2) if l2 > 0 else math.inf


def right(model: Classifier, part: Dataset) -> NDArray[np.bool_]:
    """Return which examples a model has right: all labels of them, where there are several."""
    equal = model.predict_indices(part.X) == part.encode(model.classes)
    return np.asarray(equal.all(axis=1) if equal.ndim == 2 else equal)


def at_minima(
    context: Context,
    run: RunOutcome,
    l2s: Sequence[float],
    tolerance: float = 1e-3,
    *,
    if_affordable: bool = False,
) -> dict[float, AtMinimum]:
    """Return the models at the minimum of a run's objective with other λ, by λ.

    Empty where a run reads some features or drawn examples alone, or there can be no search.

    Parameters
    ----------
    if_affordable : bool
        Whether to return none where the searches would cost more than is left.

    Raises
    ------
    OverBudget
        If they would, otherwise.
    """
    config = run.record.config
    if config.features is not None or config.examples_per_class is not None:
        return {}
    objectives = [replace(config.objective, l2=float(l2)) for l2 in l2s]
    try:
        optima = context.minima_of(run, objectives, tolerance, PASSES_AT_MOST)
    except InputError:  # a class has no example
        return {}
    except OverBudget:
        if if_affordable:
            return {}
        raise
    train, validation = context.parts(run)

    def measured(found: Optimum) -> AtMinimum:
        model = as_classifier(config, found.parameters, train)
        return AtMinimum(found, right(model, train), right(model, validation))

    return {
        l2: context.once(("at minimum", run.run.classes, id(o)), partial(measured, o))
        for l2, o in zip(l2s, optima, strict=True)
    }
