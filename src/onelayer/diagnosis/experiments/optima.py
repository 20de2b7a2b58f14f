"""What models at the minimum of their objective are right about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.budget import OverBudget, seconds_of_passes
from onelayer.diagnosis.context import Context, right
from onelayer.errors import InputError
from onelayer.model import n_outputs
from onelayer.optimum import Optimum
from onelayer.study import RunOutcome
from onelayer.training.final import as_classifier

PASSES_AT_MOST, PASSES_AT_LEAST = 100, 40
"""That a search may take. Without a penalty, or with hardly any, it might go on for very long."""

SECONDS = 1.0
"""That a search without a penalty, or with one that no run has, may take beyond `PASSES_AT_LEAST`.

Where 100 passes do not end it, what the model has right is by 40 what it will be, to a tenth of a
point: on 20,000 of MNIST with λ = 0.0001, 91.62% in place of 91.71% of the validation examples.
"""

TOLERANCES = (1e-3, 1e-5, 1e-7, 1e-9, 1e-11)
"""Of the searches; a smaller one where the weights are not yet known well, and cost little."""

WITHIN = 0.05
"""Of the norm: so well the weights should be known."""

FEW_PASSES = 20
"""A minimum that took no more is sought more closely."""


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
        return _norm(self.found)

    @property
    def norm_error(self) -> float:
        """How far the norm may be from that of the true minimum, at most.

        J grows by at least λ times the squared distance from its minimum.
        """
        return _norm_error(self.found)


def at_minima(
    context: Context,
    run: RunOutcome,
    l2s: Sequence[float],
    *,
    within: float = WITHIN,
    if_affordable: bool = False,
) -> dict[float, AtMinimum]:
    """Return the models at the minimum of a run's objective with other λ, by λ.

    Empty where a run reads some features or drawn examples alone, or there can be no search.

    Parameters
    ----------
    within : float
        Of the norm: so near is that of each minimum which takes few passes.
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
    try:
        found = _sought(context, run, [float(l2) for l2 in l2s], within)
    except InputError:  # a class has no example
        return {}
    except OverBudget:
        if if_affordable:
            return {}
        raise
    return {
        l2: context.once(
            ("at minimum", run.run.selection, id(o)), partial(_measured, context, run, o)
        )
        for l2, o in found.items()
    }


def _sought(
    context: Context, run: RunOutcome, l2s: list[float], within: float
) -> dict[float, Optimum]:
    """Return the minima, the closer the looser the bound on J leaves the weights.

    Under a strong penalty J says little of them: zeros are as good, to one in a thousand.
    """
    found: dict[float, Optimum] = {}
    for tolerance in TOLERANCES:
        again = [l2 for l2 in l2s if l2 not in found or _is_loose(found[l2], within)]
        if not again:
            break
        for some, most in _passes(context, run, again, first=tolerance == TOLERANCES[0]):
            objectives = [replace(run.record.config.objective, l2=l2) for l2 in some]
            optima = context.minima_of(run, objectives, tolerance, most)
            found |= {
                l2: o for l2, o in zip(some, optima, strict=True)
                if o.reason == "certified" or l2 not in found
            }  # fmt: skip
    return found


def _passes(
    context: Context, run: RunOutcome, l2s: list[float], *, first: bool
) -> list[tuple[list[float], int]]:
    """Return the penalties that are sought together, and how many passes that may take."""
    if not first:
        return [(l2s, 2 * FEW_PASSES)]
    of_runs = {each.record.config.l2 for each in context.outcome.runs} - {0.0}
    others = [l2 for l2 in l2s if l2 not in of_runs]
    train, _ = context.parts(run)
    outputs = len(others) * n_outputs(run.record.config.model, train.n_classes)
    most = SECONDS / seconds_of_passes(train, max(outputs, 1), 1)
    fewer = int(np.clip(most, PASSES_AT_LEAST, PASSES_AT_MOST))
    if fewer == PASSES_AT_MOST:
        return [(l2s, PASSES_AT_MOST)]
    own = [l2 for l2 in l2s if l2 in of_runs]
    return [(some, n) for some, n in ((own, PASSES_AT_MOST), (others, fewer)) if some]


def _is_loose(found: Optimum, within: float) -> bool:
    if found.reason != "certified" or found.passes > FEW_PASSES or found.objective.l2 == 0:
        return False
    return _norm_error(found) > within * _norm(found)


def _norm(found: Optimum) -> float:
    covers_bias = found.objective.penalize_bias
    return math.sqrt(found.parameters.squared_norm(include_bias=covers_bias))


def _norm_error(found: Optimum) -> float:
    l2 = found.objective.l2
    return math.sqrt(found.excess_bound / l2) if l2 > 0 else math.inf


def _measured(context: Context, run: RunOutcome, found: Optimum) -> AtMinimum:
    train, validation = context.parts(run)
    model = as_classifier(run.record.config, found.parameters, train)
    return AtMinimum(found, right(model, train), right(model, validation))
