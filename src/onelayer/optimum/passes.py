"""Passes over the data, each of which serves all searches."""

from __future__ import annotations

from collections.abc import Sequence

from onelayer.data.blocks import BlockMatrix
from onelayer.engines import BlockedPart, BlockedTotals, Engine, Problem, Source, Totals
from onelayer.engines.cluster import ClusterMatrix, ClusterTotals
from onelayer.model import Parameters
from onelayer.optimum.descent import Descent
from onelayer.optimum.model_search import ModelSearch
from onelayer.optimum.result import Optimum, Reason
from onelayer.optimum.setting import Setting
from onelayer.threads import for_each

FEW_FEATURES = 128
"""With fewer, a curvature is estimated sooner than another thread is asked to."""


class Passes:
    """All searches, and the passes over the data that they share."""

    def __init__(
        self, engine: Engine, setting: Setting, numbers: Sequence[int], threads: int | None
    ) -> None:
        self._engine, self._setting, self._threads = engine, setting, threads
        self._totals: dict[str, Totals] = {}
        self.searches = {m: ModelSearch(setting, m) for m in numbers}
        alike: dict[tuple[int, bool], list[ModelSearch]] = {}
        for model in self.searches.values():
            if model.objective.l2 > 0:
                key = setting.kind(model.number), model.objective.penalize_bias
                alike.setdefault(key, []).append(model)
        self._descents = [Descent(models) for models in alike.values()]
        self._refresh()

    @property
    def active(self) -> list[ModelSearch | Descent]:
        """Those that have not ended: the ways down, and what has begun."""
        everyone: list[ModelSearch | Descent] = [*self._descents, *self.searches.values()]
        return [one for one in everyone if one.is_active]

    def found(self, left: Reason) -> dict[int, Optimum]:
        """Return what was found, by number; `left` is the reason where a search has not ended."""
        for descent in self._descents:
            descent.release()
        return {number: search.found(left) for number, search in self.searches.items()}

    def make_pass(self) -> None:
        """Evaluate every search's trial, one pass a type of the arithmetic."""
        kinds = {
            dtype: [model for model in self.active if model.dtype == dtype]
            for dtype in ("float32", "float64")
        }
        for dtype, models in kinds.items():
            if models:
                numbers, at = [model.number for model in models], [model.at() for model in models]
                found = self._totals_in(dtype).sums(numbers, at)
                for model, where, sums in zip(models, at, found, strict=True):
                    model.told(where, sums)
        self._refresh()

    def _refresh(self) -> None:
        """Estimate curvatures anew where that is due, some at once: BLAS has one thread."""
        threads = 1 if self._setting.data.n_features < FEW_FEATURES else self._threads
        # The first make some of the others begin.
        for kind in (self._descents, [*self.searches.values()]):
            stale = [one for one in kind if one.is_active and one.is_stale]
            for_each(lambda one: one.refresh(), stale, threads)

    def _totals_in(self, dtype: str) -> Totals:
        if dtype not in self._totals:
            setting = self._setting
            start = Parameters.zeros(setting.data.n_features, setting.outputs, dtype)
            models = (start,) * len(setting.objectives)
            problem = Problem(setting.examples, None, setting.outputs, setting.objectives, models)
            X, scaling = setting.data.X, setting.data.scaling
            if isinstance(X, BlockMatrix):
                part = BlockedPart(X, problem.train)
                kind = ClusterTotals if isinstance(X, ClusterMatrix) else BlockedTotals
                totals: Totals = kind(self._engine, part, scaling, dtype, problem)
            else:
                prepared = self._engine.prepare(Source(X, None, scaling, dtype))
                totals = self._engine.totals(prepared, problem)
            self._totals[dtype] = totals
        return self._totals[dtype]
