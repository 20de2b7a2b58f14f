"""What kernels are given, by name; Numba reads a named tuple's fields at no cost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Counts = NDArray[np.float64]
Whole = NDArray[np.int64]


class Nonzeros(NamedTuple):
    """The stored values of rows: row i has values[begins[i]:begins[i + 1]].

    Zeros fill each row up to a multiple of `CHAINS` values.
    """

    values: NDArray[np.generic]
    features: NDArray[np.unsignedinteger]
    begins: Whole


class Part(NamedTuple):
    """Examples of a part of the data.

    X : array (n, n_features), or `Nonzeros`
    targets : (n,) class indices, or (n, outputs) uint8: 1 where an example has a label
    rows : (k,) the examples that take part
    weights : (distinct, n) float64
    places : (models,) each model's row of `weights`, -1 where every example counts 1
    """

    X: NDArray[np.generic] | Nonzeros
    targets: NDArray[np.integer]
    rows: Whole
    weights: Counts
    places: Whole


class Steps(NamedTuple):
    """The batches of some steps, and the rates of each model that takes part.

    rows, offsets : the rows of step s are rows[offsets[s]:offsets[s + 1]]
    rates : (models that take part, steps), learning rates in the type of the arithmetic
    averaging : (models that take part, steps), shares by which averages move; empty without any
    """

    rows: Whole
    offsets: Whole
    rates: Floats
    averaging: Floats


class Rule(NamedTuple):
    """The rule of each model, each array (models,).

    l2, on_bias : strength of the penalty, and 1 where it covers the bias, 0 otherwise
    momentum, nesterov : see `onelayer.engines.update`
    """

    l2: Floats
    on_bias: Floats
    momentum: Floats
    nesterov: NDArray[np.bool_]


class Carried(NamedTuple):
    """What steps carry on beside the parameters, for the models alone that have a use for it.

    velocity, average : (models that have one, ...) as the layout has the weights
    velocity_bias, average_bias : (models that have one, outputs)
    velocity_of, average_of : (models,) each model's place in them, -1 where it has none
    """

    velocity: Floats
    velocity_bias: Floats
    velocity_of: Whole
    average: Floats
    average_bias: Floats
    average_of: Whole


class Models(NamedTuple):
    """Dense layout: W (models, padded outputs, padded features), bias (models, outputs)."""

    W: Floats
    bias: Floats


class ScaledModels(NamedTuple):
    """Layout for CSR data: weights are factors[m] * V[m], V (models, features, padded outputs)."""

    V: Floats
    factors: Floats
    bias: Floats


class Terms(NamedTuple):
    """Room for a number an example and model, in whole vectors.

    exponentials : in the type of the arithmetic
    logs : float64, of them
    """

    exponentials: Floats
    logs: Floats


class Scratch(NamedTuple):
    """Room that a thread works in; all of it begins where a vector may be read.

    x : (examples, padded features) their features; for `Nonzeros` one row of zeros
    z : (examples, padded outputs) their scores, then their residuals
    terms : of their losses
    slopes : as the layout has a model's weights, their gradient; empty where no model has momentum
    """

    x: Floats
    z: Floats
    terms: Terms
    slopes: Floats


class Outcome(NamedTuple):
    """Where evaluations are put, each (pieces of the rows, models); see `jobs`.

    loss : summed losses; no pieces where they are not wanted
    correct : summed weights of examples that are predicted right
    also_correct : the same with the other weights; no pieces where they are not wanted
    """

    loss: Counts
    correct: Counts
    also_correct: Counts


class Totals(NamedTuple):
    """Where sums over the examples are put, each with the pieces of the rows first.

    loss : (pieces, models)
    weights : (pieces, models, ...) as the layout has the weights; float64 in the dense one
    bias : (pieces, models, outputs)
    """

    loss: Counts
    weights: Floats
    bias: Counts
