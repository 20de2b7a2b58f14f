"""Sums of losses and gradients over data in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from onelayer.data import Scaling
from onelayer.engines.blocked.part import BlockedPart
from onelayer.engines.problem import Problem, Source
from onelayer.engines.protocol import Engine
from onelayer.model import Parameters, Sums


class BlockedTotals:
    """Sums block after block; see `onelayer.engines.protocol.Totals`."""

    def __init__(
        self, engine: Engine, part: BlockedPart, scaling: Scaling, dtype: str, problem: Problem
    ) -> None:
        self._engine, self._part = engine, part
        self._scaling, self._dtype = scaling, dtype
        nothing = replace(problem, train=problem.train.none())
        self._totals = engine.totals(self._prepare(part.X.no_rows()), nothing)

    def sums(self, models: Sequence[int], at: Sequence[Parameters]) -> list[Sums]:
        """Return the sums over all rows that take part."""
        found: list[Sums] = []
        for X, examples in self._part.each_block():
            self._totals.turn_to(self._prepare(X), examples)
            own = self._totals.sums(models, at)
            found = [a + b for a, b in zip(found, own, strict=True)] if found else own
        return found

    def _prepare(self, X: Any) -> Any:
        return self._engine.prepare(Source(X, None, self._scaling, self._dtype))
