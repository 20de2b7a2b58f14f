"""How the parameters of a stack lie in memory: one class a layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from onelayer.engines.compiled import csr, dense
from onelayer.engines.compiled.compiler import VECTOR_BYTES
from onelayer.engines.compiled.memory import aligned_zeros
from onelayer.engines.compiled.parts import Carried, Models, ScaledModels
from onelayer.engines.compiled.prepared import padded_features
from onelayer.engines.update import UpdateRule
from onelayer.model import Parameters

Floats = NDArray[np.floating]


class Layout(Protocol):
    """The parameters of all models, as they are and as the last advance evaluated them.

    What is evaluated, and what `parameters` returns, is a model's average where it has one.
    """

    snapshot: Models
    """Always with classes first; for CSR data a view."""

    carried: Carried
    """Of the rules; without any nothing is carried."""

    def take_snapshot(self, models: list[int]) -> None:
        """Let the snapshot of some models be what they are now."""

    def is_finite(self, model: int) -> bool:
        """Whether all that a snapshot would take of a model is finite."""

    def put(self, model: int, parameters: Parameters) -> None:
        """Set a model's parameters."""

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""

    def arrays(self, model: int) -> dict[str, NDArray[Any]]:
        """Return views of all arrays that a model needs to go on."""


class DenseLayout:
    """Classes before features, so that features are contiguous; padding stays zero."""

    def __init__(
        self,
        start: tuple[Parameters, ...],
        n_features: int,
        dtype: np.dtype[Any],
        rules: Sequence[UpdateRule] = (),
    ) -> None:
        outputs = len(start[0].bias)
        shape = len(start), dense.padded_outputs(outputs), padded_features(n_features, dtype)
        self._n_features = n_features
        self.models, self.snapshot = (
            Models(aligned_zeros(shape, dtype), np.zeros((len(start), outputs), dtype))
            for _ in range(2)
        )
        self.carried = _carried(rules, self.models.W, self.models.bias)
        for m, parameters in enumerate(start):
            # Zeros stay as they are, so that who trains them is the first to touch them.
            if not _are_zeros(parameters):
                self.put(m, parameters)

    def put(self, model: int, parameters: Parameters) -> None:
        """Set a model's parameters."""
        outputs = len(parameters.bias)
        self.models.W[model, :outputs, : self._n_features] = parameters.weights.T
        self.models.bias[model] = parameters.bias
        if average := _average(self.carried, model):
            average[0][...], average[1][...] = self.models.W[model], self.models.bias[model]

    def take_snapshot(self, models: list[int]) -> None:
        """Let the snapshot of some models be what they are now."""
        for m in models:
            self.snapshot.W[m], self.snapshot.bias[m] = self._evaluated(m)

    def is_finite(self, model: int) -> bool:
        """Whether all that a snapshot would take of a model is finite."""
        W, bias = self._evaluated(model)
        return bool(np.isfinite(W).all() and np.isfinite(bias).all())

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        return as_parameters(*self._evaluated(model), self._n_features)

    def _evaluated(self, model: int) -> tuple[Floats, Floats]:
        return _average(self.carried, model) or (self.models.W[model], self.models.bias[model])

    def arrays(self, model: int) -> dict[str, NDArray[Any]]:
        """Return views of all arrays that a model needs to go on."""
        own = {"weights": self.models.W[model], "bias": self.models.bias[model]}
        return own | _carried_arrays(self.carried, model)


class CsrLayout:
    """Features before classes, and a factor a model; see `onelayer.engines.compiled.csr`."""

    def __init__(
        self,
        start: tuple[Parameters, ...],
        n_features: int,
        dtype: np.dtype[Any],
        rules: Sequence[UpdateRule] = (),
    ) -> None:
        outputs = len(start[0].bias)
        width = csr.padded_outputs(outputs, VECTOR_BYTES // dtype.itemsize)
        shape = len(start), n_features, width
        self._n_features = n_features
        self.models = ScaledModels(
            aligned_zeros(shape, dtype), np.ones(len(start), dtype),
            np.zeros((len(start), outputs), dtype),
        )  # fmt: skip
        self.carried = _carried(rules, self.models.V, self.models.bias)
        self._before = aligned_zeros(shape, dtype)
        self.snapshot = Models(self._before.transpose(0, 2, 1), np.zeros_like(self.models.bias))
        for m, parameters in enumerate(start):
            self.put(m, parameters)

    def put(self, model: int, parameters: Parameters) -> None:
        """Set a model's parameters."""
        self.models.V[model, :, : len(parameters.bias)] = parameters.weights
        self.models.factors[model] = 1
        self.models.bias[model] = parameters.bias
        if average := _average(self.carried, model):
            average[0][...], average[1][...] = self.models.V[model], self.models.bias[model]

    def take_snapshot(self, models: list[int]) -> None:
        """Let the snapshot of some models be what they are now."""
        for m in models:
            V, factor, bias = self._evaluated(m)
            self._before[m] = V
            self._before[m] *= factor
            self.snapshot.bias[m] = bias

    def is_finite(self, model: int) -> bool:
        """Whether all that a snapshot would take of a model is finite."""
        V, factor, bias = self._evaluated(model)
        return bool(np.isfinite(V * factor).all() and np.isfinite(bias).all())

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        V, factor, bias = self._evaluated(model)
        with np.errstate(over="ignore", invalid="ignore"):  # of a diverging model
            W = (V * factor).T
        return as_parameters(W, bias, self._n_features)

    def _evaluated(self, model: int) -> tuple[Floats, Any, Floats]:
        if average := _average(self.carried, model):
            return average[0], self.models.V.dtype.type(1), average[1]
        return self.models.V[model], self.models.factors[model], self.models.bias[model]

    def arrays(self, model: int) -> dict[str, NDArray[Any]]:
        """Return views of all arrays that a model needs to go on."""
        factor = self.models.factors[model : model + 1]
        own = {"weights": self.models.V[model], "bias": self.models.bias[model], "factor": factor}
        outputs = len(self.models.bias[model])  # without padding, which differs by the processor
        both = own | _carried_arrays(self.carried, model)
        return {name: array[..., :outputs] for name, array in both.items()}


def _are_zeros(parameters: Parameters) -> bool:
    """Whether all of them are zeros without a sign."""
    parts = parameters.weights, parameters.bias
    return not any(part.any() or np.signbit(part).any() for part in parts)


def _carried(rules: Sequence[UpdateRule], weights: Floats, bias: Floats) -> Carried:
    """Return room for what the rules of models carry on; there is none for those that need none.

    Parameters
    ----------
    weights, bias : (models, ...) arrays
        As the layout has them.
    """

    def room(has: list[bool]) -> tuple[Floats, Floats, NDArray[np.int64]]:
        places = np.full(len(weights), -1)
        places[: len(has)] = np.where(has, np.cumsum(has) - 1, -1)
        return (
            aligned_zeros((sum(has), *weights.shape[1:]), weights.dtype),
            np.zeros((sum(has), *bias.shape[1:]), bias.dtype),
            places,
        )

    velocity = room([rule.momentum > 0 for rule in rules])
    return Carried(*velocity, *room([rule.averages for rule in rules]))


def _average(carried: Carried, model: int) -> tuple[Floats, Floats] | None:
    """Return views of a model's average, if it has one."""
    place = carried.average_of[model]
    return None if place < 0 else (carried.average[place], carried.average_bias[place])


def _carried_arrays(carried: Carried, model: int) -> dict[str, NDArray[Any]]:
    """Return views of what a model carries on."""
    arrays = {}
    if (place := carried.velocity_of[model]) >= 0:
        arrays["velocity_weights"] = carried.velocity[place]
        arrays["velocity_bias"] = carried.velocity_bias[place]
    if average := _average(carried, model):
        arrays["average_weights"], arrays["average_bias"] = average
    return arrays


def as_parameters(W: Floats, bias: Floats, n_features: int) -> Parameters:
    """Return padded outputs by padded features as parameters, never a view."""
    weights = W[: len(bias), :n_features].T
    return Parameters(np.array(weights, order="C"), bias.copy())
