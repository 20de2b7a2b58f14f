"""Loss and gradient over all examples, of many models in one pass over the data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from onelayer.data import row_blocks
from onelayer.engines.compiled import csr, dense, jobs
from onelayer.engines.compiled.layouts import CsrLayout, DenseLayout
from onelayer.engines.compiled.memory import Rooms, aligned_zeros
from onelayer.engines.compiled.parts import Totals
from onelayer.engines.compiled.prepared import PreparedData
from onelayer.engines.compiled.team import Team
from onelayer.engines.problem import Problem, WeightedRows
from onelayer.model import Parameters, Sums

MOST_PIECES, LEAST_ROWS = 16, 256
"""The rows are cut into so many pieces, whoever works on them; a piece has at least so many."""

MOST_PIECES_CSR = 4
"""Each has room for a gradient of its own, which sparse data makes large."""

MOST_BYTES = 2**26
"""Room for sums: models that do not fit into it together take turns."""

MOST_MODELS_PER_JOB = 8
"""Their weights and sums, with a block of examples, fit the second-level cache."""

ROWS_AT_ONCE_CSR = 128

OF_READING = 4
"""To read an example takes about as long as so many models."""

FEW = 2**14
"""Values of all pieces that are sooner added up with the sums on the way kept."""

LITTLE = 2**21
"""Products of a pass that one thread makes sooner than it hands a part of them to others."""


class CompiledTotals:
    """See `onelayer.engines.protocol.Totals`."""

    def __init__(self, data: PreparedData, problem: Problem, team: Team) -> None:
        self._data, self._problem, self._team = data, problem, team
        self._rooms = Rooms()
        self._totals: dict[tuple[int, int], Totals] = {}
        self.turn_to(data, problem.train)
        layout = CsrLayout if data.is_csr else DenseLayout
        self._layout = layout(problem.initial, data.source.n_features, np.dtype(data.source.dtype))

    def turn_to(self, prepared: PreparedData, train: WeightedRows) -> None:
        """Sum over other data from now on; see `onelayer.engines.protocol.Totals`."""
        self._data = prepared
        self._part = prepared.train.part(train, dense=not prepared.is_csr)

    def sums(self, models: Sequence[int], at: Sequence[Parameters]) -> list[Sums]:
        """Return the sums over all rows that take part."""
        for m, parameters in zip(models, at, strict=True):
            self._layout.put(m, parameters)
        size = int(np.prod(self._weights.shape[1:])) * 8
        at_once = MOST_BYTES // (self._pieces() * size)
        return [
            found
            for some in row_blocks(len(models), at_once)
            for found in self._of_some(np.array(models[some], np.int64))
        ]

    @property
    def _weights(self) -> np.ndarray:
        layout = self._layout
        return layout.models.V if isinstance(layout, CsrLayout) else layout.models.W

    def _pieces(self) -> int:
        most = MOST_PIECES_CSR if self._data.is_csr else MOST_PIECES
        return min(most, -(-len(self._part.rows) // LEAST_ROWS))

    def _room(self, n_models: int) -> Totals:
        """Return room for the sums of so many models, made once: fresh memory costs more."""
        pieces, is_csr = self._pieces(), self._data.is_csr
        if (pieces, n_models) not in self._totals:
            kind = self._weights.dtype if is_csr else np.dtype(np.float64)
            self._totals = {
                (pieces, n_models): Totals(
                    np.zeros((pieces, n_models)),
                    aligned_zeros((pieces, n_models, *self._weights.shape[1:]), kind),
                    np.zeros((pieces, n_models, self._problem.n_outputs)),
                )
            }
        return self._totals[pieces, n_models]

    @np.errstate(over="ignore", invalid="ignore")
    def _of_some(self, chosen: np.ndarray) -> list[Sums]:
        layout, n_models = self._layout, len(chosen)
        is_csr = isinstance(layout, CsrLayout)
        totals = self._room(n_models)
        for array in totals:
            array[...] = 0
        counter = np.zeros(1, np.int64)
        work = self._on_csr if is_csr else self._on_dense
        products = len(self._part.rows) * self._weights[0].size * (n_models + OF_READING)
        self._team.run(partial(work, counter, chosen, totals), alone=products <= LITTLE)
        loss, weights, bias = map(_added, totals)
        if not is_csr:
            weights = weights.transpose(0, 2, 1)
        weights = weights[:, : self._data.source.n_features, : self._problem.n_outputs]
        count = len(self._part.rows)
        return [
            Sums(float(loss[j]), np.ascontiguousarray(weights[j]), bias[j], count)
            for j in range(n_models)
        ]

    def _on_dense(self, counter: np.ndarray, chosen: np.ndarray, totals: Totals) -> None:
        layout = self._layout
        assert isinstance(layout, DenseLayout)
        W = layout.models.W
        # The same for any number of threads: what shares a block does not change a model's sums.
        per_job = min(MOST_MODELS_PER_JOB, len(chosen))
        with self._rooms.lent("dense", lambda: dense.evaluation_scratch(W)) as room:
            sums = aligned_zeros((per_job, *W.shape[1:]), W.dtype)
            jobs.sum_dense(  # type: ignore[no-untyped-call]
                room, counter, per_job, self._part, self._data.scaling, layout.models, chosen, sums,
                totals,
            )  # fmt: skip

    def _on_csr(self, counter: np.ndarray, chosen: np.ndarray, totals: Totals) -> None:
        layout = self._layout
        assert isinstance(layout, CsrLayout)
        V = layout.models.V
        with self._rooms.lent("csr", lambda: csr.step_scratch(ROWS_AT_ONCE_CSR, V)) as room:
            jobs.sum_csr(  # type: ignore[no-untyped-call]
                room, counter, self._part, layout.models, chosen, totals
            )


def _added(pieces: np.ndarray) -> np.ndarray:
    """Return the sum over the first axis in float64, piece after piece in any company."""
    if pieces.size <= FEW:
        last: np.ndarray = np.add.accumulate(pieces, axis=0, dtype=np.float64)[-1]
        return last
    total: np.ndarray = pieces[0].astype(np.float64)
    for piece in pieces[1:]:
        total += piece
    return total
