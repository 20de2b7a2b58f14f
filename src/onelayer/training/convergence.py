"""How far from its minimum a run that ran out of epochs has ended, as well as one pass can tell.

The measure is half the Newton decrement, g^T H^-1 g / 2, which is J - min J where J is quadratic
(Boyd and Vandenberghe, Convex Optimization, section 9.5.1): g is the gradient over all examples,
H the Hessian that the search for a minimum estimates from a sample, one for all outputs.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, Self

import numpy as np

from onelayer.data import Scaling
from onelayer.data.blocks import map_rows
from onelayer.engines import WeightedRows, one_blas_thread
from onelayer.json_values import json_value
from onelayer.model import Objective, Parameters, Sums
from onelayer.optimum import Sample
from onelayer.training.config import TrainConfig
from onelayer.training.data import RunData

ENOUGH = 0.01
"""A run has converged where J could fall by no more than this share of it."""

_ROWS = 2048


@dataclass(frozen=True)
class Convergence:
    """By how much J could fall, about, and as a share of J."""

    excess: float
    share: float

    def as_json(self) -> dict[str, float | bool | None]:
        """Return plain values for JSON, which has null for what is not finite."""
        values: dict[str, float | bool | None] = json_value(
            {"excess": self.excess, "share": self.share, "reached": self.reached}
        )
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any] | None) -> Self | None:
        """Return what `as_json` made of it; None of None."""
        if values is None:
            return None
        excess, share = (math.inf if values[k] is None else values[k] for k in ("excess", "share"))
        return cls(excess, share)

    @property
    def reached(self) -> bool:
        """Whether the run ended near its minimum."""
        return self.share <= ENOUGH

    @property
    def message(self) -> str:
        """One sentence, for a run that did not."""
        share = 100 * min(self.share, 1)
        of = "all" if share > 99 else f"{share:.2g}%"
        return f"it has not converged: J could fall by about {self.excess:.2g}, {of} of it"


def measure_convergence(config: TrainConfig, kept: Parameters, data: RunData) -> Convergence:
    """Measure it at the parameters that a run keeps, by one pass over its examples."""
    features, train, objective = data.features(config), data.train, config.objective
    if features is not None:
        train, kept = train.of_features(*features), kept.of_features(*features)
    examples = WeightedRows.of(train.targets, data.rows, [data.weights.train])
    counts = examples.weights[0] if len(examples.weights) else None
    at = Parameters(kept.weights.astype(np.float32), kept.bias.astype(np.float32))
    rows = np.sort(examples.rows) if train.block_lengths else examples.rows
    parts = map_rows(
        train.X, partial(_sums, objective, at, train.scaling), rows, _ROWS, train.targets, counts
    )
    with one_blas_thread():  # as workers of a cluster have
        sums = reduce(operator.add, parts)
    gradient = objective.gradient_from(sums, at)
    value = sums.mean_loss + objective.penalty(at)
    # The same for all runs on the same values.
    key = features, id(data.rows), id(data.train.X)
    if key not in data.samples:
        data.samples[key] = Sample(train, rows)
    sample = data.samples[key]
    slope = np.vstack([gradient.weights, gradient.bias]).astype(np.float64)
    excess = sample.decrease(sample.curvature(objective, at, counts), objective, slope)
    return Convergence(excess, excess / value if value > 0 else 0.0)


def _sums(
    objective: Objective, at: Parameters, scaling: Scaling, X: Any, targets: Any, weights: Any
) -> Sums:
    return objective.sums(at, scaling.apply(X, np.float32), targets, weights)
