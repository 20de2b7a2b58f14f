"""One objective's search by Newton's steps, and when it ends."""

from __future__ import annotations

import math

import numpy as np

from onelayer.optimum.certificate import ClassMeans, excess_bound
from onelayer.optimum.newton import NOISE, Newton
from onelayer.optimum.result import Optimum, Reason
from onelayer.optimum.setting import Setting

_PATIENCE = 5
"""Steps that promise nothing but rounding."""


class NewtonSearch:
    """One objective's search, which begins where the way leaves it.

    Attributes
    ----------
    share : float
        The bound as a share of J; infinite until it is nearly small enough.
    """

    def __init__(self, setting: Setting, number: int) -> None:
        self.objective, self._setting, self._number = setting.objectives[number], setting, number
        self._newton: Newton | None = None
        self._found: Optimum | None = None
        self._passes, self._futile, self.share = 0, 0, math.inf

    @property
    def is_active(self) -> bool:
        """Whether it has begun, and not ended."""
        return self._newton is not None

    def begin(self, newton: Newton, means: ClassMeans, passes: int) -> None:
        """Go on from somewhere, after so many passes.

        Some steps are made in any case: under a strong penalty many weights have nearly the least
        J. A penalized bias takes one more, since the way begins at the shares of the classes.
        """
        self._newton, self._means, self._passes = newton, means, passes
        self._least_passes = passes + 1 + self.objective.penalize_bias
        self._aim(newton)

    def step(self) -> None:
        """Make a pass over the examples."""
        assert self._newton is not None
        self._passes += 1
        if self._newton.move():
            self._arrived(self._newton)
        elif self._newton.is_stuck:
            self._end("precision", self._bound(self._newton))

    def _arrived(self, newton: Newton) -> None:
        wanted = self._setting.tolerance * newton.value
        if self._passes >= self._least_passes and self._least_bound(newton) <= wanted:
            bound = self._bound(newton)
            self.share = bound / newton.value
            if bound <= wanted:
                self._end("certified", bound)
                return
        self._aim(newton)

    def _aim(self, newton: Newton) -> None:
        newton.aim()
        newton.forget()
        self._futile += newton.promised <= NOISE
        if self._futile > _PATIENCE:
            self._end("precision", self._bound(newton))

    def _least_bound(self, newton: Newton) -> float:
        """Return what the bound is if the bias is the best; that takes less time."""
        slope = newton.whole.gradient(newton.gradient)
        if not self.objective.penalize_bias:
            slope = slope[:, :-1]
        return float(np.square(slope).sum()) / (4 * self.objective.l2)

    def _bound(self, newton: Newton) -> float:
        here, whole = newton.here, newton.whole
        parameters = whole.as_parameters(here.parameters)
        return excess_bound(self.objective, parameters, whole.sums(here), self._means)

    def _end(self, reason: Reason, bound: float) -> None:
        assert self._newton is not None
        here, whole = self._newton.here, self._newton.whole
        parameters = whole.as_parameters(here.parameters)
        self._found = Optimum(
            self.objective, parameters, here.loss + self.objective.penalty(parameters), here.loss,
            bound, self._passes, reason,
        )  # fmt: skip
        self._newton = None

    def found(self, left: Reason) -> Optimum:
        """Return what was found; `left` is the reason if the search has not ended."""
        if self._newton is not None:
            self._end(left, self._bound(self._newton))
        if self._found is None:  # not one pass was made
            start, never = self._setting.start(self._number), math.inf
            return Optimum(self.objective, start, never, never, never, 0, left)
        return self._found
