"""Models that hop from block to block on a cluster.

After Nakandala, Zhang and Kumar, "Cerebro: a data system for optimized deep learning model
selection", VLDB 2020: what models carry on travels, blocks stay where they lie. So the steps of a
model are made one after the other, as everywhere, while other models are at other blocks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onelayer.engines.blocked import BlockedPart, BlockedStack
from onelayer.engines.blocked.stack import added, measured, visits_of
from onelayer.engines.cluster.matrix import ClusterMatrix
from onelayer.engines.cluster.tasks import Carried, Leg, same, steps, tallies
from onelayer.engines.problem import Batches, Visit
from onelayer.engines.protocol import Advance, Tally

if TYPE_CHECKING:
    from distributed import Future


_LOOKS_HOLD = 2.0
"""Seconds from one look at where blocks lie to the next."""

_MOST_WINDOWS = 4
"""In one task: so long a worker is not free for other models."""

_MOST_ADVANCES = 8
"""That follow one another on the cluster: so much is computed again where a worker is lost."""


class _There(NamedTuple):
    """Models that lie on the cluster as they are here.

    Attributes
    ----------
    models : list of int
    carried : Future of Carried
    made : int
        How many losses it has of advances before.
    advances : int
        How many have followed one another.
    """

    models: list[int]
    carried: Future[Any]
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
        self._spec = self._cluster.submit("models", same, self._models)
        self._examples: dict[tuple[int, int], Future[Any]] = {}
        self._there: _There | None = None
        self._bundled: list[list[int]] = []
        self._bundled_until = 0.0
        self._holders: list[frozenset[str]] = []
        self._holders_until = 0.0

    def _advanced(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        averaging: NDArray[np.float64] | None,
        evaluate: bool,
    ) -> Advance:
        """Evaluate and step at once."""
        there = self._taken_up(models)
        carried, self._there = there.carried, None
        chain = self._steps(carried, batches, rates, averaging)
        bundles = self._bundles() if evaluate else []
        end, *found = self._cluster.results(
            [chain, *(self._evaluation(carried, bundle) for bundle in bundles)]
        )
        measures = []
        if evaluate:
            sums = self._summed(bundles, found, len(models))
            norms = [self._stack.weight_norm(m) for m in models]
            measures = measured(sums[0], sums[1] if self._evaluates_train else None, norms)
        for m in models:
            self._stack.restore(m, end.states[m])
        self._there = _There(list(models), chain, len(end.losses), there.advances + 1)
        nothing = np.zeros((len(models), 0))
        return Advance(np.concatenate([nothing, *end.losses[there.made :]], axis=1), measures)

    def restore(self, model: int, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up a model where `state` left it."""
        self._there = None
        super().restore(model, state)

    def _taken_up(self, models: Sequence[int]) -> _There:
        """Return models on the cluster: as the last advance left them there, or from here."""
        there = self._there
        if there and there.models == list(models) and there.advances < _MOST_ADVANCES:
            return there
        start = Carried({m: self._stack.state(m) for m in models})
        return _There(list(models), self._cluster.submit("states", same, start), 0, 0)

    def _steps(
        self,
        carried: Future[Any],
        batches: Batches,
        rates: NDArray[np.float64],
        averaging: NDArray[np.float64] | None,
    ) -> Future[Any]:
        """Submit a chain of steps, window after window."""
        X = self._train.X
        assert isinstance(X, ClusterMatrix)
        for visits in self._on_one_worker(batches):
            blocks = sorted({i for visit, _ in visits for i in visit.window.blocks})
            legs = [
                Leg(
                    tuple(blocks.index(i) for i in visit.window.blocks),
                    visit.batches, rates[:, made],
                    None if averaging is None else averaging[:, made],
                )
                for visit, made in visits
            ]  # fmt: skip
            carried = self._cluster.submit(
                "steps", steps, self._spec, self._engine.name, carried,
                [X.future(i) for i in blocks],
                [self._examples_of(self._train, i) for i in blocks],
                legs, priority=1,
            )  # fmt: skip
        return carried

    def _on_one_worker(self, batches: Batches) -> Iterator[list[tuple[Visit, slice]]]:
        """Yield the visits that follow one another, those in one list whose blocks lie together.

        It is a guess, which costs time where it is wrong, and changes no result.
        """
        X = self._train.X
        assert isinstance(X, ClusterMatrix)
        if batches and time.monotonic() > self._holders_until:
            self._holders = self._cluster.holders([X.future(i) for i in range(len(X.lengths))])
            self._holders_until = time.monotonic() + _LOOKS_HOLD
        visits: list[tuple[Visit, slice]] = []
        workers: frozenset[str] = frozenset()
        for visit, made in visits_of(batches):
            own = frozenset.intersection(*(self._holders[i] for i in visit.window.blocks))
            if visits and workers & own and len(visits) < _MOST_WINDOWS:
                workers &= own
            else:
                if visits:
                    yield visits
                visits, workers = [], own
            visits.append((visit, made))
        if visits:
            yield visits

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

    def _bundles(self) -> list[list[int]]:
        """Return which of all that is evaluated is done in one task: what lies on one worker."""
        if time.monotonic() > self._bundled_until:
            futures = [X.future(i) for X, i, _ in self._evaluated]
            self._bundled, self._bundled_until = (
                self._cluster.bundles(futures), time.monotonic() + _LOOKS_HOLD,
            )  # fmt: skip
        return self._bundled

    def _evaluation(self, carried: Future[Any], bundle: list[int]) -> Future[Any]:
        """Submit the evaluation of some blocks."""
        chosen = [self._evaluated[e] for e in bundle]
        blocks = {(id(X), i): X.future(i) for X, i, _ in chosen}
        places = {key: place for place, key in enumerate(blocks)}
        return self._cluster.submit(
            "evaluate", tallies, self._spec, self._engine.name, carried, [*blocks.values()],
            [self._examples_of(self._parts[p], i) for _, i, p in chosen],
            [(places[id(X), i], self._parts[p] is self._validation) for X, i, p in chosen],
        )  # fmt: skip

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

    def _examples_of(self, part: BlockedPart, i: int) -> Future[Any]:
        key = id(part), i
        if key not in self._examples:
            self._examples[key] = self._cluster.submit("examples", same, part.examples_of(i))
        return self._examples[key]
