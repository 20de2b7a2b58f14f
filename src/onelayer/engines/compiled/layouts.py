"""How the parameters of a stack lie in memory: one class a layout."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from onelayer.engines.compiled import csr, dense
from onelayer.engines.compiled.compiler import VECTOR_BYTES
from onelayer.engines.compiled.memory import aligned_zeros
from onelayer.engines.compiled.parts import Models, ScaledModels
from onelayer.engines.compiled.prepared import padded_features
from onelayer.model import Parameters

Floats = NDArray[np.floating]


class Layout(Protocol):
    """The parameters of all models, as they are and as the last advance evaluated them."""

    snapshot: Models
    """Always with classes first; for CSR data a view."""

    def take_snapshot(self, models: list[int]) -> None:
        """Let the snapshot of some models be what they are now."""

    def put(self, model: int, parameters: Parameters) -> None:
        """Set a model's parameters."""

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""

    def arrays(self, model: int) -> dict[str, NDArray[Any]]:
        """Return views of all arrays that a model needs to go on."""


class DenseLayout:
    """Classes before features, so that features are contiguous; padding stays zero."""

    def __init__(
        self, start: tuple[Parameters, ...], n_features: int, dtype: np.dtype[Any]
    ) -> None:
        outputs = len(start[0].bias)
        shape = len(start), dense.padded_outputs(outputs), padded_features(n_features, dtype)
        self._n_features = n_features
        self.models, self.snapshot = (
            Models(aligned_zeros(shape, dtype), np.zeros((len(start), outputs), dtype))
            for _ in range(2)
        )
        for m, parameters in enumerate(start):
            self.put(m, parameters)

    def put(self, model: int, parameters: Parameters) -> None:
        """Set a model's parameters."""
        outputs = len(parameters.bias)
        self.models.W[model, :outputs, : self._n_features] = parameters.weights.T
        self.models.bias[model] = parameters.bias

    def take_snapshot(self, models: list[int]) -> None:
        """Let the snapshot of some models be what they are now."""
        for m in models:
            self.snapshot.W[m], self.snapshot.bias[m] = self.models.W[m], self.models.bias[m]

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        return as_parameters(self.models.W[model], self.models.bias[model], self._n_features)

    def arrays(self, model: int) -> dict[str, NDArray[Any]]:
        """Return views of all arrays that a model needs to go on."""
        return {"weights": self.models.W[model], "bias": self.models.bias[model]}


class CsrLayout:
    """Features before classes, and a factor a model; see `onelayer.engines.compiled.csr`."""

    def __init__(
        self, start: tuple[Parameters, ...], n_features: int, dtype: np.dtype[Any]
    ) -> None:
        outputs = len(start[0].bias)
        width = csr.padded_outputs(outputs, VECTOR_BYTES // dtype.itemsize)
        shape = len(start), n_features, width
        self._n_features = n_features
        self.models = ScaledModels(
            aligned_zeros(shape, dtype), np.ones(len(start), dtype),
            np.zeros((len(start), outputs), dtype),
        )  # fmt: skip
        self._before = aligned_zeros(shape, dtype)
        self.snapshot = Models(self._before.transpose(0, 2, 1), np.zeros_like(self.models.bias))
        for m, parameters in enumerate(start):
            self.put(m, parameters)

    def put(self, model: int, parameters: Parameters) -> None:
        """Set a model's parameters."""
        self.models.V[model, :, : len(parameters.bias)] = parameters.weights
        self.models.factors[model] = 1
        self.models.bias[model] = parameters.bias

    def take_snapshot(self, models: list[int]) -> None:
        """Let the snapshot of some models be what they are now."""
        for m in models:
            self._before[m] = self.models.V[m]
            self._before[m] *= self.models.factors[m]
            self.snapshot.bias[m] = self.models.bias[m]

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        with np.errstate(over="ignore", invalid="ignore"):  # of a diverging model
            W = (self.models.V[model] * self.models.factors[model]).T
        return as_parameters(W, self.models.bias[model], self._n_features)

    def arrays(self, model: int) -> dict[str, NDArray[Any]]:
        """Return views of all arrays that a model needs to go on."""
        factor = self.models.factors[model : model + 1]
        return {
            "weights": self.models.V[model], "bias": self.models.bias[model], "factor": factor
        }  # fmt: skip


def as_parameters(W: Floats, bias: Floats, n_features: int) -> Parameters:
    """Return padded outputs by padded features as parameters, never a view."""
    weights = W[: len(bias), :n_features].T
    return Parameters(np.array(weights, order="C"), bias.copy())
