"""The compiled engine: parameters laid out for the kernels, and rounds dealt out to threads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from onelayer.model import Parameters
from onelayer.training.kernels import csr, dense, jobs, sparse
from onelayer.training.kernels.compiler import CONVERTS_HALF, VECTOR_BYTES
from onelayer.training.kernels.memory import aligned_zeros
from onelayer.training.schedule import Batches
from onelayer.training.stack import Meanwhile, Metrics, Problem, Round, Team
from onelayer.training.weighting import Part

# Above this share of stored values that are not zero, the dense kernels evaluate faster.
MOST_DENSE = 0.35

# Outputs evaluated together on sparse data: two vectors of float32, three models of ten classes.
OUTPUTS_A_BLOCK = 32

# Models trained by one job: their weights and a batch together fit the second-level cache.
MOST_MODELS_A_JOB = 16


class CompiledStack:
    """Models one after another in memory.

    For dense data, classes come before features; for CSR data, features before classes, see
    `onelayer.training.kernels.csr`. The snapshot is always seen with its classes first.
    """

    def __init__(self, problem: Problem, team: Team) -> None:
        self._problem, self._team = problem, team
        self._dtype = dtype = np.dtype(problem.configs[0].dtype)
        self._csr = issparse(problem.train.X)
        lanes = VECTOR_BYTES // dtype.itemsize
        length = -(-problem.n_features // lanes) * lanes
        if self._csr:
            width = csr.padded_outputs(problem.n_outputs, lanes)
            shape = len(problem.configs), problem.n_features, width
            self._factors: NDArray[np.floating] | None = np.ones(shape[0], dtype)
        else:
            shape = len(problem.configs), dense.padded_outputs(problem.n_outputs), length
            self._factors = None
        self._W, self._before_W = aligned_zeros(shape, dtype), aligned_zeros(shape, dtype)
        self._bias, self._before_bias = (
            np.zeros((len(problem.configs), problem.n_outputs), dtype) for _ in range(2)
        )
        for m in range(len(problem.configs)):
            start = problem.start(m)
            self._classes_first(self._W)[m, : problem.n_outputs, : problem.n_features] = (
                start.weights.T
            )
            self._bias[m] = start.bias
        # A value beyond float32 becomes infinite, and the run diverges, as it says then.
        with np.errstate(over="ignore"):
            self._scaling = aligned_zeros((2, length), dtype)
            if not self._csr:  # there it is multiplied into the data
                self._scaling[:, : problem.n_features] = problem.scaling.per_feature(
                    problem.n_features
                )
            else:
                self._scaling[0] = 1
            self._options = np.array(
                [(c.learning_rate, c.l2, c.penalize_bias) for c in problem.configs], dtype
            )
        self._sparse = self._csr or _share_stored(problem.train.X) <= MOST_DENSE
        self._train = self._part(problem.train)
        self._validation = self._train  # without validation data nothing of it is read
        if problem.validation is not None:
            self._validation = self._part(problem.validation)
        # As in a cross-validation, whose folds are weights.
        self._shared = self._validation[0] is self._train[0] and all(
            np.array_equal(self._train[i], self._validation[i]) for i in (1, 2)
        )

    def _classes_first(self, W: NDArray[np.floating]) -> NDArray[np.floating]:
        return W.transpose(0, 2, 1) if self._csr else W

    def _part(self, part: Part) -> tuple[Any, ...]:
        """Return a part of the data as the kernels take it."""
        X = part.X
        if part is not self._problem.train and X is self._problem.train.X:
            X, data = self._train[0], self._train[-1]  # as in a cross-validation
        elif self._csr:
            data = csr.as_data(X, self._problem.scaling, self._dtype)
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
        shape = -(-len(chosen) // a_block), self._problem.n_features + 1, width
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
    def round(
        self, models: Sequence[int], batches: Batches, *, evaluate: bool, meanwhile: Meanwhile
    ) -> Round:
        """Evaluate a snapshot while the models go on; see `Stack`."""
        chosen = np.array(models, np.int64)
        self._take_snapshot(models)
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
        self._team.run(lambda: jobs.work(*arguments), meanwhile)  # type: ignore[no-untyped-call]
        if not evaluate:
            return Round(losses, [])
        return Round(
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
    ) -> list[Metrics]:
        n_train, n_validation = len(self._train[2]), len(self._validation[2])
        return [
            Metrics(
                # Pieces are added in their order, whoever evaluated them.
                sum(validation_loss[:, j].tolist()) / n_validation,
                sum(validation_correct[:, j].tolist()) / n_validation,
                sum(train_correct[:, j].tolist()) / n_train,
                self._norm(m),
            )
            for j, m in enumerate(models)
        ]

    def _norm(self, m: int) -> float:
        include_bias = self._problem.configs[m].penalize_bias
        W = self._classes_first(self._before_W)[m]
        return math.sqrt(jobs.squared_norm(W, self._before_bias[m], include_bias))  # type: ignore[no-untyped-call]

    def before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters before the last round."""
        return self._parameters(self._before_W[model], self._before_bias[model])

    @np.errstate(over="ignore", invalid="ignore")  # of a diverging model
    def now(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        factor = 1 if self._factors is None else self._factors[model]
        return self._parameters(self._W[model] * factor, self._bias[model])

    def _parameters(self, W: NDArray[np.floating], bias: NDArray[np.floating]) -> Parameters:
        # (padded outputs, padded features) to (n_features, n_outputs), never a view
        weights = self._classes_first(W[None])[0][: len(bias), : self._problem.n_features].T
        return Parameters(np.array(weights, order="C"), bias.copy())


def _pieces(n: int) -> int:
    return -(-n // jobs.ROWS_A_PIECE)


def _share_stored(X: NDArray[np.generic]) -> float:
    """Return the share of values that are not zero."""
    return float(np.count_nonzero(X)) / X.size
