"""Where batches come from: the order of the examples, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from onelayer.data import Rows, Windows, order_by_law
from onelayer.data.windows import Ahead, Window
from onelayer.engines import Batches, Visit, Visits
from onelayer.threads import prefetched
from onelayer.training.config import TrainConfig
from onelayer.training.data import RunData
from onelayer.training.schedule import Schedule, Segment


class Order(Protocol):
    """Tells the batches of one segment after the other."""

    def batches(self, segment: Segment) -> Batches:
        """Return the batches of the steps of a segment; segments follow one another."""


def order_of(
    config: TrainConfig, data: RunData, schedule: Schedule, rows: Rows | None, first_epoch: int
) -> Order:
    """Return the order in which a run visits its examples.

    Parameters
    ----------
    rows : int array, or None
        The examples that orders of rows number; None: those are what the engine takes.
    first_epoch : int
        The number of the first epoch, for the order of the examples.
    """
    windows = data.windows(config)
    if windows is not None:
        return OrderOfBlocks(config, schedule, windows, first_epoch)
    return OrderOfRows(config, data, schedule, rows, first_epoch)


class OrderOfRows:
    """All examples of an epoch in one sequence, cut into batches."""

    def __init__(
        self,
        config: TrainConfig,
        data: RunData,
        schedule: Schedule,
        rows: Rows | None,
        first_epoch: int,
    ) -> None:
        self._config, self._schedule, self._rows = config, schedule, rows
        self._targets, self._first_epoch = data.targets, first_epoch
        self._orders: Iterator[Rows] | None = None
        self._held: dict[int, Rows] = {}

    def batches(self, segment: Segment) -> Batches:
        """Return the batches of a segment; see `Order`."""
        first, last = (self._schedule.epoch(step) for step in (segment.first, segment.last))
        if self._orders is None:
            self._orders = prefetched(self._epochs(first))
        self._held = {epoch: rows for epoch, rows in self._held.items() if epoch >= first}
        for epoch in range(first, last + 1):
            if epoch not in self._held:
                self._held[epoch] = next(self._orders)
        return self._schedule.batches(segment, self._held)

    def _epochs(self, first: int) -> Iterator[Rows]:
        """Yield each epoch's rows in their order."""
        config, rows = self._config, self._rows
        last = self._schedule.epoch(self._schedule.max_steps - 1)
        for epoch in range(first, last + 1):
            number = self._first_epoch + epoch
            order = order_by_law(
                config.order, config.seed, number, self._targets, config.batch_size
            )
            yield order if rows is None else rows[order]


class OrderOfBlocks:
    """Windows of blocks, each cut into batches."""

    def __init__(
        self, config: TrainConfig, schedule: Schedule, windows: Windows, first_epoch: int
    ) -> None:
        self._config, self._schedule = config, schedule
        self._windows, self._first_epoch = windows, first_epoch
        self._epoch: tuple[int, list[Window]] = -1, []
        last_epoch = first_epoch + schedule.epoch(schedule.max_steps - 1)
        self._orders = Ahead(windows, last_epoch, windows.rows)

    def batches(self, segment: Segment) -> Visits:
        """Return the batches of a segment; see `Order`."""
        step, visits = segment.first, []
        while step <= segment.last:
            visits.append(self._visit(step, segment.last))
            step += len(visits[-1].batches)
        return Visits.of(visits)

    def window(self, step: int) -> Window:
        """Return the window in which a step's batch lies."""
        return self._place(step)[0]

    def _place(self, step: int) -> tuple[Window, int, int, int]:
        """Return a step's window, its examples and batches, and which of these is the step's."""
        epoch, left = divmod(step, self._schedule.batches_per_epoch)
        if self._epoch[0] != epoch:
            self._epoch = epoch, self._windows.of_epoch(self._first_epoch + epoch)
        size, drop_last = self._config.batch_size, self._config.drop_last
        for window in self._epoch[1]:
            n = sum(self._windows.lengths[i] for i in window.blocks)
            count = n // size if drop_last else -(-n // size)
            if left < count:
                break
            left -= count
        return window, n, count, left

    def _visit(self, step: int, last: int) -> Visit:
        """Return the batches from a step on, at most to a last one, that lie in one window."""
        window, n, count, left = self._place(step)
        size = self._config.batch_size
        end = min(count, left + last - step + 1)
        rows = self._orders.of(window)[left * size : min(end * size, n)]
        offsets = np.minimum(np.arange(end - left + 1) * size, len(rows))
        return Visit(window, Batches(rows, offsets))
