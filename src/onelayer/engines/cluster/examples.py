"""The examples of blocks, as calls on a cluster take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from onelayer.data import Rows
from onelayer.engines.blocked import BlockedPart
from onelayer.engines.cluster.work import Cluster
from onelayer.engines.problem import Batches, WeightedRows
from onelayer.model.losses import Targets

if TYPE_CHECKING:
    from distributed import Future

Place = tuple[BlockedPart, int]
"""A block, and the part whose examples in it are meant."""


@dataclass(frozen=True, eq=False)
class FewBytes:
    """Examples on their way; see `onelayer.engines.problem.WeightedRows`.

    Attributes
    ----------
    targets : array, shape (n,) or (n, n_outputs)
        In the smallest type that has them.
    type : dtype
        Of the targets as engines take them.
    rows : array, shape (k,), or None
        Those that take part, in the smallest type that has them; None: all.
    weights, weights_of : arrays
    """

    targets: Targets
    type: DTypeLike
    rows: Rows | None
    weights: NDArray[np.float64]
    weights_of: NDArray[np.int64]

    @classmethod
    def of(cls, examples: WeightedRows) -> FewBytes:
        """Return examples in few bytes."""
        targets, rows = examples.targets, examples.rows
        few_rows = None if examples.takes_all else in_smallest_type(rows)
        return cls(
            in_smallest_type(targets), targets.dtype, few_rows,
            examples.weights, examples.weights_of,
        )  # fmt: skip

    def whole(self) -> WeightedRows:
        """Return the examples as engines take them."""
        rows = np.arange(len(self.targets)) if self.rows is None else self.rows.astype(np.int64)
        return WeightedRows(self.targets.astype(self.type), rows, self.weights, self.weights_of)


class ExamplesThere:
    """Hands examples to a cluster; what is large, once.

    Of what is large each value costs a task, and each of many blocks can be wanted elsewhere: so
    examples are values of their own where blocks lie apart, and one value where all blocks come to
    lie everywhere.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._handed: dict[tuple[tuple[int, int], ...], Future[Any] | list[FewBytes]] = {}

    def of(self, places: list[Place], *, in_one: bool) -> list[Any]:
        """Return the examples of some blocks: lists of `FewBytes`, or futures of such lists."""
        return [self._of(some) for some in ([places] if in_one else [[own] for own in places])]

    def _of(self, places: list[Place]) -> Future[Any] | list[FewBytes]:
        key = tuple((id(part), i) for part, i in places)
        if key not in self._handed:
            found = [FewBytes.of(part.examples_of(i)) for part, i in places]
            self._handed[key] = self._cluster.handed("examples", found)
        return self._handed[key]


def batches_in_few_bytes(batches: Batches) -> Batches:
    """Return batches whose rows are of the smallest type that has them."""
    return Batches(in_smallest_type(batches.rows), batches.offsets)


def in_smallest_type(numbers: NDArray[Any]) -> NDArray[Any]:
    """Return numbers from 0 on in the smallest type that has them."""
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))
