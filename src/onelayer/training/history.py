"""What a run records: the loss of every step, and every evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

EVALUATED = ("val_loss", "val_accuracy", "train_accuracy", "weight_norm")
COLUMNS = ("run", "step", "epoch", "train_loss", *EVALUATED)
"""The columns of a history frame: one row a step, evaluation columns null where there was none."""


@dataclass(frozen=True)
class Evaluation:
    """The state after the update of one step.

    Losses are mean cross-entropies without the penalty, accuracies are fractions of all examples,
    `weight_norm` is the Euclidean norm of what the penalty covers. `train_accuracy` is NaN where
    it was not measured.
    """

    step: int
    epoch: int
    val_loss: float
    val_accuracy: float
    train_accuracy: float
    weight_norm: float


@dataclass(frozen=True, eq=False)
class History:
    """The record of one run.

    Attributes
    ----------
    batches_per_epoch : int
    train_loss : array of float64, shape (steps,)
        Mean loss of each step's batch before the update.
    evaluations : tuple of Evaluation
        In the order of their steps.
    """

    batches_per_epoch: int
    train_loss: NDArray[np.float64]
    evaluations: tuple[Evaluation, ...]

    def __eq__(self, other: object) -> bool:
        """Tell whether two records are equal in every bit: NaN equals NaN, and -0 is not 0."""
        if not isinstance(other, History):
            return NotImplemented
        return (
            self.batches_per_epoch == other.batches_per_epoch
            and self.train_loss.tobytes() == other.train_loss.tobytes()
            # The shortest digits that tell floats apart, and the sign of a zero.
            and repr(self.evaluations) == repr(other.evaluations)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def steps(self) -> int:
        """How many updates were made."""
        return len(self.train_loss)

    def epoch_losses(self) -> list[float]:
        """Return the mean training loss of each epoch's batches; the last may be incomplete."""
        every = self.batches_per_epoch
        return [float(self.train_loss[i : i + every].mean()) for i in range(0, self.steps, every)]

    def frame(self, run: str = "run") -> pl.DataFrame:
        """Return the record as a table with the columns of `COLUMNS`."""
        import polars as pl  # heavy, and training needs no tables

        steps = np.arange(self.steps, dtype=np.int64)
        evaluated = np.zeros(self.steps, bool)
        at = np.array([e.step for e in self.evaluations], np.int64)
        evaluated[at] = True
        columns: dict[str, pl.Series] = {
            "run": pl.repeat(run, self.steps, dtype=pl.String, eager=True),
            "step": pl.Series(steps),
            "epoch": pl.Series(steps // self.batches_per_epoch),
            "train_loss": pl.Series(self.train_loss),
        }
        mask = pl.Series(evaluated)
        for name in EVALUATED:
            values = np.zeros(self.steps)
            values[at] = [getattr(e, name) for e in self.evaluations]
            series = pl.DataFrame({"value": values, "there": mask}).select(
                pl.when("there").then("value")
            )
            columns[name] = series.to_series()
        return pl.DataFrame(columns)


def history_schema() -> dict[str, type[pl.DataType]]:
    """Return the columns of a history frame with their types."""
    import polars as pl

    whole = dict.fromkeys(("step", "epoch"), pl.Int64)
    return {name: pl.String if name == "run" else whole.get(name, pl.Float64) for name in COLUMNS}
