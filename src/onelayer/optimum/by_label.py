"""The minimum of a multilabel objective: the sum of the minima of its labels' logistic ones.

J = sum_k (C_k + l2 |w_k|^2), and no two labels share a parameter. So each label is minimised alone,
and values and bounds add up: where each J_k is within its tolerance, so is the sum, since every J_k
is positive.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.engines import WeightedRows
from onelayer.errors import InputError
from onelayer.model import Objective, Parameters
from onelayer.optimum.result import Optimum, Reason

Floats = NDArray[np.float64]

_BY_CONSEQUENCE: tuple[Reason, ...] = (
    "no_minimum", "interrupted", "passes", "precision", "uncertified", "certified",
)  # fmt: skip
"""Of the reasons of several searches the first of these is that of them all."""

assert {*_BY_CONSEQUENCE} == {*get_args(Reason)}


def minimise_labels(
    minimise: Callable[..., list[Optimum]],
    data: Dataset,
    objectives: Sequence[Objective],
    *,
    watch: Callable[[int, Sequence[float]], None],
    **how: Any,
) -> list[Optimum]:
    """Minimise multilabel objectives, label after label; see `onelayer.optimum.minimise`.

    Parameters
    ----------
    minimise : function
        That function, for logistic objectives.
    how
        Its other arguments. `max_passes` holds for each label.

    Raises
    ------
    InputError
        If of the examples that count for an objective all have a label, or none.
    """
    check_labels(data, WeightedRows.of(data.targets, how["rows"], how["weights"]))
    logistic = [Objective("logistic", o.l2, o.penalize_bias) for o in objectives]
    found: list[list[Optimum]] = []
    passes, shares, last = 0, np.zeros(len(objectives)), data.n_classes - 1
    for k in range(data.n_classes):
        column = Dataset(data.X, data.targets[:, k], classes=(1, 0), scaling=data.scaling)

        # What is not yet known of the labels to come is infinite.
        least = shares if k == last else np.full(len(objectives), math.inf)

        def tell(
            count: int, bounds: Sequence[float], done: int = passes, least: Floats = least
        ) -> None:
            known = np.maximum(least, bounds)
            watch(done + count, known.tolist())

        of_label = minimise(column, logistic, watch=tell, **how)
        found.append(of_label)
        passes += max(one.passes for one in of_label)
        shares = np.maximum(shares, [one.excess_bound / abs(one.value) for one in of_label])
    return [
        together(objective, [of_label[i] for of_label in found])
        for i, objective in enumerate(objectives)
    ]


def together(objective: Objective, labels: Sequence[Optimum]) -> Optimum:
    """Return the minimum of an objective by those of its labels."""
    directions = None
    if any(one.direction is not None for one in labels):
        directions = _side_by_side([one.direction or _nothing(one) for one in labels])
    return Optimum(
        objective,
        _side_by_side([one.parameters for one in labels]),
        value=sum(one.value for one in labels),
        loss=sum(one.loss for one in labels),
        excess_bound=sum(one.excess_bound for one in labels),
        passes=sum(one.passes for one in labels),
        reason=min((one.reason for one in labels), key=_BY_CONSEQUENCE.index),
        direction=directions,
    )


def check_labels(data: Dataset, examples: WeightedRows) -> None:
    """Refuse labels that all examples have, or none: their biases have no best values."""
    rows = examples.rows
    for model in range(len(examples.weights_of)):
        weights = examples.weights_for(model, rows)
        counted = data.targets[rows if weights is None else rows[weights > 0]].mean(axis=0)
        for label, share in zip(data.classes, counted.tolist(), strict=True):
            if share in (0, 1):
                raise InputError(
                    f"y: {'all' if share else 'none'} of the examples that count have the label "
                    f"{label!r}: its bias has no best value; leave the label out."
                )


def _side_by_side(parts: Sequence[Parameters]) -> Parameters:
    return Parameters(
        np.hstack([part.weights for part in parts]), np.concatenate([part.bias for part in parts])
    )


def _nothing(one: Optimum) -> Parameters:
    return Parameters.zeros(len(one.parameters.weights), 1, "float64")
