"""The way down to small penalties, which all objectives on the same weights of examples share.

Where the penalty is large, weights of 0 are nearly the minimum. From there the penalty falls by a
factor at a time, each time a step would lower J by little any more; an objective's own search
begins where its penalty comes next. The way depends on the data, on how much each example counts
and on whether the bias is penalized, and not on which penalties were asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from onelayer.errors import Argument, InputError
from onelayer.model import Parameters, Sums
from onelayer.optimum.certificate import ClassMeans
from onelayer.optimum.lbfgs import Search
from onelayer.optimum.model_search import NOISE, Floats, ModelSearch, as_one, widened
from onelayer.optimum.preconditioner import MANY_OUTPUTS, Curvature

FIFTHS, FIFTHS_OF_ONE = 3, 9
"""By so many fifths of a power of ten the penalty falls: usual grids meet the way. The second with
one output, whose curvature the matrix is, so that steps are good from farther away."""

REACH = 1e6
"""Penalties that are smaller than the first by more are not worth the way: where units of features
differ by much, it is long. Their searches begin at once."""

LARGEST = 0.1
"""As a share of J: under the first penalty a step from weights of 0 promises no more."""

NEAR, NEAR_OF_SOME = 1e-2, 3e-4
"""As a share of J: where the next step promises less, the penalty falls. The second with several
outputs, and not many: their residuals go together, which one matrix for all does not know, so that
steps promise too little."""


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
        self._fifths, self._fall = 0, FIFTHS_OF_ONE if last.setting.outputs == 1 else FIFTHS
        some = 1 < last.setting.outputs < MANY_OUTPUTS
        self._near = NEAR_OF_SOME if some else NEAR
        self._means: ClassMeans | None = None
        self._at = last.start
        self._sums: Sums | None = None
        self._curvature: Curvature | None = None
        self._factored = self._setting.sample.flat
        self._search = Search(as_one(last.start), self._precondition, NOISE[self.dtype])
        for model in searches:
            model.waits = True

    def _precondition(self, gradients: Sequence[Floats]) -> Sequence[Floats]:
        return self._setting.sample.solve(self._factored, gradients)

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
            self._begin(where, sums)
        gradient = as_one(self._objective.gradient_from(sums, where))
        value = sums.mean_loss + self._objective.penalty(where)
        if self._search.told(value, gradient):
            self._at, self._sums = where, sums
            promised = 0.0 if first else self._search.predicted / abs(self._search.value)
            self.is_stale = promised <= self._near
            if first:
                least = self._objective.l2 / REACH
                self._let_begin([model for model in self.waiting if model.objective.l2 < least])
        elif self._search.stuck:
            self.release()

    def _begin(self, start: Parameters, sums: Sums) -> None:
        """Find the penalty under which no step from the start lowers J by much."""
        slope = replace(self._objective, l2=0.0).gradient_from(sums, start)
        largest = float(np.square(slope.weights).sum()) / (4 * LARGEST * sums.mean_loss)
        if not np.isfinite(largest):
            raise InputError(
                "X: values are so large that slopes of the loss are no numbers; divide them, "
                "or take ", Argument("scale", "standard"), ".",
            )  # fmt: skip
        if largest > 0:
            self._fifths = self._fall * math.ceil(5 * math.log10(largest) / self._fall)
        self._objective = replace(self._objective, l2=self._penalty(self._fifths))
        self._means = self._setting.means(self.number, start, sums)

    @staticmethod
    def _penalty(fifths: int) -> float:
        return float(10 ** (fifths / 5))

    def refresh(self) -> None:
        """Let searches begin, and the penalty fall, with the curvature as it is here."""
        assert self._sums is not None
        self.is_stale = False
        self._curvature = self._setting.sample.curvature(
            self._objective, self._at, self._weights, self._means
        )
        l2 = self._penalty(self._fifths - self._fall)
        self.release(l2 * (1 + 1e-9))  # a penalty that is written otherwise is the same
        if self.waiting:
            self._fifths -= self._fall
            self._search.add_quadratic(self._second_derivative(l2 - self._objective.l2))
            self._objective = replace(self._objective, l2=l2)
            self._factored = self._setting.sample.factored(self._curvature, self._objective)
            self._search.choose_anew()

    def release(self, above: float = 0.0) -> None:
        """Let the searches begin here whose penalties are larger."""
        self._let_begin([model for model in self.waiting if model.objective.l2 > above])

    def _let_begin(self, models: Sequence[ModelSearch]) -> None:
        for model in models:
            self.waiting.remove(model)
            model.waits = False
            if self._sums is not None:  # a pass has been made
                l2, search = model.objective.l2, self._search.branch()
                search.add_quadratic(self._second_derivative(l2 - self._objective.l2))
                model.begin(self._at, self._sums, search, self._curvature, self._means, self.passes)

    def _second_derivative(self, l2: float) -> Floats:
        """Return that of a penalty, for all features and the bias."""
        added = np.full((self._setting.data.n_features + 1, 1), 2 * l2)
        added[-1] *= self._objective.penalize_bias
        return added
