"""The reference engine: plain NumPy over the objective, one model after another.

It is the slow twin of the compiled kernels, to be read and to be compared with.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import reduce
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows, Scaling, row_blocks
from onelayer.engines.blas import one_blas_thread
from onelayer.engines.power_sums import PowerSums, power_sums
from onelayer.engines.problem import Batches, Problem, Source, WeightedRows
from onelayer.engines.protocol import (
    Advance,
    Chains,
    EngineName,
    Measures,
    Planned,
    Tally,
    WindowStack,
    WindowTotals,
)
from onelayer.engines.update import Iterate
from onelayer.errors import InputError
from onelayer.model import LOSSES, ModelName, Objective, Parameters, Sums
from onelayer.model.losses import Targets

# Rows scaled at a time in an evaluation: the block of floats then fits the second-level cache.
BLOCK_ROWS = 512


def step(
    X: Any,
    targets: Targets,
    rows: Rows,
    scaling: Scaling,
    iterate: Iterate,
    objective: Objective,
    learning_rate: float,
    averaging: float,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Make one step on one batch in place.

    Parameters
    ----------
    X : (n, n_features) array or CSR array, as stored
    targets : (n,) class indices, or (n, n_outputs) of 0 and 1
    rows : (batch,) indices of the batch's rows
    scaling : Scaling
        Maps stored values to features; applied to the batch alone.
    weights : (batch,) array, optional

    Returns
    -------
    float
        Mean loss of the batch before the update.
    """
    now = iterate.now
    features = scaling.apply(X[rows], now.weights.dtype)  # (batch, n_features)
    sums = objective.sums(now, features, targets[rows], weights)
    iterate.step(objective.gradient_from(sums, now), learning_rate, averaging)
    return sums.mean_loss


def tally(
    X: Any,
    examples: WeightedRows,
    scaling: Scaling,
    parameters: Parameters,
    model: ModelName,
    number: int = 0,
) -> Tally:
    """Return loss and right predictions over the rows that take part, summed in float64.

    `number` is that of the model, whose weights of the examples count.
    """
    loss_function = LOSSES[model]
    total_loss, correct = 0.0, 0.0
    for some in row_blocks(len(examples.rows), BLOCK_ROWS):
        block = examples.rows[some]
        targets, weights = examples.targets[block], examples.weights_for(number, block)
        scores = parameters.scores(scaling.apply(X[block], parameters.weights.dtype))
        losses = loss_function.values(scores, targets).astype(np.float64)
        right = loss_function.is_right(scores, targets).astype(np.float64)
        total_loss += float(np.sum(losses if weights is None else weights * losses))
        correct += float(np.sum(right if weights is None else weights * right))
    return Tally(total_loss, correct, len(examples.rows))


class ReferenceStack(WindowStack):
    """Models as a list."""

    def __init__(self, source: Source, problem: Problem) -> None:
        self._source, self._problem = source, problem
        self._iterates = [
            Iterate(start, problem.rule(m)) for m, start in enumerate(problem.initial)
        ]
        self._before = [parameters.copy() for parameters in problem.initial]

    def do(self, work: Sequence[Callable[[], None]]) -> None:
        """Call each function: there is one thread."""
        for call in work:
            call()

    def plan(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        *,
        evaluate: bool,
        averaging: NDArray[np.float64] | None = None,
    ) -> Planned:
        """Leave all of it to the end: evaluate, then step; see `Stack`."""

        # Overflow is how divergence looks; the training loop sees it in the losses.
        @np.errstate(over="ignore", invalid="ignore", divide="ignore")
        def outcome() -> Advance:
            losses = np.empty((len(models), len(batches)))
            shares = np.ones_like(losses) if averaging is None else averaging
            measures = []
            for j, m in enumerate(models):
                if evaluate:
                    self._before[m] = self.parameters(m)
                    measures.append(self._measures(m))
                for s, rows in enumerate(batches):
                    losses[j, s] = self._step(m, rows, rates[j, s], shares[j, s])
            return Advance(losses, measures)

        return Planned([], outcome)

    def _step(self, m: int, rows: Rows, rate: float, share: float) -> float:
        train = self._problem.train
        return step(
            self._source.train, train.targets, rows, self._source.scaling, self._iterates[m],
            self._problem.objectives[m], rate, share, train.weights_for(m, rows),
        )  # fmt: skip

    def _measures(self, m: int) -> Measures:
        problem, source = self._problem, self._source
        assert problem.validation is not None
        validation = self._tally(m, source.validation, problem.validation)
        train = math.nan
        if problem.evaluates_train:
            train = self._tally(m, source.train, problem.train).accuracy
        return Measures(validation.mean_loss, validation.accuracy, train, self.weight_norm(m))

    def _tally(self, m: int, X: Any, examples: WeightedRows) -> Tally:
        model = self._problem.objectives[m].model
        return tally(X, examples, self._source.scaling, self._iterates[m].evaluated, model, m)

    def turn_to(self, prepared: Source, train: WeightedRows) -> None:
        """Take batches from other data from now on; see `Stack`."""
        self._source, self._problem = prepared, replace(self._problem, train=train)

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def tally(self, models: Sequence[int], *, losses: bool) -> list[Tally]:  # noqa: ARG002
        """Return sums over all training examples; see `Stack`."""
        return [self._tally(m, self._source.train, self._problem.train) for m in models]

    @np.errstate(over="ignore", invalid="ignore")
    def weight_norm(self, model: int) -> float:
        """Return the norm of what a model's penalty covers."""
        include_bias = self._problem.objectives[model].penalize_bias
        squared = self._iterates[model].evaluated.squared_norm(include_bias=include_bias)
        return math.sqrt(squared)

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        return self._iterates[model].evaluated.copy()

    def keep(self, models: Sequence[int]) -> list[bool]:
        """Remember models as they are; see `Stack`."""
        finite = {m: now for m in models if (now := self.parameters(m)).is_finite}
        for m, now in finite.items():
            self._before[m] = now
        return [m in finite for m in models]

    def parameters_before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters as they were last evaluated, or kept."""
        return self._before[model].copy()

    def state(self, model: int) -> dict[str, NDArray[Any]]:
        """Return all that a model needs to go on; see `Stack`."""
        return {name: array.copy() for name, array in self._iterates[model].arrays().items()}

    def restore(self, model: int, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up a model where `state` left it."""
        for name, array in self._iterates[model].arrays().items():
            given = state.get(name)
            if given is None or given.shape != array.shape or given.dtype != array.dtype:
                raise InputError(f"The state of model {model} does not fit: {name} differ.")
            array[...] = given


class ReferenceTotals:
    """Sums by the objective, block by block of rows."""

    def __init__(self, source: Source, problem: Problem) -> None:
        self._source, self._problem = source, problem

    def turn_to(self, prepared: Source, train: WeightedRows) -> None:
        """Sum over other data from now on; see `Totals`."""
        self._source, self._problem = prepared, replace(self._problem, train=train)

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

    name: EngineName = "reference"
    chains: Chains | None = None
    power_sums: PowerSums = staticmethod(power_sums)

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

    def totals(self, prepared: Source, problem: Problem) -> WindowTotals:
        """Return what sums losses and gradients of a problem's models up."""
        return ReferenceTotals(prepared, problem)

    def stack(self, prepared: Source, problem: Problem) -> WindowStack:
        """Return the models of a problem at their start."""
        return ReferenceStack(prepared, problem)

    def do(self, work: Sequence[Callable[[], None]]) -> None:
        """Call each function in the caller's thread."""
        for call in work:
            call()
