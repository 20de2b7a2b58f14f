"""The compiled engine: parameters laid out for the kernels, and rounds dealt out to threads."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from onelayer.engines.compiled import csr, dense, jobs, sparse
from onelayer.engines.compiled.compiler import CONVERTS_HALF, VECTOR_BYTES
from onelayer.engines.compiled.memory import aligned_zeros
from onelayer.engines.problem import Batches, Examples, Problem, Source
from onelayer.engines.protocol import Advance, Measures
from onelayer.errors import InputError
from onelayer.model import Parameters

# Above this share of stored values that are not zero, the dense kernels evaluate faster.
MOST_DENSE = 0.35

# Outputs evaluated together on sparse data: two vectors of float32, three models of ten classes.
OUTPUTS_A_BLOCK = 32

# Models trained by one job: their weights and a batch together fit the second-level cache.
MOST_MODELS_A_JOB = 16


class CompiledStack:
    """Models one after another in memory.

    For dense data, classes come before features; for CSR data, features before classes, see
    `onelayer.engines.compiled.csr`. The snapshot is always seen with its classes first.
    """

    def __init__(self, source: Source, problem: Problem, team: Team) -> None:
        self._source, self._problem, self._team = source, problem, team
        self._dtype = dtype = np.dtype(source.dtype)
        self._csr = issparse(source.train)
        lanes = VECTOR_BYTES // dtype.itemsize
        length = -(-source.n_features // lanes) * lanes
        if self._csr:
            width = csr.padded_outputs(problem.n_outputs, lanes)
            shape = len(problem.initial), source.n_features, width
            self._factors: NDArray[np.floating] | None = np.ones(shape[0], dtype)
        else:
            shape = len(problem.initial), dense.padded_outputs(problem.n_outputs), length
            self._factors = None
        self._W, self._before_W = aligned_zeros(shape, dtype), aligned_zeros(shape, dtype)
        self._bias, self._before_bias = (
            np.zeros((len(problem.initial), problem.n_outputs), dtype) for _ in range(2)
        )
        for m in range(len(problem.initial)):
            start = problem.initial[m]
            self._classes_first(self._W)[m, : problem.n_outputs, : source.n_features] = (
                start.weights.T
            )
            self._bias[m] = start.bias
        # A value beyond float32 becomes infinite, and the run diverges, as it says then.
        with np.errstate(over="ignore"):
            self._scaling = aligned_zeros((2, length), dtype)
            if not self._csr:  # there it is multiplied into the data
                self._scaling[:, : source.n_features] = source.scaling.per_feature(
                    source.n_features
                )
            else:
                self._scaling[0] = 1
            self._options = np.array(
                [(0.0, o.l2, o.penalize_bias) for o in problem.objectives], dtype
            )
        self._sparse = self._csr or _share_stored(source.train) <= MOST_DENSE
        self._train = self._part(source.train, problem.train)
        self._validation = self._train  # without validation data nothing of it is read
        if problem.validation is not None:
            self._validation = self._part(source.validation, problem.validation)
        # As in a cross-validation, whose folds are weights.
        self._shared = self._validation[0] is self._train[0] and all(
            np.array_equal(self._train[i], self._validation[i]) for i in (1, 2)
        )

    def _classes_first(self, W: NDArray[np.floating]) -> NDArray[np.floating]:
        return W.transpose(0, 2, 1) if self._csr else W

    def _part(self, X: Any, part: Examples) -> tuple[Any, ...]:
        """Return a part of the data as the kernels take it."""
        if part is not self._problem.train and X is self._source.train:
            X, data = self._train[0], self._train[-1]  # as in a cross-validation
        elif self._csr:
            data = csr.as_data(X, self._source.scaling, self._dtype)
            X = np.zeros((0, X.shape[1]), self._dtype)
        else:
            if X.dtype == np.float16:
                X = X.view(np.uint16) if CONVERTS_HALF else X.astype(np.float32)
            number = np.uint16 if X.shape[1] <= 2**16 else np.uint32
            stored = X if self._sparse else X[:0]
            data = sparse.compress(stored, np.zeros(0, number))  # type: ignore[no-untyped-call]
        return X, part.targets, part.rows, part.weights, part.weights_of, data

    def _packed(
        self, chosen: NDArray[np.int64], *, evaluate: bool
    ) -> tuple[NDArray[np.floating], int]:
        """Return the snapshot as blocks for sparse data, and how many models a block holds."""
        outputs, dtype = self._problem.n_outputs, self._dtype
        if not (self._sparse and evaluate):
            return aligned_zeros((1, 0, 1), dtype), len(chosen)
        a_block = min(len(chosen), max(1, OUTPUTS_A_BLOCK // outputs))
        lanes = VECTOR_BYTES // dtype.itemsize
        width = -(-a_block * outputs // lanes) * lanes
        shape = -(-len(chosen) // a_block), self._source.n_features + 1, width
        packed = aligned_zeros(shape, dtype)
        before = self._classes_first(self._before_W)
        sparse.pack(before, self._before_bias, self._scaling, chosen, a_block, packed)  # type: ignore[no-untyped-call]
        return packed, a_block

    def _take_snapshot(self, models: Sequence[int]) -> None:
        for m in models:
            self._before_W[m], self._before_bias[m] = self._W[m], self._bias[m]
            if self._factors is not None:
                self._before_W[m] *= self._factors[m]

    @np.errstate(over="ignore", invalid="ignore")  # the norm of a diverging model
    def advance(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        *,
        evaluate: bool,
    ) -> Advance:
        """Evaluate a snapshot while the models go on; see `Stack`."""
        chosen = np.array(models, np.int64)
        self._take_snapshot(models)
        if rates.size:
            self._options[chosen, 0] = rates[:, 0]
        losses = np.zeros((len(models), len(batches)))
        on_train, on_validation = (
            (_pieces(len(part.rows)) if evaluate else 0, len(models))
            for part in (self._problem.train, self._problem.validation or self._problem.train)
        )
        train_correct = np.zeros(on_train)
        validation_loss = np.zeros(on_validation)
        validation_correct = np.zeros(on_validation)
        packed, models_a_block = self._packed(chosen, evaluate=evaluate)
        arguments = (
            np.zeros(1, np.int64), self._train, self._validation,
            batches.rows, batches.offsets, self._scaling, self._W, self._factors, self._bias,
            self._options, chosen, self._models_a_job(len(models)), losses, self._before_W,
            self._before_bias, packed, models_a_block, self._shared, train_correct,
            validation_loss, validation_correct,
        )  # fmt: skip
        self._team.run(lambda: jobs.work(*arguments))  # type: ignore[no-untyped-call]
        if not evaluate:
            return Advance(losses, [])
        return Advance(
            losses, self._metrics(models, train_correct, validation_loss, validation_correct)
        )

    def _models_a_job(self, models: int) -> int:
        # Two jobs a thread, so that a thread that is held up does not keep the others waiting.
        return min(MOST_MODELS_A_JOB, max(1, models // (2 * self._team.threads)))

    def _metrics(
        self,
        models: Sequence[int],
        train_correct: NDArray[np.float64],
        validation_loss: NDArray[np.float64],
        validation_correct: NDArray[np.float64],
    ) -> list[Measures]:
        n_train, n_validation = len(self._train[2]), len(self._validation[2])
        return [
            Measures(
                # Pieces are added in their order, whoever evaluated them.
                sum(validation_loss[:, j].tolist()) / n_validation,
                sum(validation_correct[:, j].tolist()) / n_validation,
                sum(train_correct[:, j].tolist()) / n_train,
                self._norm(m),
            )
            for j, m in enumerate(models)
        ]

    def _norm(self, m: int) -> float:
        include_bias = self._problem.objectives[m].penalize_bias
        W = self._classes_first(self._before_W)[m]
        return math.sqrt(jobs.squared_norm(W, self._before_bias[m], include_bias))  # type: ignore[no-untyped-call]

    def parameters_before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters before the last advance."""
        return self._parameters(self._before_W[model], self._before_bias[model])

    @np.errstate(over="ignore", invalid="ignore")  # of a diverging model
    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        factor = 1 if self._factors is None else self._factors[model]
        return self._parameters(self._W[model] * factor, self._bias[model])

    def _parameters(self, W: NDArray[np.floating], bias: NDArray[np.floating]) -> Parameters:
        # (padded outputs, padded features) to (n_features, n_outputs), never a view
        weights = self._classes_first(W[None])[0][: len(bias), : self._source.n_features].T
        return Parameters(np.array(weights, order="C"), bias.copy())

    def state(self, model: int) -> dict[str, NDArray[Any]]:
        """Return the arrays of a model as they lie in memory; see `Stack`."""
        state = {"weights": self._W[model].copy(), "bias": self._bias[model].copy()}
        if self._factors is not None:
            state["factor"] = self._factors[model : model + 1].copy()
        return state

    def restore(self, model: int, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up a model where `state` left it."""
        arrays = {"weights": self._W[model], "bias": self._bias[model]}
        if self._factors is not None:
            arrays["factor"] = self._factors[model : model + 1]
        for name, array in arrays.items():
            given = state.get(name)
            if given is None or given.shape != array.shape or given.dtype != array.dtype:
                raise InputError(f"The state of model {model} does not fit: {name} differ.")
            array[...] = given


class Team:
    """Threads that share a job until it is done; the caller is one of them."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(max(1, threads - 1), "onelayer")

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown()

    def run(self, job: Callable[[], None]) -> None:
        """Call the job once in every thread, the caller's too; wait for all."""
        others = [self._pool.submit(job) for _ in range(self.threads - 1)]
        try:
            job()
        finally:
            for other in others:
                other.result()


class CompiledEngine:
    """Kernels compiled for this machine, on several threads. BLAS has no part in it."""

    def __init__(self, threads: int) -> None:
        self._team = Team(threads)

    def __enter__(self) -> Self:
        """Return the engine."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let the threads go."""
        self._team.close()

    def prepare(self, source: Source) -> Source:
        """Return the source."""
        return source

    def stack(self, prepared: Source, problem: Problem) -> CompiledStack:
        """Return the models of a problem at their start."""
        return CompiledStack(prepared, problem, self._team)


def _pieces(n: int) -> int:
    return -(-n // jobs.ROWS_A_PIECE)


def _share_stored(X: NDArray[np.generic]) -> float:
    """Return the share of values that are not zero."""
    return float(np.count_nonzero(X)) / X.size
