"""Models that hop from block to block on a cluster.

After Nakandala, Zhang and Kumar, "Cerebro: a data system for optimized deep learning model
selection", VLDB 2020: what models carry on travels, blocks stay where they lie. So the steps of a
model are made one after the other, as everywhere, while other models are at other blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onelayer.engines.blocked import BlockedPart, BlockedStack
from onelayer.engines.blocked.stack import measured
from onelayer.engines.choice import EngineName
from onelayer.engines.cluster.matrix import ClusterMatrix
from onelayer.engines.cluster.tasks import Carried, same, steps, tallies
from onelayer.engines.problem import Batches, Visits
from onelayer.engines.protocol import Advance, Planned, Tally

if TYPE_CHECKING:
    from distributed import Future


class ClusterStack(BlockedStack):
    """Models on blocks that lie on a cluster; see `BlockedStack`, whose parameters these are.

    Between two advances what models carry on is here: so nothing is lost with a worker.
    """

    engine_name: EngineName = "auto"

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        X = self._train.X
        assert isinstance(X, ClusterMatrix)
        self._cluster = X.cluster
        self._spec = self._cluster.submit("models", same, self._models)
        self._examples: dict[tuple[int, int], Future[Any]] = {}

    def plan(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        *,
        evaluate: bool,
        averaging: NDArray[np.float64] | None = None,
    ) -> Planned:
        """Leave all of it to the end; see `Stack`. Evaluations and steps are made at once."""

        def outcome() -> Advance:
            self._before = {m: self._stack.parameters(m) for m in models}
            start = Carried({m: self._stack.state(m) for m in models})
            carried = self._cluster.submit("states", same, start)
            chain = self._steps(carried, batches, rates, averaging)
            parts = [] if not evaluate else [
                self._evaluations(part, carried, losses=part is self._validation)
                for part in (self._validation, self._train) if part is not None
            ]  # fmt: skip
            futures = [chain, *(future for part in parts for future in part)]
            end, *found = self._cluster.results(futures)
            measures = []
            if evaluate:
                first = len(parts[0])
                sums = _summed(found[:first]), _summed(found[first:])
                norms = [self._stack.weight_norm(m) for m in models]
                measures = measured(*sums, norms)
            for m in models:
                self._stack.restore(m, end.states[m])
            nothing = np.zeros((len(models), 0))
            return Advance(np.concatenate([nothing, *end.losses], axis=1), measures)

        return Planned([], outcome)

    def _steps(
        self,
        carried: Future[Any],
        batches: Batches,
        rates: NDArray[np.float64],
        averaging: NDArray[np.float64] | None,
    ) -> Future[Any]:
        """Submit a chain of steps, window after window."""
        first = 0
        for visit in batches.visits if isinstance(batches, Visits) else ():
            made = slice(first, first + len(visit.batches))
            blocks = visit.window.blocks
            carried = self._cluster.submit(
                "steps", steps, self._spec, self.engine_name, carried,
                [self._values(self._train, i) for i in blocks],
                [self._examples_of(self._train, i) for i in blocks],
                visit.batches, rates[:, made], None if averaging is None else averaging[:, made],
                priority=1,
            )  # fmt: skip
            first = made.stop
        return carried

    def _evaluations(
        self, part: BlockedPart, carried: Future[Any], *, losses: bool
    ) -> list[Future[Any]]:
        return [
            self._cluster.submit(
                "evaluate", tallies, self._spec, self.engine_name, carried,
                self._values(part, i), self._examples_of(part, i), losses,
            )
            for i in part.visited
        ]  # fmt: skip

    def _values(self, part: BlockedPart, i: int) -> Future[Any]:
        assert isinstance(part.X, ClusterMatrix)
        return part.X.future(i)

    def _examples_of(self, part: BlockedPart, i: int) -> Future[Any]:
        key = id(part), i
        if key not in self._examples:
            self._examples[key] = self._cluster.submit("examples", same, part.examples_of(i))
        return self._examples[key]


def _summed(found: Sequence[list[Tally]]) -> list[Tally]:
    """Add what each block gives each model, block after block."""
    total = [Tally(0.0, 0.0, 0)] * len(found[0])
    for own in found:
        total = [a + b for a, b in zip(total, own, strict=True)]
    return total
