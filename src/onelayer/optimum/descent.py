"""The way down to small penalties, which all objectives on the same weights of examples share.

Where the penalty is large, weights of 0 are nearly the minimum. From there the penalty falls by a
factor at a time, each time a step would lower J by little any more; an objective's own search
begins where its penalty comes next. The way depends on the data, on how much each example counts
and on whether the bias is penalized, and not on which penalties were asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from onelayer.errors import Argument, InputError
from onelayer.model import Parameters, Sums
from onelayer.optimum.certificate import ClassMeans
from onelayer.optimum.lbfgs import Search
from onelayer.optimum.model_search import NOISE, ModelSearch, as_one, widened

FACTOR = 4.0
"""From one penalty to the next."""

REACH = 1e6
"""Penalties that are smaller than the first by more are not worth the way: where units of features
differ by much, it is long. Their searches begin at once."""

NEAR = 0.1
"""As a share of J: where the next step promises less, the penalty falls."""


class Descent:
    """One way down, asked and told as a search is.

    Parameters
    ----------
    searches : sequence of ModelSearch
        Of positive penalties, and otherwise alike. They wait until it comes to them.

    Attributes
    ----------
    is_stale : bool
        Whether `refresh` is due before the next pass.
    """

    dtype = "float32"

    def __init__(self, searches: Sequence[ModelSearch]) -> None:
        self.waiting = sorted(searches, key=lambda model: -model.objective.l2)
        last = self.waiting[-1]
        self._setting, self._weights = last.setting, last.weights
        self._objective, self.passes, self.is_stale = last.objective, 0, False
        self._means: ClassMeans | None = None
        self._at = self._curved_at = last.start
        self._sums: Sums | None = None
        self._curvature = self._setting.first_curvature(last.number)
        self._factored = self._curvature.flat()
        self._search = Search(as_one(last.start), self._precondition, NOISE[self.dtype])
        for model in searches:
            model.waits = True

    def _precondition(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._setting.sample.solve(self._factored, gradient)

    @property
    def is_active(self) -> bool:
        """Whether searches wait for it."""
        return bool(self.waiting)

    @property
    def number(self) -> int:
        """A model that has not begun, and makes no passes of its own."""
        return self.waiting[-1].number

    def at(self) -> Parameters:
        """Return where the next pass evaluates, in the type of its arithmetic."""
        trial = self._search.next_trial(self.dtype)
        return Parameters(trial[:-1], trial[-1])

    def told(self, at: Parameters, sums: Sums) -> None:
        """Take a pass's sums; go on, or let the penalty fall."""
        self.passes += 1
        where = widened(at)
        first = self.passes == 1
        if first:
            largest = self._largest(where, sums)
            if not np.isfinite(largest):
                raise InputError(
                    "X: values are so large that slopes of the loss are no numbers; divide them, "
                    "or take ", Argument("scale", "standard"), ".",
                )  # fmt: skip
            self._objective = replace(self._objective, l2=largest)
            self._means = self._setting.means(self.number, where, sums)
        gradient = as_one(self._objective.gradient_from(sums, where))
        value = sums.mean_loss + self._objective.penalty(where)
        if self._search.told(value, gradient):
            self._at, self._sums = where, sums
            self.is_stale = first or self._promised <= NEAR
            if first:
                least = self._objective.l2 / REACH
                self._let_begin([model for model in self.waiting if model.objective.l2 < least])
        elif self._search.stuck:
            self.release()

    def _largest(self, start: Parameters, sums: Sums) -> float:
        """Return the penalty under which no step from the start lowers J by much."""
        slope = replace(self._objective, l2=0.0).gradient_from(sums, start)
        return float(np.square(slope.weights).sum()) / (4 * NEAR * sums.mean_loss)

    @property
    def _promised(self) -> float:
        """By how much the next step would lower J, as a share of it, if J were quadratic."""
        return self._search.predicted / abs(self._search.value)

    def refresh(self) -> None:
        """Let the penalty fall until a pass is needed, with the curvature as it is here."""
        self.is_stale = False
        if self._curved_at is not self._at:
            self._curved_at = self._at
            self._curvature = self._setting.sample.curvature(
                self._objective, self._at, self._weights, self._means
            )
        while self.waiting:
            self._fall()
            self._factored = self._setting.sample.factored(self._curvature, self._objective)
            self._search.choose_anew()
            if self._promised > NEAR:
                return

    def _fall(self) -> None:
        l2 = self._objective.l2 / FACTOR
        self.release(l2)
        if self.waiting:
            self._search.add_quadratic(self._second_derivative(self._objective.l2, l2))
            self._objective = replace(self._objective, l2=l2)

    def release(self, above: float = 0.0) -> None:
        """Let the searches begin here whose penalties are larger."""
        self._let_begin([model for model in self.waiting if model.objective.l2 > above])

    def _let_begin(self, models: Sequence[ModelSearch]) -> None:
        for model in models:
            self.waiting.remove(model)
            model.waits = False
            if self._sums is not None:  # a pass has been made
                search = self._search.branch()
                search.add_quadratic(
                    self._second_derivative(self._objective.l2, model.objective.l2)
                )
                model.begin(self._at, self._sums, search, self._curvature, self._means, self.passes)

    def _second_derivative(self, before: float, after: float) -> NDArray[np.float64]:
        """Return by how much that of the penalty changes, for all features and the bias."""
        change = np.full((self._setting.data.n_features + 1, 1), 2 * (after - before))
        change[-1] *= self._objective.penalize_bias
        return change
