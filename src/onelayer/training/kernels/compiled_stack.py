"""The compiled engine: parameters laid out for the kernels, and rounds dealt out to threads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.model import Parameters
from onelayer.training.kernels import dense, jobs, sparse
from onelayer.training.kernels.compiler import VECTOR_BYTES
from onelayer.training.kernels.memory import aligned_zeros
from onelayer.training.stack import Metrics, Problem, Round, Rows, Team

# Above this share of stored values that are not zero, the dense kernels evaluate faster.
MOST_DENSE = 0.35

# Outputs evaluated together on sparse data: two vectors of float32, three models of ten classes.
OUTPUTS_A_BLOCK = 32

# Models trained by one job: their weights and a batch together fit the second-level cache.
MOST_MODELS_A_JOB = 16


class CompiledStack:
    """Models one after another in memory, classes before features."""

    def __init__(self, problem: Problem, team: Team) -> None:
        self._problem, self._team = problem, team
        dtype = np.dtype(problem.configs[0].dtype)
        lanes = VECTOR_BYTES // dtype.itemsize
        count, width = len(problem.configs), dense.padded_outputs(problem.n_outputs)
        length = -(-problem.n_features // lanes) * lanes
        self._W, self._before_W = (aligned_zeros((count, width, length), dtype) for _ in range(2))
        self._bias, self._before_bias = (
            np.zeros((count, problem.n_outputs), dtype) for _ in range(2)
        )
        self._scaling = np.array([problem.scaling.scale, problem.scaling.offset], dtype)
        # A value beyond float32 becomes infinite, and the run diverges, as it says then.
        with np.errstate(over="ignore"):
            self._options = np.array(
                [(c.learning_rate, c.l2, c.penalize_bias) for c in problem.configs], dtype
            )
        self._sparse = np.count_nonzero(problem.X) <= MOST_DENSE * problem.X.size
        self._train = self._part(problem.X, problem.targets)
        self._validation = self._part(problem.validation_X, problem.validation_targets)

    def _part(self, X: NDArray[np.generic], targets: NDArray[np.int32]) -> tuple[Any, ...]:
        """Return a part of the data as the kernels take it."""
        number = np.uint16 if X.shape[1] <= 2**16 else np.uint32
        stored = X if self._sparse else X[:0]
        data = sparse.compress(stored, np.zeros(0, number))  # type: ignore[no-untyped-call]
        return X, targets, np.arange(len(X)), data

    def _packed(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.floating], int]:
        """Return the snapshot as blocks for sparse data, and how many models a block holds."""
        outputs, dtype = self._problem.n_outputs, self._W.dtype
        if not self._sparse:
            return aligned_zeros((1, 0, 1), dtype), len(chosen)
        a_block = min(len(chosen), max(1, OUTPUTS_A_BLOCK // outputs))
        lanes = VECTOR_BYTES // dtype.itemsize
        width = -(-a_block * outputs // lanes) * lanes
        shape = -(-len(chosen) // a_block), self._problem.n_features, width
        packed = aligned_zeros(shape, dtype)
        sparse.pack(self._before_W, chosen, a_block, outputs, packed)  # type: ignore[no-untyped-call]
        return packed, a_block

    @np.errstate(over="ignore", invalid="ignore")  # the norm of a diverging model
    def round(self, models: Sequence[int], batches: Sequence[Rows], *, evaluate: bool) -> Round:
        """Evaluate a snapshot while the models go on; see `Stack`."""
        chosen = np.array(models, np.int64)
        for m in models:
            self._before_W[m], self._before_bias[m] = self._W[m], self._bias[m]
        losses = np.zeros((len(models), len(batches)))
        on_train, on_validation = (
            (_pieces(len(part[0])) if evaluate else 0, len(models))
            for part in (self._train, self._validation)
        )
        train_correct = np.zeros(on_train, np.int64)
        validation_loss = np.zeros(on_validation)
        validation_correct = np.zeros(on_validation, np.int64)
        packed, models_a_block = self._packed(chosen)
        arguments = (
            np.zeros(1, np.int64), self._train, self._validation,
            np.concatenate(batches) if batches else np.zeros(0, np.int64),
            np.cumsum([0, *map(len, batches)]), self._scaling, self._W, self._bias, self._options,
            chosen, self._models_a_job(len(models)), losses, self._before_W, self._before_bias,
            packed, models_a_block, train_correct, validation_loss, validation_correct,
        )  # fmt: skip
        self._team.run(lambda: jobs.work(*arguments))  # type: ignore[no-untyped-call]
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
        train_correct: NDArray[np.int64],
        validation_loss: NDArray[np.float64],
        validation_correct: NDArray[np.int64],
    ) -> list[Metrics]:
        n_train, n_validation = len(self._train[0]), len(self._validation[0])
        return [
            Metrics(
                # Blocks are added in their order, whoever evaluated them.
                sum(validation_loss[:, j].tolist()) / n_validation,
                int(validation_correct[:, j].sum()) / n_validation,
                int(train_correct[:, j].sum()) / n_train,
                self._norm(m),
            )
            for j, m in enumerate(models)
        ]

    def _norm(self, m: int) -> float:
        include_bias = self._problem.configs[m].penalize_bias
        return math.sqrt(
            jobs.squared_norm(self._before_W[m], self._before_bias[m], include_bias)  # type: ignore[no-untyped-call]
        )

    def before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters before the last round."""
        return self._parameters(self._before_W[model], self._before_bias[model])

    def now(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        return self._parameters(self._W[model], self._bias[model])

    def _parameters(self, W: NDArray[np.floating], bias: NDArray[np.floating]) -> Parameters:
        # (padded outputs, padded features) to (n_features, n_outputs), never a view
        weights = np.array(W[: len(bias), : self._problem.n_features].T, order="C")
        return Parameters(weights, bias.copy())


def _pieces(n: int) -> int:
    return -(-n // jobs.ROWS_A_PIECE)
