"""What becomes of the falls within an epoch where order, batches or examples are changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, OrderName, Rows, order_by_law
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.replay import EveryStep, at_every_step
from onelayer.diagnosis.subjects.examples import scaled
from onelayer.study import RunOutcome
from onelayer.training import ExampleWeights, Schedule, TrainConfig

SEEDS = 3
"""Of laws of order that depend on chance."""


@dataclass(frozen=True)
class Intervention:
    """One changed run, and how deep its accuracy falls.

    Attributes
    ----------
    change : str
        What was changed, in words.
    fall : float
        Of the accuracy below its epoch's median after the batch that holds most of what is
        watched; mean over epochs, the first left out.
    standard_error : float
        Of that mean over the epochs.
    loss : float
        How far the validation loss lies above its epoch's median, mean over the same epochs and
        over the steps from that batch to where the fall is taken.
    accuracies : tuple of float
        After every step, of the first seed.
    watched : tuple of int
        The steps after which its falls are taken, one in each epoch but the first.
    left_out : int
        How many examples count 0.
    """

    change: str
    fall: float
    standard_error: float
    loss: float
    accuracies: tuple[float, ...] = ()
    watched: tuple[int, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, eq=False)
class Trial:
    """Short runs like a given one, each changed in one thing, all of the same length.

    Attributes
    ----------
    context : Context
    train, validation : Dataset
        The training examples in the order in which the given run visits them, as if in a file.
    rows : int array, shape (n_train,)
        Their numbers among the training examples of the given run.
    config : TrainConfig
        Of the given run, evaluated after every step.
    mass : float array, shape (n_train,)
        What is watched: 0 for all examples but those of one batch.
    lag : int
        So many steps after the batch with most of it the fall is taken.
    """

    context: Context
    train: Dataset
    validation: Dataset
    rows: Rows
    config: TrainConfig
    mass: NDArray[np.float64]
    lag: int = 0

    @classmethod
    def of(cls, context: Context, run: RunOutcome, epochs: int) -> Trial:
        """Return the trials of a run whose batches have the same contents in every epoch."""
        train, validation = context.parts(run)
        config, rows = run.record.config, np.arange(train.n_examples)
        if config.order in ("once", "class"):
            rows = order_by_law(config.order, config.seed, 0, train.targets, config.batch_size)
            train = replace(train, X=train.X[rows], y=train.y[rows])
            config = config.model_copy(update={"order": "file", "shuffle": False})
        return cls(
            context, train, validation, rows, at_every_step(config, epochs), np.ones(len(rows))
        )

    def watching(self, rows: Rows, mass: NDArray[np.float64], lag: int = 0) -> Trial:
        """Return the same trials that watch some examples."""
        whole = np.zeros(self.train.n_examples)
        whole[rows] = mass
        return replace(self, mass=whole, lag=lag)

    def batch(self, number: int) -> Rows:
        """Return the rows of a batch, by its place in the file."""
        size = self.config.batch_size
        return np.arange(number * size, min((number + 1) * size, self.train.n_examples))

    def values(self, rows: Rows | slice) -> NDArray[np.floating]:
        """Return some training examples as the model sees them, dense."""
        return scaled(self.train, self.train, rows, dtype=np.float64)

    def step_on(self, batch: int, epoch: int) -> int:
        """Return the step that is made on a batch in an epoch."""
        config, n = self.config, self.train.n_examples
        schedule = Schedule.of(config, n)
        order = order_by_law(
            config.order, config.seed, epoch, self.train.targets, config.batch_size
        )
        place = int(np.flatnonzero(order == batch * config.batch_size)[0]) // config.batch_size
        return epoch * schedule.batches_per_epoch + place

    def as_it_was(self, change: str) -> Intervention:
        """Return the given run."""
        return self._with({}, 1, change)

    def with_order(self, order: OrderName, change: str) -> Intervention:
        """Return what another law of order does, over several seeds where it depends on one."""
        return self._with({"order": order, "shuffle": True}, SEEDS, change)

    def without(self, examples: Sequence[Rows], changes: Sequence[str]) -> list[Intervention]:
        """Return what leaving out some examples does; all such runs are one pass.

        Batches keep their places: an example that is left out counts 0 where it stood. All others
        count exactly as before.
        """
        n = self.train.n_examples
        runs = [leaving_out(self.config, rows, n) for rows in examples]
        results = self.context.train(
            (self.train, self.validation), [config for config, _ in runs],
            weights=[weights for _, weights in runs],
        )  # fmt: skip
        again = [EveryStep.of(result) for result in results]
        return [
            replace(self._summary(change, [(self.config, run)]), left_out=len(rows))
            for change, rows, run in zip(changes, examples, again, strict=True)
        ]

    def _with(self, options: dict[str, Any], seeds: int, change: str) -> Intervention:
        made = []
        for i in range(seeds):
            config = self.config.model_copy(update=options | {"seed": self.config.seed + i})
            (result,) = self.context.train((self.train, self.validation), [config])
            made.append((config, EveryStep.of(result)))
        return self._summary(change, made)

    def _summary(self, change: str, made: Sequence[tuple[TrainConfig, EveryStep]]) -> Intervention:
        watched = [self._watched(config, run) for config, run in made]
        at = [steps - run.batches for (_, run), steps in zip(made, watched, strict=True)]
        runs = [run for _, run in made]
        falls = np.concatenate(
            [run.falls().flat[steps] for run, steps in zip(runs, at, strict=True)]
        )
        # Of another sequence the steps after the batch are other ones: no single one stands for it.
        losses = np.concatenate(
            [
                run.levels().flat[steps - before]
                for run, steps in zip(runs, at, strict=True)
                for before in range(self.lag + 1)
            ]
        )
        error = float(falls.std(ddof=1) / np.sqrt(len(falls))) if len(falls) > 1 else float("nan")
        return Intervention(
            change, float(falls.mean()), error, float(losses.mean()),
            runs[0].curve(self.validation.n_examples), tuple(watched[0].tolist()),
        )  # fmt: skip

    def _watched(self, config: TrainConfig, run: EveryStep) -> NDArray[np.int64]:
        """Return the step on the batch with most of the mass, in each epoch but the first."""
        size, batches, steps = config.batch_size, run.batches, []
        for epoch in range(1, run.epochs):
            order = order_by_law(config.order, config.seed, epoch, self.train.targets, size)
            of_batches = np.add.reduceat(self.mass[order], np.arange(0, len(order), size))
            steps.append(epoch * batches + int(of_batches[:batches].argmax()) + self.lag)
        return np.minimum(np.array(steps, np.int64), run.epochs * batches - 1)


def leaving_out(config: TrainConfig, rows: Rows, n: int) -> tuple[TrainConfig, ExampleWeights]:
    """Return a run in which some examples count 0 and all others exactly what they did.

    Weights are divided by their mean, (n - k) / n: the rate is multiplied by that, and the penalty
    divided by it, so that a step is the one it was but for the examples left out.
    """
    weight = np.ones(n)
    weight[rows] = 0
    share = float(weight.mean())
    change = {"learning_rate": config.learning_rate * share, "l2": config.l2 / share}
    return config.model_copy(update=change), ExampleWeights(train=weight)
