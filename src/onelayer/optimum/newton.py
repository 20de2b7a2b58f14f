"""Newton's steps, on their own and under one penalty after another.

Boyd and Vandenberghe, Convex Optimization, section 9.5.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import linalg

from onelayer.model import Objective
from onelayer.optimum.whole import Array, Point, Whole

NOISE = 1e-13
"""How far values of J may be off, as a share of them."""

_DECREASE, _SHORTER = 1e-4, 0.5
_MOST_TRIES = 40

_RIDGES = (0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1.0)
"""Added to the Hessian, as a share of its diagonal's mean: the first with which it is positive."""


class Newton:
    """Where Newton's steps have come to, and the next one.

    Parameters
    ----------
    whole : Whole
    weights : array, shape (n,)
        How much each example counts; their sum is 1.
    objective : Objective
    here : Point
    hessian : array, optional
        Of the mean loss there, where it is known.

    Attributes
    ----------
    here : Point
    value : float
        The objective.
    gradient : array, shape (free, n_features + 1)
    promised : float
        By how much the next step would lower a quadratic objective, as a share of J.
    """

    def __init__(
        self, whole: Whole, weights: Array, objective: Objective, here: Point,
        hessian: Array | None = None,
    ) -> None:  # fmt: skip
        self.whole, self.weights, self.here = whole, weights, here
        self._hessian = hessian
        self.take(objective)

    def take(self, objective: Objective) -> None:
        """Go on with another penalty from here."""
        self.objective, self._penalty = objective, self.whole.penalty(objective)
        self.value, self.gradient = self._objective_at(self.here)

    def branch(self, objective: Objective) -> Newton:
        """Return steps under another penalty that go their own way from here."""
        return Newton(self.whole, self.weights, objective, self.here, self._hessian)

    def aim(self) -> None:
        """Choose the next step."""
        if self._hessian is None:
            self._hessian = self.whole.hessian(self.here, self.weights)
            self.here = replace(self.here, probabilities=None)
        H = self._hessian.copy()
        for f in range(self.whole.free):
            H[f, :, f] += self._penalty
        self._direction = -_solved(H.reshape(self.gradient.size, -1), self.gradient)
        self._slope = float((self._direction * self.gradient).sum())
        self._step, self._tries = 1.0, 0
        self.promised = -self._slope / 2 / self.value if self.value > 0 else 0.0

    def forget(self) -> None:
        """Forget the Hessian: the penalty stays, and there may be many searches."""
        self._hessian = None

    @property
    def is_stuck(self) -> bool:
        """Whether no step along the direction lowers the objective."""
        return self._tries > _MOST_TRIES

    def move(self) -> bool:
        """Evaluate the step that was chosen; make it, or choose a shorter one."""
        there = self.whole.evaluate(
            self.here.parameters + self._step * self._direction, self.weights
        )
        value, gradient = self._objective_at(there)
        most = self.value + _DECREASE * self._step * self._slope
        if value <= most + NOISE * self.value:
            self.here, self.value, self.gradient, self._hessian = there, value, gradient, None
            return True
        self._step *= _SHORTER
        self._tries += 1
        return False

    def _objective_at(self, point: Point) -> tuple[float, Array]:
        on = point.parameters @ self._penalty
        return point.loss + float((on * point.parameters).sum()) / 2, point.gradient + on


def _solved(H: Array, gradient: Array) -> Array:
    """Return H^-1 g."""
    size = np.trace(H) / len(H)
    for ridge in _RIDGES:
        raised = H if ridge == 0 else H + ridge * size * np.eye(len(H))
        _, step, failed = linalg.lapack.dposv(raised.T, gradient.ravel(), lower=True)
        if not failed:
            break
    return np.asarray(step).reshape(gradient.shape)
