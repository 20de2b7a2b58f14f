"""Sums over blocks that lie on a cluster: one map, and a reduction in the order of the blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from onelayer.data import Scaling
from onelayer.engines.blocked import BlockedPart
from onelayer.engines.choice import EngineName
from onelayer.engines.cluster.matrix import ClusterMatrix
from onelayer.engines.cluster.tasks import added, same, sums
from onelayer.engines.problem import Problem
from onelayer.model import Parameters, Sums


class ClusterTotals:
    """Sums block after block; see `onelayer.engines.protocol.Totals`."""

    engine_name: EngineName = "auto"

    def __init__(self, part: BlockedPart, scaling: Scaling, dtype: str, problem: Problem) -> None:
        assert isinstance(part.X, ClusterMatrix)
        self._X, self._cluster = part.X, part.X.cluster
        nothing = replace(problem, train=problem.train.none())
        self._problem = self._cluster.submit("models", same, nothing)
        self._source = scaling, dtype
        self._examples = {
            i: self._cluster.submit("examples", same, part.examples_of(i)) for i in part.visited
        }

    def sums(self, models: Sequence[int], at: Sequence[Parameters]) -> list[Sums]:
        """Return the sums over all rows that take part."""
        where = self._cluster.submit("parameters", same, list(at))
        parts = []
        for i, examples in self._examples.items():
            own = self._cluster.submit(
                "sums", sums, self.engine_name, self._source, self._problem, list(models), where,
                self._X.future(i), examples,
            )  # fmt: skip
            parts.append(own)
        total = reduce(lambda a, b: self._cluster.submit("add", added, a, b), parts)
        found: list[Sums] = self._cluster.results([total])[0]
        return found
