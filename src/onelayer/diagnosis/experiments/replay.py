"""Make a run again and look after every step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.budget import seconds_of_training
from onelayer.diagnosis.context import Context
from onelayer.study import RunOutcome
from onelayer.training import TrainConfig, TrainResult
from onelayer.training.options import MOST

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EveryStep:
    """A run evaluated after each of its steps.

    Attributes
    ----------
    val_accuracy, val_loss : array, shape (epochs, batches_per_epoch)
        After the update on each batch, by its place in the epoch; whole epochs only.
    """

    val_accuracy: Floats
    val_loss: Floats

    @classmethod
    def of(cls, result: TrainResult) -> EveryStep:
        """Return what a run with an evaluation after every step has recorded."""
        rows = [(e.val_accuracy, e.val_loss) for e in result.history.evaluations]
        batches = result.history.batches_per_epoch
        whole = len(rows) // batches
        columns = np.array(rows[: whole * batches]).reshape(whole, batches, 2)
        return cls(columns[..., 0], columns[..., 1])

    @property
    def epochs(self) -> int:
        """How many whole epochs there are."""
        return len(self.val_accuracy)

    @property
    def batches(self) -> int:
        """How many steps an epoch has."""
        return int(self.val_accuracy.shape[1])

    def curve(self, n_validation: int) -> tuple[float, ...]:
        """Return the accuracy after every step, to a tenth of a validation example."""
        return tuple(self.val_accuracy.ravel().round(len(str(n_validation)) + 1).tolist())

    def falls(self) -> Floats:
        """Return how far each accuracy lies below the median of its epoch, the first left out.

        Shape (epochs - 1, batches_per_epoch). In the first epoch the curve still climbs.
        """
        after = self.val_accuracy[1:]
        return np.asarray(np.median(after, axis=1, keepdims=True) - after)

    def levels(self) -> Floats:
        """Return how far each validation loss lies above its epoch's median, as `falls`."""
        after = self.val_loss[1:]
        return np.asarray(after - np.median(after, axis=1, keepdims=True))

    def rises(self) -> Floats:
        """Return by how much each step raises the validation loss, as `falls`."""
        steps = np.diff(self.val_loss.ravel(), prepend=np.nan)
        return steps.reshape(self.val_loss.shape)[1:]


def at_every_step(config: TrainConfig, epochs: int) -> TrainConfig:
    """Return the configuration of a run of so many epochs that is looked at after every step."""
    return config.model_copy(
        update={
            "evaluations_per_epoch": MOST, "early_stopping": None, "max_epochs": epochs,
            "max_steps": None, "optimum": False,
        }
    )  # fmt: skip


def affordable_epochs(context: Context, run: RunOutcome, seconds: float, most: int) -> int:
    """Return how many epochs with an evaluation after every step take so long, at most."""
    one = seconds_of_training(*context.parts(run), [at_every_step(run.record.config, 1)])
    return min(int(seconds / one), most)


def replay(context: Context, run: RunOutcome, epochs: int) -> tuple[EveryStep, bool]:
    """Return the first epochs of a run, evaluated after every step, and whether it is the same run.

    It is if every evaluation that the run recorded in them comes out to the bit.

    Raises
    ------
    OverBudget
        If it costs more than is left.
    """

    def make() -> tuple[EveryStep, bool]:
        config = at_every_step(run.record.config, epochs)
        (result,) = context.train(context.parts(run), [config])
        again = {e.step: e.val_loss for e in result.history.evaluations}
        recorded = zip(run.curve["step"], run.curve["val_loss"], strict=True)
        same = all(again[step] == loss for step, loss in recorded if step in again)
        return EveryStep.of(result), same

    return context.once(("replay", run.name, epochs), make)
