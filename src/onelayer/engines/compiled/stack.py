"""Models of a problem on the compiled kernels: steps while a snapshot of them is evaluated."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.engines.compiled import csr, dense, jobs, nonzeros, norms, together
from onelayer.engines.compiled.compiler import VECTOR_BYTES
from onelayer.engines.compiled.layouts import CsrLayout, DenseLayout, as_parameters
from onelayer.engines.compiled.memory import Rooms, aligned_zeros
from onelayer.engines.compiled.parts import Outcome, Part, Rule, Scratch, Steps
from onelayer.engines.compiled.prepared import PreparedData, Stored
from onelayer.engines.compiled.team import Team
from onelayer.engines.problem import Batches, Problem, WeightedRows
from onelayer.engines.protocol import Advance, Measures, Planned, Tally, WindowStack
from onelayer.errors import InputError
from onelayer.model import Parameters

OUTPUTS_PER_BLOCK = 32
"""Outputs evaluated together on `Nonzeros`: two vectors of float32, three models of ten classes."""

MOST_MODELS_PER_JOB = 16
"""Models trained by one job: their weights and a batch together fit the second-level cache."""

LEAST_OUTPUTS_PER_JOB = 8
"""Of models trained by one job, where there are enough for all threads."""

WORTH_SHARING = 2**16
"""Weights of a model whose copying is worth dealing out."""

PAUSE = 1e-4
"""Seconds that a thread gives its core away for, where another is long in a job."""

Work = Callable[[], None]


class CompiledStack(WindowStack):
    """Models one after another in memory; see `Stack`."""

    def __init__(self, data: PreparedData, problem: Problem, team: Team) -> None:
        self._data, self._problem, self._team = data, problem, team
        self._dtype = dtype = np.dtype(data.source.dtype)
        self._rooms = Rooms()
        self._shared_room: Scratch | None = None
        layout = CsrLayout if data.is_csr else DenseLayout
        rules = [problem.rule(m) for m in range(len(problem.initial))]
        self._layout = layout(problem.initial, data.source.n_features, dtype, rules)
        self._has_momentum = any(rule.momentum for rule in rules)
        with np.errstate(over="ignore"):  # a penalty beyond float32 is infinite, and diverges
            self._rule = Rule(
                np.array([objective.l2 for objective in problem.objectives], dtype),
                np.array([objective.penalize_bias for objective in problem.objectives], dtype),
                np.array([rule.momentum for rule in rules], dtype),
                np.array([rule.nesterov for rule in rules]),
            )
        self._shared = self._parts_are_one()

    def _parts_are_one(self) -> bool:
        """Whether one pass serves both parts: in a cross-validation, whose folds are weights."""
        train, validation = self._problem.train, self._problem.validation
        return validation is not None and self._data.validation is self._data.train and all(
            np.array_equal(getattr(train, name), getattr(validation, name))
            for name in ("targets", "rows")
        )  # fmt: skip

    def do(self, work: Sequence[Work]) -> None:
        """Call each function once in every thread."""
        self._team.do(work)

    def turn_to(self, prepared: PreparedData, train: WeightedRows) -> None:
        """Take batches from other data from now on; see `Stack`."""
        self._data, self._problem = prepared, replace(self._problem, train=train)
        self._shared = self._parts_are_one()

    @np.errstate(over="ignore", invalid="ignore")  # of a diverging model
    def tally(self, models: Sequence[int], *, losses: bool) -> list[Tally]:
        """Return sums over all training examples; see `Stack`."""
        self._layout.take_snapshot(list(models))
        chosen = np.array(models, np.int64)
        part = self._evaluated(self._data.train, self._problem.train)
        count = len(part.rows)
        correct, nothing = np.zeros((_pieces(count), len(models))), np.zeros((0, len(models)))
        loss = np.zeros_like(correct) if losses else nothing
        self._team.do([self._evaluate(chosen)(part, part, Outcome(loss, correct, nothing))])
        # Pieces are added in their order, whoever evaluated them.
        return [
            Tally(sum(loss[:, j].tolist()), sum(correct[:, j].tolist()), count)
            for j in range(len(models))
        ]

    def keep(self, models: Sequence[int]) -> list[bool]:
        """Remember models as they are; see `Stack`."""
        finite: dict[int, bool] = {}
        left = iter(models)

        @np.errstate(over="ignore", invalid="ignore")  # of a diverging model
        def work() -> None:
            for m in left:  # each is one thread's
                finite[m] = self._layout.is_finite(m)
                if finite[m]:
                    self._layout.take_snapshot([m])

        self._team.run(work, alone=self._layout.snapshot.W[0].size < WORTH_SHARING)
        return [finite[m] for m in models]

    @np.errstate(over="ignore", invalid="ignore")  # of a diverging model
    def weight_norm(self, model: int) -> float:
        """Return the norm of what a model's penalty covers."""
        self._layout.take_snapshot([model])
        return self._norm(model)

    @np.errstate(over="ignore", invalid="ignore")  # of a diverging model
    def plan(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        *,
        evaluate: bool,
        averaging: NDArray[np.float64] | None = None,
    ) -> Planned:
        """Take the snapshot, and return what is to be done; see `Stack`."""
        if evaluate:
            self._layout.take_snapshot(list(models))
        chosen = np.array(models, np.int64)
        losses = np.zeros((len(models), len(batches)))
        work: list[Work] = []
        on_train = on_validation = Outcome(np.zeros((0, 0)), np.zeros((0, 0)), np.zeros((0, 0)))
        evaluations: list[Work] = []
        if evaluate:
            on_train, on_validation, evaluations = self._evaluations(chosen)
        if len(batches):
            shares = np.zeros((0, 0)) if averaging is None else averaging
            own = rates.astype(self._dtype), shares.astype(self._dtype)
            steps = Steps(batches.rows, batches.offsets, *own)
            largest = int(np.diff(batches.offsets).max())
            if self._is_worth_sharing(chosen, steps, largest, evaluate=evaluate):
                work.append(self._steps_together(chosen, steps, largest, losses))
            else:
                work.append(self._steps(chosen, steps, largest, losses))
        work += evaluations

        def outcome() -> Advance:
            measures = self._measures(models, on_train, on_validation) if evaluate else []
            return Advance(losses, measures)

        return Planned(work, outcome)

    def _steps(
        self, chosen: NDArray[np.int64], steps: Steps, batch: int, losses: NDArray[np.float64]
    ) -> Work:
        """Return the steps of many models: a job are some models, a batch at most so large."""
        counter, layout = np.zeros(1, np.int64), self._layout
        # Two jobs a thread, so that a thread that is held up does not keep the others waiting;
        # but one of models that cost less than what they share, the gathering of a batch.
        few = -(-LEAST_OUTPUTS_PER_JOB // self._problem.n_outputs)
        shared = len(chosen) // (2 * self._team.threads)
        at_most = -(-len(chosen) // self._team.threads)
        per_job = min(MOST_MODELS_PER_JOB, max(1, shared, min(few, at_most)))
        part = self._data.train.part(self._problem.train, dense=not self._data.is_csr)
        slopes = self._has_momentum
        if isinstance(layout, CsrLayout):
            V = layout.models.V

            def on_csr() -> None:
                make = partial(csr.step_scratch, batch, V, slopes=slopes)
                with self._rooms.lent(batch, make) as room:
                    jobs.advance_csr(  # type: ignore[no-untyped-call]
                        room, counter, per_job, part, steps, layout.models, self._rule,
                        layout.carried, chosen, losses,
                    )  # fmt: skip

            return on_csr
        W = layout.models.W

        def on_dense() -> None:
            make = partial(dense.step_scratch, batch, W, slopes=slopes)
            with self._rooms.lent(batch, make) as room:
                jobs.advance_dense(  # type: ignore[no-untyped-call]
                    room, counter, per_job, part, steps, self._data.scaling, layout.models,
                    self._rule, layout.carried, chosen, losses,
                )  # fmt: skip

        return on_dense

    def _is_worth_sharing(
        self, chosen: NDArray[np.int64], steps: Steps, batch: int, *, evaluate: bool
    ) -> bool:
        """Whether threads are left that an evaluation does not keep busy, and steps are long."""
        layout = self._layout
        if isinstance(layout, CsrLayout) or len(chosen) >= self._team.threads:
            return False
        problem, evaluated = self._problem, 0
        if evaluate and problem.validation is not None:
            evaluated = len(problem.validation.rows)
            evaluated += len(problem.train.rows) if problem.evaluates_train else 0
        # A step takes two products of each example, an evaluation one.
        spare = 2 * len(steps.rows) >= together.TIMES_EVALUATION * evaluated
        size = batch * layout.models.W[0].size
        return spare and size >= together.LEAST_PRODUCTS

    def _steps_together(
        self, chosen: NDArray[np.int64], steps: Steps, batch: int, losses: NDArray[np.float64]
    ) -> Work:
        """Return the steps of few models, one after the other, each by all threads."""
        layout = self._layout
        assert isinstance(layout, DenseLayout)
        if self._shared_room is None or len(self._shared_room.x) < batch:
            make = dense.step_scratch
            self._shared_room = make(batch, layout.models.W, slopes=self._has_momentum)
        room, part = self._shared_room, self._data.train.part(self._problem.train, dense=True)
        boards = [together.new_board() for _ in chosen]

        def all_steps(j: int) -> None:
            job = together.NOTHING_LEFT
            while True:
                job = together.advance_together(  # type: ignore[no-untyped-call]
                    room, boards[j], job, 2 * self._team.threads, part, steps, self._data.scaling,
                    layout.models, self._rule, layout.carried, chosen[j], j, losses,
                )  # fmt: skip
                if job == together.NOTHING_LEFT:
                    return
                time.sleep(PAUSE)

        def on_dense() -> None:
            for j, board in enumerate(boards):
                try:
                    all_steps(j)
                except BaseException:
                    together.give_up(board)
                    raise

        return on_dense

    def _evaluations(self, chosen: NDArray[np.int64]) -> tuple[Outcome, Outcome, list[Work]]:
        """Return where the evaluations of both parts go, and the work that they are."""
        problem, data = self._problem, self._data
        assert problem.validation is not None
        assert data.validation is not None
        train = self._evaluated(data.train, problem.train)
        validation = self._evaluated(data.validation, problem.validation)
        nothing = np.zeros((0, len(chosen)))
        on_train, loss, correct = (
            np.zeros((_pieces(len(examples.rows)), len(chosen)))
            for examples in (problem.train, problem.validation, problem.validation)
        )
        if not problem.evaluates_train:
            on_train = np.full((1, len(chosen)), math.nan)
        also = on_train if self._shared and problem.evaluates_train else nothing
        both = Outcome(loss, correct, also), Outcome(nothing, on_train, nothing)
        evaluate = self._evaluate(chosen)
        work = [evaluate(validation, train, both[0])]
        if problem.evaluates_train and not self._shared:
            work.append(evaluate(train, train, both[1]))
        return both[1], both[0], work

    def _evaluated(self, stored: Stored, examples: WeightedRows) -> Part:
        """Return examples as the kernels of an evaluation take them."""
        return stored.part(examples, dense=self._data.train.nonzeros is None)

    def _evaluate(self, chosen: NDArray[np.int64]) -> Callable[[Part, Part, Outcome], Work]:
        """Return what makes the work of evaluating the snapshot of some models."""
        dense = self._data.train.nonzeros is None
        return self._on_dense(chosen) if dense else self._on_nonzeros(chosen)

    def _on_dense(self, chosen: NDArray[np.int64]) -> Callable[[Part, Part, Outcome], Work]:
        scaling, snapshot = self._data.scaling, self._layout.snapshot

        def evaluate(part: Part, also: Part, outcome: Outcome) -> Work:
            counter = np.zeros(1, np.int64)

            def work() -> None:
                with self._rooms.lent("rows", lambda: dense.evaluation_scratch(snapshot.W)) as room:
                    jobs.evaluate_dense(  # type: ignore[no-untyped-call]
                        room, counter, part, also, scaling, snapshot, chosen, outcome
                    )

            return work

        return evaluate

    def _on_nonzeros(self, chosen: NDArray[np.int64]) -> Callable[[Part, Part, Outcome], Work]:
        outputs, snapshot = self._problem.n_outputs, self._layout.snapshot
        per_block = min(len(chosen), max(1, OUTPUTS_PER_BLOCK // outputs))
        lanes = VECTOR_BYTES // self._dtype.itemsize
        width = -(-per_block * outputs // lanes) * lanes
        shape = -(-len(chosen) // per_block), self._data.source.n_features + 1, width
        packed = aligned_zeros(shape, self._dtype)
        nonzeros.pack(  # type: ignore[no-untyped-call]
            snapshot.W, snapshot.bias, self._data.scaling, chosen, per_block, packed
        )

        def room() -> Scratch:
            return nonzeros.evaluation_scratch(packed, per_block)

        def evaluate(part: Part, also: Part, outcome: Outcome) -> Work:
            counter = np.zeros(1, np.int64)

            def work() -> None:
                with self._rooms.lent((width, per_block), room) as lent:
                    jobs.evaluate_nonzeros(  # type: ignore[no-untyped-call]
                        lent, counter, part, also, packed, per_block, outputs, chosen, outcome
                    )

            return work

        return evaluate

    @np.errstate(over="ignore", invalid="ignore")  # the norm of a diverging model
    def _measures(
        self, models: Sequence[int], on_train: Outcome, on_validation: Outcome
    ) -> list[Measures]:
        problem = self._problem
        assert problem.validation is not None
        n_train, n_validation = len(problem.train.rows), len(problem.validation.rows)
        return [
            Measures(
                # Pieces are added in their order, whoever evaluated them.
                sum(on_validation.loss[:, j].tolist()) / n_validation,
                sum(on_validation.correct[:, j].tolist()) / n_validation,
                sum(on_train.correct[:, j].tolist()) / n_train,
                self._norm(m),
            )
            for j, m in enumerate(models)
        ]

    def _norm(self, m: int) -> float:
        W, bias = self._layout.snapshot.W[m], self._layout.snapshot.bias[m]
        include_bias = self._problem.objectives[m].penalize_bias
        return math.sqrt(norms.squared_norm(W, bias, include_bias))  # type: ignore[no-untyped-call]

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        return self._layout.parameters(model)

    def parameters_before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters as they were last evaluated, or kept."""
        W, bias = self._layout.snapshot.W[model], self._layout.snapshot.bias[model]
        return as_parameters(W, bias, self._data.source.n_features)

    def state(self, model: int) -> dict[str, NDArray[Any]]:
        """Return the arrays of a model as they lie in memory; see `Stack`."""
        return {name: array.copy() for name, array in self._layout.arrays(model).items()}

    def restore(self, model: int, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up a model where `state` left it."""
        for name, array in self._layout.arrays(model).items():
            given = state.get(name)
            if given is None or given.shape != array.shape or given.dtype != array.dtype:
                raise InputError(f"The state of model {model} does not fit: {name} differ.")
            array[...] = given


def _pieces(n: int) -> int:
    return -(-n // jobs.ROWS_PER_PIECE)
