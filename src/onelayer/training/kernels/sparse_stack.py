"""The compiled engine for data that is mostly zeros: models packed into blocks of outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.model import Parameters
from onelayer.training.kernels import sparse as kernels
from onelayer.training.kernels.compiled_stack import aligned_zeros
from onelayer.training.kernels.compiler import VECTOR_BYTES
from onelayer.training.stack import Metrics, Problem, Round, Rows, Team

MOST_DENSE = 0.35
"""Above this share of stored values that are not zero, the dense kernels are faster."""

ROWS_A_JOB = 1024

# Five vectors of float32: eight models of ten classes fill them to the last lane.
MOST_OUTPUTS = 80


def is_sparse(X: NDArray[np.generic]) -> bool:
    """Whether most of the stored values are zero."""
    return bool(np.count_nonzero(X) <= MOST_DENSE * X.size)


class SparseStack:
    """Outputs of some models side by side in a block; see `onelayer.training.stack.Stack`."""

    def __init__(self, problem: Problem, team: Team) -> None:
        self._problem, self._team = problem, team
        self._dtype = np.dtype(problem.configs[0].dtype)
        feature_type = np.zeros(0, np.uint16 if problem.n_features <= 2**16 else np.uint32)
        self._train, self._validation = (
            (kernels.compress(X, feature_type), targets, np.arange(len(X)))  # type: ignore[no-untyped-call]
            for X, targets in (
                (problem.X, problem.targets),
                (problem.validation_X, problem.validation_targets),
            )
        )
        self._scaling = np.array([problem.scaling.scale, problem.scaling.offset], self._dtype)
        self._models: list[int] = []
        zero = Parameters.zeros(problem.n_features, problem.n_outputs, problem.configs[0].dtype)
        self._left = dict.fromkeys(range(len(problem.configs)), zero)
        self._pack(list(self._left))

    def _pack(self, models: list[int]) -> None:
        """Lay these models out anew, so that those that have left cost nothing."""
        outputs, lanes = self._problem.n_outputs, VECTOR_BYTES // self._dtype.itemsize
        most = max(1, MOST_OUTPUTS // outputs)
        self._a_block = min(most, -(-len(models) // self._team.threads))
        blocks = -(-len(models) // self._a_block)
        width = -(-self._a_block * outputs // lanes) * lanes
        W = aligned_zeros((blocks, self._problem.n_features, width), self._dtype)
        bias = np.zeros((blocks, width), self._dtype)
        options = np.zeros((blocks, 3, width), self._dtype)
        for place, m in enumerate(models):
            block, columns = self._place(place)
            now, config = self.now(m), self._problem.configs[m]
            W[block, :, columns], bias[block, columns] = now.weights, now.bias
            # A value beyond float32 becomes infinite, and the run diverges, as it says then.
            with np.errstate(over="ignore"):
                chosen = np.array([config.learning_rate, config.l2, config.penalize_bias])
                options[block, :, columns] = chosen.astype(self._dtype)[:, None]
        self._left |= {m: self.now(m) for m in self._models if m not in models}
        self._W, self._bias, self._options = W, bias, options
        self._before_W, self._before_bias = W.copy(), bias.copy()
        self._models = models
        counts = [min(self._a_block, len(models) - b * self._a_block) for b in range(blocks)]
        self._counts = np.array(counts, np.int64)

    def _place(self, place: int) -> tuple[int, slice]:
        """Return the block of the model at this place, and its columns there."""
        block, within = divmod(place, self._a_block)
        outputs = self._problem.n_outputs
        return block, slice(within * outputs, (within + 1) * outputs)

    @np.errstate(over="ignore", invalid="ignore")  # the norm of a diverging model
    def round(self, models: Sequence[int], batches: Sequence[Rows], *, evaluate: bool) -> Round:
        """Evaluate a snapshot while the models go on; see `Stack`."""
        if list(models) != self._models:
            self._pack(list(models))
        self._before_W[...], self._before_bias[...] = self._W, self._bias
        blocks = len(self._counts)
        losses = np.zeros((blocks, len(batches), self._a_block))
        on_train, on_validation = (
            (-(-len(part[2]) // ROWS_A_JOB) if evaluate else 0, blocks, self._a_block)
            for part in (self._train, self._validation)
        )
        train_correct = np.zeros(on_train, np.int64)
        validation_loss = np.zeros(on_validation)
        validation_correct = np.zeros(on_validation, np.int64)
        arguments: tuple[Any, ...] = (
            np.zeros(1, np.int64), self._train, self._validation,
            np.concatenate(batches) if batches else np.zeros(0, np.int64),
            np.cumsum([0, *map(len, batches)]), self._scaling, self._W, self._bias, self._options,
            self._counts, self._problem.n_outputs, losses, self._before_W, self._before_bias,
            ROWS_A_JOB, train_correct, validation_loss, validation_correct,
        )  # fmt: skip
        self._team.run(lambda: kernels.work(*arguments))  # type: ignore[no-untyped-call]
        # (blocks, steps, models of a block) to (models, steps)
        flat = losses.transpose(0, 2, 1).reshape(blocks * self._a_block, len(batches))
        if not evaluate:
            return Round(flat[: len(models)], [])
        loss, right, right_train = (
            # Pieces are added in their order, whoever evaluated them.
            [sum(column) for column in part.reshape(len(part), -1).T.tolist()]
            for part in (validation_loss, validation_correct, train_correct)
        )
        n_train, n_validation = len(self._train[2]), len(self._validation[2])
        metrics = [
            Metrics(
                loss[j] / n_validation, right[j] / n_validation, right_train[j] / n_train,
                self._norm(m),
            )
            for j, m in enumerate(models)
        ]  # fmt: skip
        return Round(flat[: len(models)], metrics)

    def _norm(self, m: int) -> float:
        squared = self.before(m).squared_norm(include_bias=self._problem.configs[m].penalize_bias)
        return math.sqrt(squared)

    def before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters before the last round."""
        block, columns = self._place(self._models.index(model))
        return Parameters(
            np.ascontiguousarray(self._before_W[block, :, columns]).copy(),
            self._before_bias[block, columns].copy(),
        )

    def now(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        if model not in self._models:
            return self._left[model].copy()
        block, columns = self._place(self._models.index(model))
        return Parameters(
            np.ascontiguousarray(self._W[block, :, columns]).copy(),
            self._bias[block, columns].copy(),
        )
