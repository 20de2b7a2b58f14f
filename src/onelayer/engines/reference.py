"""The reference engine: plain NumPy over the objective, one model after another.

It is the slow twin of the compiled kernels, to be read and to be compared with.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial, reduce
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows, Scaling, row_blocks
from onelayer.engines.blas import one_blas_thread
from onelayer.engines.problem import Batches, Problem, Source, WeightedRows
from onelayer.engines.protocol import Advance, Measures, Planned, Stack, Totals
from onelayer.engines.update import descend
from onelayer.errors import InputError
from onelayer.model import LOSSES, ModelName, Objective, Parameters, Sums

# Rows scaled at a time in an evaluation: the block of floats then fits the second-level cache.
BLOCK_ROWS = 512


def step(
    X: Any,
    targets: NDArray[np.int32],
    rows: Rows,
    scaling: Scaling,
    parameters: Parameters,
    objective: Objective,
    learning_rate: float,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Update the parameters in place by one step on one batch.

    Parameters
    ----------
    X : (n, n_features) array or CSR array, as stored
    targets : (n,) class indices
    rows : (batch,) indices of the batch's rows
    scaling : Scaling
        Maps stored values to features; applied to the batch alone.
    weights : (batch,) array, optional

    Returns
    -------
    float
        Mean loss of the batch before the update.
    """
    features = scaling.apply(X[rows], parameters.weights.dtype)  # (batch, n_features)
    sums = objective.sums(parameters, features, targets[rows], weights)
    descend(parameters, objective.gradient_from(sums, parameters), learning_rate)
    return sums.mean_loss


def evaluate(
    X: Any,
    examples: WeightedRows,
    scaling: Scaling,
    parameters: Parameters,
    model: ModelName,
    number: int = 0,
) -> tuple[float, float]:
    """Return the mean loss and the accuracy over the rows that take part, summed in float64.

    `number` is that of the model, whose weights of the examples count.
    """
    loss_function = LOSSES[model]
    total_loss, correct = 0.0, 0.0
    for some in row_blocks(len(examples.rows), BLOCK_ROWS):
        block = examples.rows[some]
        targets, weights = examples.targets[block], examples.weights_for(number, block)
        scores = parameters.scores(scaling.apply(X[block], parameters.weights.dtype))
        losses = loss_function.values(scores, targets).astype(np.float64)
        right = (loss_function.predict(scores) == targets).astype(np.float64)
        total_loss += float(np.sum(losses if weights is None else weights * losses))
        correct += float(np.sum(right if weights is None else weights * right))
    return total_loss / len(examples.rows), correct / len(examples.rows)


class ReferenceStack:
    """Models as a list of parameters."""

    def __init__(self, source: Source, problem: Problem) -> None:
        self._source, self._problem = source, problem
        self._now = [parameters.copy() for parameters in problem.initial]
        self._before = [parameters.copy() for parameters in problem.initial]

    def advance(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        *,
        evaluate: bool,
    ) -> Advance:
        """Evaluate, then step; see `Stack`."""
        return self._advance(models, batches, rates, evaluate)

    def plan(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        *,
        evaluate: bool,
    ) -> Planned:
        """Leave all of it to the end; see `Stack`."""
        return Planned([], partial(self._advance, models, batches, rates, evaluate))

    # Overflow is how divergence looks; the training loop sees it in the losses.
    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def _advance(
        self, models: Sequence[int], batches: Batches, rates: NDArray[np.float64], evaluate: bool
    ) -> Advance:
        losses = np.empty((len(models), len(batches)))
        measures = []
        for j, m in enumerate(models):
            self._before[m] = self._now[m].copy()
            if evaluate:
                measures.append(self._measures(m))
            for s, rows in enumerate(batches):
                losses[j, s] = self._step(m, rows, rates[j, s])
        return Advance(losses, measures)

    def _step(self, m: int, rows: Rows, rate: float) -> float:
        train = self._problem.train
        return step(
            self._source.train, train.targets, rows, self._source.scaling, self._now[m],
            self._problem.objectives[m], rate, train.weights_for(m, rows),
        )  # fmt: skip

    def _measures(self, m: int) -> Measures:
        problem, source, parameters = self._problem, self._source, self._now[m]
        assert problem.validation is not None
        objective = problem.objectives[m]
        val_loss, val_accuracy = evaluate(
            source.validation, problem.validation, source.scaling, parameters, objective.model, m
        )
        _, train_accuracy = evaluate(
            source.train, problem.train, source.scaling, parameters, objective.model, m
        )
        norm = math.sqrt(parameters.squared_norm(include_bias=objective.penalize_bias))
        return Measures(val_loss, val_accuracy, train_accuracy, norm)

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        return self._now[model].copy()

    def parameters_before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters before the last advance."""
        return self._before[model].copy()

    def state(self, model: int) -> dict[str, NDArray[Any]]:
        """Return a model's parameters, which are all it needs."""
        now = self._now[model].copy()
        return {"weights": now.weights, "bias": now.bias}

    def restore(self, model: int, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up a model where `state` left it."""
        now = self._now[model]
        for name, array in (("weights", now.weights), ("bias", now.bias)):
            given = state.get(name)
            if given is None or given.shape != array.shape or given.dtype != array.dtype:
                raise InputError(f"The state of model {model} does not fit: {name} differ.")
            array[...] = given


class ReferenceTotals:
    """Sums by the objective, block by block of rows."""

    def __init__(self, source: Source, problem: Problem) -> None:
        self._source, self._problem = source, problem

    @np.errstate(over="ignore", invalid="ignore")
    def sums(self, models: Sequence[int], at: Sequence[Parameters]) -> list[Sums]:
        """Return the sums over all rows that take part; see `Totals`."""
        return [self._of(m, parameters) for m, parameters in zip(models, at, strict=True)]

    def _of(self, m: int, parameters: Parameters) -> Sums:
        train, source = self._problem.train, self._source
        parts = []
        for some in row_blocks(len(train.rows), BLOCK_ROWS):
            rows = train.rows[some]
            X = source.scaling.apply(source.train[rows], parameters.weights.dtype)
            own = self._problem.objectives[m].sums(
                parameters, X, train.targets[rows], train.weights_for(m, rows)
            )
            wide = own.weights.astype(np.float64), own.bias.astype(np.float64)
            parts.append(Sums(own.loss, *wide, own.count))
        return reduce(operator.add, parts)


class ReferenceEngine:
    """Nothing is prepared, and the caller's thread does the work."""

    def __init__(self) -> None:
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        """Return the engine."""
        self._exit.enter_context(one_blas_thread())
        return self

    def __exit__(self, *_error: object) -> None:
        """Let BLAS have its threads again."""
        self._exit.close()

    def prepare(self, source: Source) -> Source:
        """Return the source itself."""
        return source

    def totals(self, prepared: Source, problem: Problem) -> Totals:
        """Return what sums losses and gradients of a problem's models up."""
        return ReferenceTotals(prepared, problem)

    def stack(self, prepared: Source, problem: Problem) -> Stack:
        """Return the models of a problem at their start."""
        return ReferenceStack(prepared, problem)

    def do(self, work: Sequence[Callable[[], None]]) -> None:
        """Call each function in the caller's thread."""
        for call in work:
            call()
