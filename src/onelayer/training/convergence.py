"""How far from its minimum a run that ran out of epochs has ended, as well as one pass can tell.

The measure is half the Newton decrement, g^T H^-1 g / 2, which is J - min J where J is quadratic
(Boyd and Vandenberghe, Convex Optimization, section 9.5.1): g is the gradient over all examples,
H the Hessian that the search for a minimum estimates from a sample, one for all outputs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from onelayer.data import row_blocks
from onelayer.engines import WeightedRows
from onelayer.json_values import json_value
from onelayer.model import Parameters
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
        return (
            f"it has not converged: J could fall by about {self.excess:.2g}, "
            f"{100 * min(self.share, 1):.2g}% of it"
        )


def measure_convergence(config: TrainConfig, kept: Parameters, data: RunData) -> Convergence:
    """Measure it at the parameters that a run keeps, by one pass over its examples."""
    train, objective = data.train, config.objective
    weights = data.weights.train
    examples = WeightedRows.of(train.targets, data.rows, [weights])
    wide = Parameters(kept.weights.astype(np.float64), kept.bias.astype(np.float64))
    single = Parameters(kept.weights.astype(np.float32), kept.bias.astype(np.float32))
    loss, on_weights, on_bias = 0.0, np.zeros_like(wide.weights), np.zeros_like(wide.bias)
    for block in row_blocks(len(examples.rows), _ROWS):
        rows = examples.rows[block]
        X = train.scaling.apply(train.X[rows], np.float32)
        sums = objective.sums(single, X, train.targets[rows], examples.weights_for(0, rows))
        loss, on_weights = loss + sums.loss, on_weights + sums.weights
        on_bias = on_bias + sums.bias
    n = len(examples.rows)
    value = loss / n + objective.penalty(wide)
    slope = np.vstack([
        on_weights / n + 2 * objective.l2 * wide.weights,
        on_bias / n + 2 * objective.l2 * objective.penalize_bias * wide.bias,
    ])  # fmt: skip
    sample = Sample(train, examples.rows)
    counts = None if weights is None else examples.weights[0]
    inverse = sample.inverse(sample.curvature(objective, wide, counts), objective)
    excess = float((slope * sample.multiply(inverse, slope)).sum()) / 2
    return Convergence(excess, excess / value if value > 0 else 0.0)
