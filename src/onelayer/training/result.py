"""What a training run returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.model import Parameters
from onelayer.training.config import TrainConfig
from onelayer.training.history import Evaluation, History
from onelayer.training.stopping import StopReason


@dataclass(frozen=True, eq=False)
class TrainResult:
    """The trained parameters, the record, and how the run ended.

    Attributes
    ----------
    config : TrainConfig
    parameters : Parameters
        With early stopping those of the best evaluation, otherwise the last ones. A run that
        diverged keeps those of its last evaluation with a finite loss.
    history : History
    stop_reason : StopReason
    best, last : Evaluation or None
        The evaluation with the lowest validation loss (by `min_delta`, where early stopping has
        one), and the last one. None if the run was
        interrupted before its first evaluation.
    """

    config: TrainConfig
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

    @property
    def message(self) -> str:
        """One sentence on how the run ended."""
        steps = self.history.steps
        rate = self.config.learning_rate
        if self.stop_reason is StopReason.DIVERGED:
            return (
                f"diverged: the loss was no longer finite at step {steps - 1} with learning rate "
                f"{rate:g}; take a smaller one"
            )
        if self.stop_reason is StopReason.PATIENCE and self.best is not None:
            return f"stopped early after {steps} steps; the best was step {self.best.step}"
        if self.stop_reason is StopReason.INTERRUPTED:
            return f"interrupted after {steps} steps"
        return f"all {self.config.max_epochs} epochs done, {steps} steps"
