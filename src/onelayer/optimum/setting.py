"""What all searches for minima on the same examples share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onelayer.data import Dataset, Rows
from onelayer.engines import Engine, WeightedRows
from onelayer.errors import InputError
from onelayer.model import LOSSES, Objective, Parameters, Sums, n_outputs
from onelayer.optimum.certificate import ClassMeans
from onelayer.optimum.preconditioner import Sample
from onelayer.optimum.rounding import Rounding


class Setting:
    """The examples, how much each counts for each objective, and how near is near enough.

    Raises
    ------
    InputError
        If a class has no example that counts.
    """

    def __init__(
        self,
        data: Dataset,
        objectives: Sequence[Objective],
        rows: Rows | None,
        weights: Sequence[ArrayLike | None],
        tolerance: float,
        engine: Engine,
    ) -> None:
        self.data, self.objectives, self.tolerance = data, tuple(objectives), tolerance
        self.outputs = n_outputs(objectives[0].model, data.n_classes)
        if rows is not None and data.block_lengths is not None:
            rows = np.sort(rows)
        self.examples = WeightedRows.of(data.targets, rows, weights)
        self._power_sums = engine.power_sums
        self._chains = None if data.is_sparse else engine.chains
        self._shares = [class_shares(data, self.examples, m) for m in range(len(objectives))]

    @cached_property
    def sample(self) -> Sample:
        """The examples that curvature is estimated from."""
        return Sample(self.data, self.examples.rows, self.examples.weights, self._power_sums)

    def counts(self, model: int) -> NDArray[np.float64]:
        """Return how much each example that takes part counts for a model; their sum is 1."""
        rows = self.examples.rows
        weights = self.examples.weights_for(model, rows)
        return np.full(len(rows), 1 / len(rows)) if weights is None else weights / weights.sum()

    def kind(self, model: int) -> int:
        """Return what is the same for all models with the same weights of examples."""
        return int(self.examples.weights_of[model])

    def weights(self, model: int) -> NDArray[np.float64] | None:
        """Return how much each example of the data counts for a model."""
        kind = self.kind(model)
        return None if kind < 0 else self.examples.weights[kind]

    def start(self, model: int) -> Parameters:
        """Return where a search begins: weights of 0, and the bias that predicts the shares."""
        shares = self._shares[model]
        bias = np.log(shares) - np.log(shares).mean()
        if self.outputs == 1:
            bias = np.array([math.log(shares[0] / shares[1])])
        return Parameters(np.zeros((self.data.n_features, self.outputs)), bias)

    def means(self, model: int, at: Parameters, sums: Sums) -> ClassMeans:
        """Return what the bound of a model with a free bias needs, by its sums at the start."""
        outputs, features = self._shares[model][: self.outputs], self.sample.means[self.kind(model)]
        predicted = LOSSES[self.objectives[0].model].probabilities(at.bias.astype(np.float64))
        return ClassMeans.of(outputs, features, sums, np.asarray(predicted, np.float64))

    def rounding(self, model: int) -> Rounding | None:
        """Return what is known of a model's sums in float32; None if they may be off by much."""
        if self._chains is None:
            return None
        weights = self.weights(model)
        heaviest = 1.0 if weights is None else float(weights[self.examples.rows].max())
        _, offset = self.data.scaling.per_feature(self.data.n_features)
        return Rounding(
            self._chains, self.data.n_features, self.outputs,
            size=math.sqrt(heaviest * self.sample.square), offset=float(np.linalg.norm(offset)),
        )  # fmt: skip

    def counting(self, model: int) -> Rows:
        """Return the rows that count for a model."""
        rows = self.examples.rows
        weights = self.examples.weights_for(model, rows)
        return rows if weights is None else rows[weights > 0]


def class_shares(data: Dataset, examples: WeightedRows, model: int) -> NDArray[np.float64]:
    """Return the share of each class among the examples that count for a model.

    Raises
    ------
    InputError
        If a class has none.
    """
    rows = examples.rows
    counts = np.bincount(data.targets[rows], examples.weights_for(model, rows), data.n_classes)
    if (counts == 0).any():
        absent = data.classes[int(np.argmin(counts))]
        raise InputError(
            f"The class {absent!r}: no example of it counts, so its bias has no best value; "
            "leave the class out."
        )
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares
