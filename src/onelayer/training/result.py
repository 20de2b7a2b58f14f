"""What a training run returns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from onelayer.model import ModelName, Parameters
from onelayer.training.config import TrainConfig
from onelayer.training.convergence import Convergence, measure_convergence
from onelayer.training.data import RunData
from onelayer.training.final import Final, evaluate_kept
from onelayer.training.history import Evaluation, History
from onelayer.training.minimum import Minimum, ended_search
from onelayer.training.rates import penalty_diverges, rate_limit
from onelayer.training.record import RunRecord
from onelayer.training.stopping import StopReason

WORSE_THAN_EQUAL = 1.1
"""A loss above that of equal probabilities, ln K, by this factor is no noise."""

BLOWN_UP = 1000
"""Above it by this one, the weights are of no use, though they are finite: cross-entropy grows only
linearly in them, so that steps which are far too large throw them to and fro and never overflow."""


def equal_loss(model: ModelName, n_classes: int) -> float:
    """Return the loss of equal probabilities for all classes."""
    return n_classes * math.log(2) if model == "multilabel" else math.log(n_classes)


def worse_than_equal(loss: float, model: ModelName, n_classes: int) -> str | None:
    """Say what it means that a training loss is so high; None where it is not."""
    equal = equal_loss(model, n_classes)
    if not loss > WORSE_THAN_EQUAL * equal:  # NaN is not, either
        return None
    return (
        f"above that of equal probabilities for all classes, {equal:.3g}: the steps are too large "
        "for these features"
    )


@dataclass(frozen=True, eq=False)
class TrainResult:
    """The trained parameters, the record, and how the run ended.

    Attributes
    ----------
    config : TrainConfig
    data : RunData
    parameters : Parameters
        With early stopping those of the best evaluation, otherwise the last ones. A run that
        diverged keeps those of its last evaluation with a finite loss.
    history : History
    stop_reason : StopReason
    best, last : Evaluation or None
        The evaluation with the lowest validation loss (by `min_delta`, where early stopping has
        one), and the last one: of the schedule, and with it of weights that may not be the kept
        ones. None if the run was interrupted before its first evaluation.
    """

    config: TrainConfig
    data: RunData
    parameters: Parameters
    history: History
    stop_reason: StopReason
    best: Evaluation | None
    last: Evaluation | None

    @property
    def weights(self) -> NDArray[np.floating]:
        """Weights, shape (n_features, n_outputs), that apply to scaled features."""
        return self.parameters.weights

    @property
    def bias(self) -> NDArray[np.floating]:
        """Bias, shape (n_outputs,)."""
        return self.parameters.bias

    @cached_property
    def final(self) -> Final:
        """The numbers of the weights that are kept, measured when first asked for."""
        return evaluate_kept(self.config, self.parameters, self.data)

    @cached_property
    def minimum(self) -> Minimum | None:
        """The minimum of the objective beside these weights, where it was asked for."""
        found = self.data.minimum
        if found is None:
            return None
        return Minimum.of(self.config, self.parameters, self.final, self.data, found)

    @property
    def train_loss(self) -> float:
        """The mean training loss of the last epoch's batches, or of the minimum that was found."""
        if self.config.solver == "optimum" and self.data.minimum is not None:
            return self.data.minimum.loss
        losses = self.history.epoch_losses()
        return losses[-1] if losses else math.nan

    @property
    def blew_up(self) -> bool:
        """Whether it diverged, or ended at a training loss `BLOWN_UP` times that of equal odds."""
        n_classes = max(len(self.parameters.bias), 2)
        limit = BLOWN_UP * equal_loss(self.config.model, n_classes)
        return self.stop_reason is StopReason.DIVERGED or self.train_loss > limit

    @cached_property
    def penalty_diverges(self) -> bool:
        """Whether the penalty alone made the weights larger in some steps."""
        total = self.config.total_steps(self.history.batches_per_epoch)
        return penalty_diverges(self.config, total, self.history.steps)

    @property
    def passes(self) -> int:
        """How often the run went over the examples: the epochs begun, or the search's passes."""
        if self.config.solver == "optimum" and self.data.minimum is not None:
            return self.data.minimum.passes
        return -(-self.history.steps // self.history.batches_per_epoch)

    @cached_property
    def convergence(self) -> Convergence | None:
        """How far from its minimum a run ended that ran out of epochs or steps; otherwise None."""
        if self.stop_reason not in (StopReason.MAX_EPOCHS, StopReason.MAX_STEPS):
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return measure_convergence(self.config, self.parameters, self.data)

    def record(self, name: str = "run", label: str = "") -> RunRecord:
        """Return what came of the run, apart from weights and history, under a name."""
        return RunRecord(
            name=name,
            label=label or name,
            config=self.config,
            classes=self.data.train.classes,
            n_train=self.data.n_train,
            n_validation=self.data.n_validation,
            steps=self.history.steps,
            batches_per_epoch=self.history.batches_per_epoch,
            evaluations=len(self.history.evaluations),
            stop_reason=self.stop_reason,
            message=self.message,
            best=self.best,
            last=self.last,
            final=self.final,
            minimum=self.minimum,
            convergence=self.convergence,
        )

    @property
    def message(self) -> str:
        """One sentence on how the run ended."""
        steps = self.history.steps
        rate = self.config.learning_rate
        if self.config.solver == "optimum" and self.data.minimum is not None:
            return ended_search(self.data.minimum)
        if self.stop_reason is StopReason.DIVERGED:
            end = f"diverged: the loss was no longer finite at step {steps - 1} with learning rate "
            if self.penalty_diverges:
                return (
                    f"{end}{rate:g} and l2 {self.config.l2:g}: the penalty alone makes the weights "
                    "grow; take a smaller l2, or a learning rate below "
                    f"{rate_limit(self.config):.2g}"
                )
            return f"{end}{rate:g}; take a smaller one"
        if self.stop_reason is StopReason.PATIENCE and self.best is not None:
            return f"stopped early after {steps} steps; the best was step {self.best.step}"
        if self.stop_reason is StopReason.INTERRUPTED:
            return f"interrupted after {steps} steps"
        if self.stop_reason is StopReason.MAX_STEPS:
            return f"all {steps} steps of max_steps done"
        return f"all {self.config.max_epochs} epochs done, {steps} steps"
