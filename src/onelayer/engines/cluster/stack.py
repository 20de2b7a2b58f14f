"""Models that hop from block to block on a cluster.

After Nakandala, Zhang and Kumar, "Cerebro: a data system for optimized deep learning model
selection", VLDB 2020: what models carry on travels, blocks stay where they lie. So the steps of a
model are made one after the other, as everywhere, while other models are at other blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from onelayer.data.windows import Window
from onelayer.engines.blocked import BlockedPart, BlockedStack
from onelayer.engines.blocked.stack import added, measured, visits_of
from onelayer.engines.cluster.examples import ExamplesThere, batches_in_few_bytes
from onelayer.engines.cluster.matrix import ClusterMatrix
from onelayer.engines.cluster.tasks import Carried, Leg, same, steps, tallies
from onelayer.engines.cluster.whereabouts import Whereabouts
from onelayer.engines.problem import Batches, Visit
from onelayer.engines.protocol import Advance, Measures, Tally

if TYPE_CHECKING:
    from distributed import Future


_MOST_ADVANCES = 8
"""That follow one another on the cluster: so much is computed again where a worker is lost."""


class _There(NamedTuple):
    """Models that lie on the cluster as they are here.

    Attributes
    ----------
    models : list of int
    carried : Future of Carried, or Carried
        As a value of its own, or to go along with the one call that takes it.
    made : int
        How many losses it has of advances before.
    advances : int
        How many have followed one another.
    """

    models: list[int]
    carried: Future[Any] | Carried
    made: int
    advances: int


class ClusterStack(BlockedStack):
    """Models on blocks that lie on a cluster; see `BlockedStack`, whose parameters these are.

    After each advance what models carry on comes here: so nothing is lost with a worker. It stays
    there as well, for the next advance.
    """

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        X = self._train.X
        assert isinstance(X, ClusterMatrix)
        self._cluster = X.cluster
        self._spec = self._cluster.handed("models", self._models.without_starts())
        self._examples = ExamplesThere(self._cluster)
        self._there: _There | None = None

    def begin(self, window: Window) -> None:
        """Do nothing: blocks are read where they lie."""

    def _advanced(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        averaging: NDArray[np.float64] | None,
        evaluate: bool,
    ) -> Advance:
        """Evaluate and step at once."""
        nothing = np.zeros((len(models), 0))
        if not (evaluate or batches):
            return Advance(nothing, [])
        there, self._there = self._taken_up(models, shared=evaluate), None
        asked, bundles = [], self._where.bundles if evaluate else []
        if batches:
            asked.append(self._steps(there.carried, batches, rates, averaging))
        first = next((self._priority(visit) for visit, _ in visits_of(batches)), 1.0)
        asked += [self._evaluation(there.carried, bundle, first) for bundle in bundles]
        found = self._cluster.results(asked)
        end = found.pop(0) if batches else Carried({})
        measures = self._measures_of(models, bundles, found) if evaluate else []
        for m, state in end.states.items():
            self._stack.restore(m, state)
        losses = end.losses[there.made :]
        if batches:
            there = _There(list(models), asked[0], len(end.losses), there.advances + 1)
        self._there = there
        return Advance(np.concatenate([nothing, *losses], axis=1), measures)

    def restore(self, model: int, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up a model where `state` left it."""
        self._there = None
        super().restore(model, state)

    def _taken_up(self, models: Sequence[int], *, shared: bool) -> _There:
        """Return models on the cluster: as the last advance left them there, or from here.

        Where they are from here, and only one task takes them up, they need none of their own.
        """
        there = self._there
        if there and there.models == list(models) and there.advances < _MOST_ADVANCES:
            return there
        start = Carried({m: self._stack.state(m) for m in models})
        carried = self._cluster.submit("states", same, start) if shared else start
        return _There(list(models), carried, 0, 0)

    def _steps(
        self,
        carried: Future[Any] | Carried,
        batches: Batches,
        rates: NDArray[np.float64],
        averaging: NDArray[np.float64] | None,
    ) -> Future[Any]:
        """Submit a chain of steps, window after window."""
        X = self._train.X
        assert isinstance(X, ClusterMatrix)
        visited = ((visit.window, (visit, made)) for visit, made in visits_of(batches))
        products = len(rates) * X.shape[1] * self._models.shares[0].problem.n_outputs
        for visits in self._where.together(visited, products):
            blocks = sorted({i for visit, _ in visits for i in visit.window.blocks})
            if self._where.copied:  # then all of them are there, and their examples are one value
                blocks = self._train.visited
            legs = [
                Leg(
                    tuple(blocks.index(i) for i in visit.window.blocks),
                    batches_in_few_bytes(visit.batches), rates[:, made],
                    None if averaging is None else averaging[:, made],
                )
                for visit, made in visits
            ]  # fmt: skip
            carried = self._cluster.submit(
                "steps", steps, self._spec, self._engine.name, carried,
                [X.future(i) for i in blocks],
                self._examples.of([(self._train, i) for i in blocks], in_one=self._where.copied),
                legs, priority=self._priority(visits[0][0]),
            )  # fmt: skip
        return cast("Future[Any]", carried)

    def _priority(self, visit: Visit) -> float:
        """Return what goes before what: whoever is furthest in its epoch.

        All models visit the blocks in one sequence. Taken as they come, they soon stand in one
        queue, at one worker after the other; so they stay apart. Two fits on a cluster share it.
        """
        before = visit.window.number * len(visit.window.blocks)
        return 1 + before / len(self._train.visited)

    @cached_property
    def _parts(self) -> list[BlockedPart]:
        """What an evaluation goes over: validation examples first."""
        train = self._train if self._evaluates_train else None
        return [part for part in (self._validation, train) if part is not None]

    @cached_property
    def _evaluated(self) -> list[tuple[ClusterMatrix, int, int]]:
        """What an evaluation goes over: blocks, and the parts that have examples in them.

        Each part's blocks come in their order, so that its sum is what it is elsewhere.
        """
        found = []
        for X in {id(part.X): part.X for part in self._parts}.values():
            assert isinstance(X, ClusterMatrix)
            own = {p: set(part.visited) for p, part in enumerate(self._parts) if part.X is X}
            for i in sorted(set().union(*own.values())):
                found += [(X, i, p) for p, visited in own.items() if i in visited]
        return found

    @cached_property
    def _where(self) -> Whereabouts:
        X = self._train.X
        assert isinstance(X, ClusterMatrix)
        return Whereabouts(X, [(own, i) for own, i, _ in self._evaluated])

    def _evaluation(
        self, carried: Future[Any] | Carried, bundle: list[int], priority: float
    ) -> Future[Any]:
        """Submit the evaluation of some blocks."""
        chosen = [self._evaluated[e] for e in bundle]
        blocks = {(id(X), i): X.future(i) for X, i, _ in chosen}
        places = {key: place for place, key in enumerate(blocks)}
        return self._cluster.submit(
            "evaluate", tallies, self._spec, self._engine.name, carried, [*blocks.values()],
            self._examples.of(
                [(self._parts[p], i) for _, i, p in chosen], in_one=self._where.copied
            ),
            [(places[id(X), i], self._parts[p] is self._validation) for X, i, p in chosen],
            priority=priority,
        )  # fmt: skip

    def _measures_of(
        self, models: Sequence[int], bundles: list[list[int]], found: Sequence[list[list[Tally]]]
    ) -> list[Measures]:
        """Return what an evaluation measured of models that are here as they were then."""
        sums = self._summed(bundles, found, len(models))
        norms = [self._stack.weight_norm(m) for m in models]
        return measured(sums[0], sums[1] if self._evaluates_train else None, norms)

    def _summed(
        self, bundles: list[list[int]], found: Sequence[list[list[Tally]]], n_models: int
    ) -> list[list[Tally]]:
        """Return the sums of each part, added up in the order of the blocks."""
        own = {
            e: tally
            for bundle, tallies_ in zip(bundles, found, strict=True)
            for e, tally in zip(bundle, tallies_, strict=True)
        }
        sums = [[Tally(0.0, 0.0, 0)] * n_models for _ in self._parts]
        for e, (_, _, p) in enumerate(self._evaluated):
            sums[p] = added(sums[p], own[e])
        return sums
