"""Where blocks lie on a cluster, and what is therefore done in one task."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from onelayer.data.windows import Window
from onelayer.engines.cluster.matrix import ClusterMatrix

Places = Sequence[tuple[ClusterMatrix, int]]
"""Blocks: of which matrix, and which of it."""

Visiting = TypeVar("Visiting")

_LOOKS_HOLD = 2.0
"""Seconds from one look at where blocks lie to the next."""

_MOST_WINDOWS = 4
"""In one task: so long a worker is not free for other models."""

_MOST_PRODUCTS = 2e10
"""Of a value and a weight, in a task of more windows than that: some tenths of a second."""


class Whereabouts:
    """What the client has been told of where blocks lie.

    All of it is a guess, which costs time where it is wrong, and changes no result.

    Parameters
    ----------
    X : ClusterMatrix
        Whose windows are visited.
    evaluated : sequence of (ClusterMatrix, int)
        The blocks that an evaluation goes over.
    """

    def __init__(self, X: ClusterMatrix, evaluated: Places) -> None:
        self._X, self._evaluated, self._cluster = X, evaluated, X.cluster
        matrices = {id(own): own for own in (X, *(own for own, _ in evaluated))}
        self._bytes = sum(own.nbytes for own in matrices.values())
        self._blocks = [X.future(i) for i in range(len(X.lengths))]
        self._until = 0.0
        self._copied = False
        self._holders: list[frozenset[str]] = []
        self._bundles: list[list[int]] = []

    def together(
        self, visits: Iterable[tuple[Window, Visiting]], products: float
    ) -> Iterator[list[Visiting]]:
        """Yield visits that follow one another, those in one list that one task makes.

        Data that is small comes to lie on every worker, and models stay where they are. Otherwise
        these are the windows whose blocks lie on one worker.

        Parameters
        ----------
        visits : iterable of (Window, visit)
        products : float
            Of a value and a weight, for one example.
        """
        self._look()
        some: list[Visiting] = []
        workers: frozenset[str] = frozenset()
        made = 0.0
        for window, visit in visits:
            costs = products * sum(self._X.lengths[i] for i in window.blocks)
            own = frozenset.intersection(*(self._holders[i] for i in window.blocks))
            few = len(some) < _MOST_WINDOWS or (self._copied and made + costs <= _MOST_PRODUCTS)
            if some and few and workers & own:
                some.append(visit)
                workers, made = workers & own, made + costs
                continue
            if some:
                yield some
            some, workers, made = [visit], own, costs
        if some:
            yield some

    @property
    def bundles(self) -> list[list[int]]:
        """Which of the evaluated blocks are summed up in one task, by their places."""
        self._look()
        return self._bundles

    @property
    def copied(self) -> bool:
        """Whether every worker may come to hold all blocks."""
        self._look()
        return self._copied

    def _look(self) -> None:
        """Ask where blocks lie, now and then."""
        if time.monotonic() < self._until:
            return
        self._until = time.monotonic() + _LOOKS_HOLD
        self._copied = self._cluster.copies(self._bytes)
        if self._copied:
            self._holders = [frozenset({"any"})] * len(self._blocks)
            self._bundles = [[*range(len(self._evaluated))]]
        else:
            self._holders = self._cluster.holders(self._blocks)
            self._bundles = self._cluster.bundles([X.future(i) for X, i in self._evaluated])
