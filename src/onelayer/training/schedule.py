"""When batches begin and end, when there is an evaluation, when the last step is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from onelayer.data import Rows
from onelayer.engines import Batches
from onelayer.errors import Argument, InputError
from onelayer.training.config import TrainConfig


@dataclass(frozen=True)
class Segment:
    """Steps that are made without an evaluation between them."""

    first: int
    last: int

    @property
    def steps(self) -> int:
        """How many there are."""
        return self.last - self.first + 1


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
        After so many steps the run ends, if nothing ends it before.
    """

    n_examples: int
    batch_size: int
    batches_per_epoch: int
    evaluation_every: int
    max_steps: int

    @classmethod
    def of(
        cls, config: TrainConfig, n_examples: int, windows: Sequence[int] | None = None
    ) -> Schedule:
        """Return the schedule of a configuration on this many training examples.

        Parameters
        ----------
        config : TrainConfig
        n_examples : int
        windows : sequence of int, optional
            How many examples each window of an epoch has, where no batch crosses one.

        Raises
        ------
        InputError
            If dropping the partial batch leaves none.
        """
        size, parts = config.batch_size, [n_examples] if windows is None else windows
        batches = sum(n // size if config.drop_last else -(-n // size) for n in parts)
        if batches == 0:
            most = max(parts)
            where = "training examples" if windows is None else "examples of a window"
            raise InputError(
                Argument("batch_size"), f": {size} is more than the {most} {where}, and ",
                Argument("drop_last"), " drops a partial batch: none is left. Take at most "
                f"{most}, or keep partial batches.",
            )  # fmt: skip
        every = evaluation_every(batches, config.evaluations_per_epoch)
        return cls(n_examples, config.batch_size, batches, every, config.total_steps(batches))

    def epoch(self, step: int) -> int:
        """Return the number of epochs completed before this step."""
        return step // self.batches_per_epoch

    def evaluates_after(self, step: int) -> bool:
        """Whether an evaluation follows the update of this step."""
        return step >= 0 and step % self.evaluation_every == 0

    def segment(self, first: int, most: int) -> Segment:
        """Return the steps from `first` on, at most so many, up to an evaluation or the end."""
        every = self.evaluation_every
        evaluated = -(-first // every) * every
        return Segment(first, min(evaluated, self.max_steps - 1, first + most - 1))

    def batch(self, step: int) -> slice:
        """Return which part of the epoch's order is the batch of this step."""
        start = step % self.batches_per_epoch * self.batch_size
        return slice(start, min(start + self.batch_size, self.n_examples))

    def batches(self, segment: Segment, orders: Mapping[int, Rows]) -> Batches:
        """Return the batches of a segment, given the rows of its epochs in their order."""
        parts, sizes = [], []
        for epoch in range(self.epoch(segment.first), self.epoch(segment.last) + 1):
            first = max(segment.first, epoch * self.batches_per_epoch)
            last = min(segment.last, (epoch + 1) * self.batches_per_epoch - 1)
            begin, end = self.batch(first).start, self.batch(last).stop
            parts.append(orders[epoch][begin:end])
            sizes.append((last - first + 1, end - begin))
        rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return Batches(rows, self._offsets(sizes))

    def _offsets(self, sizes: Sequence[tuple[int, int]]) -> Rows:
        """Return where batches begin, and the end, given how many batches and rows epochs have."""
        # In an epoch the last batch alone may be smaller.
        found = [np.zeros(1, np.int64)]
        begin = 0
        for count, rows in sizes:
            ends = np.arange(1, count + 1) * self.batch_size
            found.append(begin + np.minimum(ends, rows))
            begin += rows
        return np.concatenate(found)


def evaluation_every(batches_per_epoch: int, evaluations_per_epoch: float) -> int:
    """Return how many steps there are from one evaluation to the next."""
    # By whole numbers: 100 // 0.2 is 499, since 0.2 is stored as a little more.
    per_epoch = Fraction(str(evaluations_per_epoch))
    return max(1, int(batches_per_epoch // per_epoch))
