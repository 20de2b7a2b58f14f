"""The rule that remembers the best evaluation and says when patience has run out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from onelayer.training.tables import EarlyStopping


class StopReason(StrEnum):
    """How a run ended; the last three are those of a search for the minimum."""

    PATIENCE = "patience"
    MAX_EPOCHS = "max_epochs"
    MAX_STEPS = "max_steps"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"
    CONVERGED = "converged"
    NO_MINIMUM = "no_minimum"
    NOT_CERTIFIED = "not_certified"

    @property
    def is_planned(self) -> bool:
        """Whether the run came to an end that its configuration has in view."""
        return self in (
            StopReason.PATIENCE, StopReason.MAX_EPOCHS, StopReason.MAX_STEPS, StopReason.CONVERGED
        )  # fmt: skip


@dataclass(frozen=True)
class BestSoFar:
    """The best evaluation until now; `update` returns the next state.

    Attributes
    ----------
    min_delta : float
        A lower loss counts as better when it is lower by more than this.
    loss : float
    evaluation : int
        The number of the best evaluation, counted from 0; -1 before the first.
    seen : int
        How many evaluations there were.
    """

    min_delta: float = 0.0
    loss: float = math.inf
    evaluation: int = -1
    seen: int = 0

    @classmethod
    def under(cls, rule: EarlyStopping | None) -> BestSoFar:
        """Return the state before the first evaluation."""
        return cls(rule.min_delta if rule else 0.0)

    def update(self, loss: float) -> BestSoFar:
        """Return the state after one more evaluation."""
        better = loss < self.loss - self.min_delta
        return BestSoFar(
            self.min_delta,
            loss if better else self.loss,
            self.seen if better else self.evaluation,
            self.seen + 1,
        )

    @property
    def is_newest(self) -> bool:
        """Whether the last evaluation is the best."""
        return self.evaluation == self.seen - 1

    def exhausts(self, rule: EarlyStopping | None) -> bool:
        """Whether the last evaluation is `patience` evaluations after the best one."""
        return rule is not None and self.seen - 1 - self.evaluation >= rule.patience
