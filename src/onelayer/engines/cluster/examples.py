"""The examples of blocks, as values on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onelayer.engines.blocked import BlockedPart
from onelayer.engines.cluster.tasks import same
from onelayer.engines.cluster.work import Cluster

if TYPE_CHECKING:
    from distributed import Future

Place = tuple[BlockedPart, int]
"""A block, and the part whose examples in it are meant."""


class ExamplesThere:
    """Hands examples to a cluster, once.

    Each value costs a task, and each of many blocks can be wanted elsewhere: so examples are values
    of their own where blocks lie apart, and one value where all blocks come to lie everywhere.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._apart: dict[tuple[int, int], Future[Any]] = {}
        self._in_one: dict[tuple[tuple[int, int], ...], Future[Any]] = {}

    def of(self, places: list[Place], *, in_one: bool) -> Any:
        """Return the examples of some blocks: a list of futures, or a future of a list."""
        return self._all(places) if in_one else [self._of_one(*place) for place in places]

    def _of_one(self, part: BlockedPart, i: int) -> Future[Any]:
        key = id(part), i
        if key not in self._apart:
            self._apart[key] = self._cluster.submit("examples", same, part.examples_of(i))
        return self._apart[key]

    def _all(self, places: list[Place]) -> Future[Any]:
        key = tuple((id(part), i) for part, i in places)
        if key not in self._in_one:
            found = [part.examples_of(i) for part, i in places]
            self._in_one[key] = self._cluster.submit("examples", same, found)
        return self._in_one[key]
