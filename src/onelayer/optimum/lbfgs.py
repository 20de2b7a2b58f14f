"""One model's search: limited-memory BFGS with a preconditioner, asked and told.

Nocedal and Wright, Numerical Optimization, algorithm 7.4; the steps are accepted by the
approximate Wolfe conditions of Hager and Zhang (2005), which hold where the values of the objective
are so near to one another that rounding decides.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MEMORY = 20
_DECREASE, _CURVATURE = 0.1, 0.9
_MOST_TRIES = 12
"""Steps along one direction; more do not help where so many did not."""

Pair = tuple[Array, Array, float]
"""A step, how much the gradient changed along it, and their product."""

Precondition = Callable[[Sequence[Array]], Sequence[Array]]


class Search:
    """Where a search is, and the point that it wants to be evaluated next.

    Parameters
    ----------
    start : array
    precondition : function
        Multiplies gradients by an estimate of the inverse Hessian.
    noise : float
        How far values may be off, as a share of them.
    """

    def __init__(self, start: Array, precondition: Precondition, noise: float) -> None:
        self.precondition, self.noise = precondition, noise
        self.accepted = 0
        self.stuck = False
        self._trial, self._is_due = start, False
        self._value: float | None = None
        self.gradient: Array
        self._high: float | None
        self._step, self._low, self._high, self._tries = 1.0, 0.0, None, 0
        self._pairs: deque[Pair] = deque(maxlen=MEMORY)

    def next_trial(self, dtype: str) -> Array:
        """Return the point to be evaluated, rounded to a type."""
        self._choose()
        trial = self._trial.astype(dtype)
        self._trial = trial.astype(np.float64)  # what is told is about these very numbers
        return trial

    def again(self, start: Array, noise: float) -> Search:
        """Return a search that begins somewhere else with what this one knows of the curvature."""
        other = Search(start, self.precondition, noise)
        other._pairs = self._pairs.copy()
        return other

    def branch(self) -> Search:
        """Return a search from the point where this one is; it goes its own way from there."""
        other = copy.copy(self)
        other._pairs, other.accepted = self._pairs.copy(), 0
        return other

    def add_quadratic(self, second_derivative: Array) -> None:
        """Go on with an objective to which `second_derivative * w**2 / 2` has been added."""
        assert self._value is not None
        added = second_derivative * self.point
        self._value += _dot(added, self.point) / 2
        self.gradient = self.gradient + added
        pairs, self._pairs = self._pairs, deque(maxlen=MEMORY)
        self._keep((s, y + second_derivative * s) for s, y, _ in pairs)
        self.choose_anew()

    def forget(self) -> None:
        """Go on without what the steps so far told of the curvature."""
        self._pairs.clear()
        self.choose_anew()

    def choose_anew(self) -> None:
        """Choose the next direction as late as can be: what it is made of has changed."""
        self._is_due = self._value is not None

    def told(self, value: float, gradient: Array) -> bool:
        """Take what was found at the trial; return whether it was accepted."""
        if self._value is None:
            self._arrive(value, gradient)
            return True
        slope = _dot(gradient, self._direction)
        if not np.isfinite(value) or not np.isfinite(slope):
            self._high = self._step
            self._step *= 0.1
        elif self._too_far(value, slope):
            self._high = self._step
            # No less than halved: far away a slope says little of where the minimum is.
            self._step = min(self._between(slope), 0.5 * (self._low + self._high))
        elif slope < _CURVATURE * self._slope and self._tries < _MOST_TRIES:
            self._low = self._step
            self._step = self._step * 4 if self._high is None else self._between(slope)
        else:
            self._remember(gradient)
            self._arrive(value, gradient)
            return True
        self._tries += 1
        if self._tries > _MOST_TRIES:
            if not self._pairs:
                self.stuck = True
            self.forget()
        else:
            self._trial = self.point + self._step * self._direction
        return False

    @property
    def value(self) -> float:
        """The objective at the point."""
        assert self._value is not None
        return self._value

    @property
    def predicted(self) -> float:
        """How much the next step would lower a quadratic objective: half of its slope."""
        self._choose()
        return -self._slope / 2

    def _too_far(self, value: float, slope: float) -> bool:
        assert self._value is not None
        if value <= self._value + _DECREASE * self._step * self._slope:
            return False
        flat = value <= self._value + self.noise * abs(self._value)
        return not (flat and slope <= (2 * _DECREASE - 1) * self._slope)

    def _between(self, slope: float) -> float:
        """Return a step between the bounds: where the slope would be zero if it were linear."""
        low, high = self._low, self._high if self._high is not None else self._step * 4
        change = slope - self._slope
        zero = -self._slope * self._step / change if change > 0 else 0.5 * (low + high)
        margin = 0.1 * (high - low)
        return float(min(max(zero, low + margin), high - margin))

    def _remember(self, gradient: Array) -> None:
        self._keep([(self._trial - self.point, gradient - self.gradient)])

    def _keep(self, changes: Iterable[tuple[Array, Array]]) -> None:
        for s, y in changes:
            product = _dot(s, y)
            if product > 0:
                self._pairs.append((s, y, product))

    def _arrive(self, value: float, gradient: Array) -> None:
        self.point, self._value, self.gradient = self._trial, value, gradient
        self.accepted += 1
        self.choose_anew()

    def _choose(self) -> None:
        """Set the direction, and the first point to try along it, if that is due."""
        if not self._is_due:
            return
        self._is_due = False
        direction = self._step_for(self.gradient)
        self._direction, self._slope = -direction, -_dot(direction, self.gradient)
        if not self._slope < 0:  # the preconditioner is no longer positive: begin anew
            self._pairs.clear()
            self._direction, self._slope = -self.gradient, -_dot(self.gradient, self.gradient)
        self._step, self._low, self._high, self._tries = 1.0, 0.0, None, 0
        self._trial = self.point + self._direction

    def _step_for(self, gradient: Array) -> Array:
        """Return the gradient times the estimate of the inverse Hessian."""
        q, factors = gradient.copy(), []
        for s, y, product in reversed(self._pairs):
            factors.append(_dot(s, q) / product)
            q -= factors[-1] * y
        if not self._pairs:
            return self.precondition([q])[0]
        _, y, product = self._pairs[-1]
        direction, other = self.precondition([q, y])
        direction = direction * (product / _dot(y, other))
        for (s, y, product), factor in zip(self._pairs, reversed(factors), strict=True):
            direction += s * (factor - _dot(y, direction) / product)
        return direction


def _dot(a: Array, b: Array) -> float:
    # Not BLAS: it shares long vectors among threads, and then adds up in another order.
    return float(np.add.reduce((a * b).ravel()))
