"""When batches begin and end, when there is an evaluation, when the last step is done."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from onelayer.errors import InputError
from onelayer.training.config import TrainConfig
from onelayer.training.weighting import Rows


@dataclass(frozen=True)
class Segment:
    """Steps between two evaluations; one follows the last of them if `evaluates`."""

    first: int
    last: int
    evaluates: bool

    @property
    def steps(self) -> int:
        """How many there are."""
        return self.last - self.first + 1


@dataclass(frozen=True, eq=False)
class Batches:
    """The rows of consecutive batches: those of batch s are rows[offsets[s]:offsets[s + 1]]."""

    rows: Rows
    offsets: Rows

    @classmethod
    def none(cls) -> Batches:
        """Return no batches."""
        return cls(np.zeros(0, np.int64), np.zeros(1, np.int64))

    def __len__(self) -> int:
        """Return how many batches there are."""
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[Rows]:
        """Yield the rows of each batch."""
        for begin, end in itertools.pairwise(self.offsets.tolist()):
            yield self.rows[begin:end]


@dataclass(frozen=True)
class Schedule:
    """The calendar of a run. Steps count from 0 over the whole run.

    Attributes
    ----------
    n_examples, batch_size : int
    batches_per_epoch : int
        At least 1.
    evaluation_every : int
        An evaluation follows the update of each step that this divides.
    max_steps : int
    """

    n_examples: int
    batch_size: int
    batches_per_epoch: int
    evaluation_every: int
    max_steps: int

    @classmethod
    def of(cls, config: TrainConfig, n_examples: int) -> Schedule:
        """Return the schedule of a configuration on this many training examples.

        Raises
        ------
        InputError
            If dropping the partial batch leaves none.
        """
        whole, rest = divmod(n_examples, config.batch_size)
        batches = whole if config.drop_last else whole + (rest > 0)
        if batches == 0:
            raise InputError(
                f"batch_size: {config.batch_size} is more than the {n_examples} training examples, "
                "and drop_last drops a partial batch: none is left. Take a batch_size of at most "
                f"{n_examples}, or drop_last = false."
            )
        every = max(1, batches // config.evaluations_per_epoch)
        return cls(n_examples, config.batch_size, batches, every, batches * config.max_epochs)

    def epoch(self, step: int) -> int:
        """Return the number of epochs completed before this step."""
        return step // self.batches_per_epoch

    def segments(self) -> Iterator[Segment]:
        """Yield the run's steps, cut after each evaluation."""
        first = 0
        for last in range(0, self.max_steps, self.evaluation_every):
            yield Segment(first, last, evaluates=True)
            first = last + 1
        if first < self.max_steps:
            yield Segment(first, self.max_steps - 1, evaluates=False)

    def batch(self, step: int) -> slice:
        """Return which part of the epoch's order is the batch of this step."""
        start = step % self.batches_per_epoch * self.batch_size
        return slice(start, min(start + self.batch_size, self.n_examples))

    def batches(self, segment: Segment, rows_of: Callable[[int], Rows]) -> Batches:
        """Return the batches of a segment; ``rows_of`` gives an epoch's rows in their order."""
        parts = []
        for epoch in range(self.epoch(segment.first), self.epoch(segment.last) + 1):
            first = max(segment.first, epoch * self.batches_per_epoch)
            last = min(segment.last, (epoch + 1) * self.batches_per_epoch - 1)
            parts.append(rows_of(epoch)[self.batch(first).start : self.batch(last).stop])
        starts = np.arange(segment.first, segment.last + 1) % self.batches_per_epoch
        sizes = np.minimum(self.batch_size, self.n_examples - starts * self.batch_size)
        return Batches(np.concatenate(parts), np.concatenate([[0], np.cumsum(sizes)]))
