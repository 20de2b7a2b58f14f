"""What a run records: the loss of every step, and every evaluation. It only grows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import polars as pl

SCHEMA = {
    "run": pl.String,
    "step": pl.Int64,
    "epoch": pl.Int64,
    "train_loss": pl.Float64,
    "val_loss": pl.Float64,
    "val_accuracy": pl.Float64,
    "train_accuracy": pl.Float64,
    "weight_norm": pl.Float64,
}
"""The columns of a history frame: one row a step, evaluation columns null where there was none."""


@dataclass(frozen=True)
class Evaluation:
    """The state after the update of one step.

    Losses are mean cross-entropies without the penalty, accuracies are fractions of all examples,
    `weight_norm` is the Euclidean norm of what the penalty covers.
    """

    step: int
    epoch: int
    val_loss: float
    val_accuracy: float
    train_accuracy: float
    weight_norm: float


@dataclass
class History:
    """The record of one run.

    Attributes
    ----------
    batches_per_epoch : int
    train_loss : list of float
        Mean loss of each step's batch before the update.
    evaluations : list of Evaluation
        In the order of their steps.
    """

    batches_per_epoch: int
    train_loss: list[float] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """How many updates were made."""
        return len(self.train_loss)

    def frame(self, run: str = "run") -> pl.DataFrame:
        """Return the record as a table with the columns of `SCHEMA`."""
        steps = pl.DataFrame(
            {"step": range(self.steps), "train_loss": self.train_loss},
            schema={"step": pl.Int64, "train_loss": pl.Float64},
        )
        evaluated = pl.DataFrame(
            [asdict(evaluation) for evaluation in self.evaluations],
            schema={c: t for c, t in SCHEMA.items() if c not in ("run", "train_loss")},
        ).drop("epoch")
        return (
            steps.join(evaluated, on="step", how="left", maintain_order="left")
            .with_columns(
                run=pl.lit(run, pl.String), epoch=pl.col("step") // self.batches_per_epoch
            )
            .select(list(SCHEMA))
        )
