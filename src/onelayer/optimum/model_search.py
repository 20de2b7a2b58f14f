"""The search for one objective's minimum, and when it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onelayer.model import Parameters, Sums
from onelayer.optimum.certificate import ClassMeans, bound_of_best_bias, excess_bound
from onelayer.optimum.lbfgs import Search
from onelayer.optimum.local import local_bound
from onelayer.optimum.preconditioner import Curvature
from onelayer.optimum.result import Optimum, Reason
from onelayer.optimum.separation import find_direction, separates
from onelayer.optimum.setting import Setting

Floats = NDArray[np.float64]

NOISE = {"float32": 1e-6, "float64": 1e-14}
"""How far values may be off, as a share of them."""

REFRESH = (5, 20)
"""After so many steps the curvature is estimated anew."""

_PATIENCE = 12
"""Steps in float32 without a bound that is a third lower: a pass in float64 tells why."""

_PRECISE = 0.1
"""By so large a share may gradients in float32 be off."""

_MOST_BIAS_STEPS = 8

_NEARLY_ALL = 0.8
"""Of what is wanted: so much the bound may be with the best bias where the bias alone is left."""

_FINE = 1e-4
"""A tolerance below which float32 is not enough for the gradient of a free bias."""

_HARDLY = 1e-4
"""Of what is wanted: where J falls by less without a penalty, there may be no minimum."""

_SEPARATED = 10
"""Steps from one look whether the classes are separated to the next."""


class ModelSearch:
    """One objective's search, in float32 and then in float64: asked and told.

    Attributes
    ----------
    means : ClassMeans or None
        Known after the first pass.
    is_stale : bool
        Whether `refresh` is due before the next pass.
    waits : bool
        Whether it has yet to `begin`, on the way down of all.
    """

    def __init__(self, setting: Setting, number: int) -> None:
        self.setting, self.number = setting, number
        self.objective, self.weights = setting.objectives[number], setting.weights(number)
        self.dtype, self.passes = "float32", 0
        self.value, self.loss, self.bound = math.inf, math.inf, math.inf
        self.means: ClassMeans | None = None
        self._reason: Reason | None = None
        self._direction: Parameters | None = None
        self._best, self._since, self._bias_steps = math.inf, 0, 0
        self._doubted: Floats | None = None
        self.parameters = self.start = setting.start(number)
        self.waits, self.is_stale = False, True
        self._curvature: Curvature | None = None
        self._rounding = setting.rounding(number)
        self.factored = setting.sample.flat  # until it is made
        self.search = Search(as_one(self.start), self._precondition, NOISE[self.dtype])

    def _precondition(self, gradients: Sequence[Floats]) -> Sequence[Floats]:
        return self.setting.sample.solve(self.factored, gradients)

    def begin(
        self, here: Parameters, sums: Sums, search: Search, curvature: Curvature | None,
        means: ClassMeans | None, passes: int,
    ) -> None:  # fmt: skip
        """Go on from where a search for a larger penalty is, after so many passes.

        Parameters
        ----------
        here : Parameters
        sums : Sums
            At these parameters.
        search : Search
            That is there, with this penalty.
        curvature : Curvature, optional
            Estimated somewhere near.
        means : ClassMeans or None
        """
        search.precondition = self._precondition
        self.search, self.means, self.passes = search, means, passes
        self._arrived(here, sums)
        self._curvature, self.is_stale = curvature, True

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self._reason is None and not self.waits

    @property
    def share(self) -> float:
        """The bound as a share of J."""
        return self.bound / abs(self.value) if math.isfinite(self.value) else math.inf

    def at(self) -> Parameters:
        """Return where the next pass evaluates, in the type of its arithmetic."""
        trial = self.search.next_trial(self.dtype)
        return Parameters(trial[:-1], trial[-1])

    def told(self, at: Parameters, sums: Sums) -> None:
        """Take a pass's sums; end, or go on."""
        self.passes += 1
        wide = widened(at)
        if self.passes == 1:
            self.means = self.setting.means(self.number, wide, sums)
        value = sums.mean_loss + self.objective.penalty(wide)
        gradient = self.objective.gradient_from(sums, wide)
        if self.search.told(value, as_one(gradient)):
            self._arrived(wide, sums)
        elif self.search.stuck:
            self._change_or_end("precision")

    def _arrived(self, wide: Parameters, sums: Sums) -> None:
        """Take note of a step; end, or go on."""
        value = sums.mean_loss + self.objective.penalty(wide)
        self.parameters, self.value, self.loss = wide, value, sums.mean_loss
        self.bound = excess_bound(self.objective, wide, sums, self.means)
        wanted = self.setting.tolerance * abs(value)
        if self.bound <= wanted:
            self._certify(wide, sums, wanted)
            return
        if not self.objective.penalize_bias and self._bias_is_left(wide, sums, wanted):
            return
        if self.objective.l2 == 0 and self._ends_without_penalty(wanted):
            return
        self.is_stale |= self.search.accepted in REFRESH
        if self._doubted is not None:
            self._judge_float32()
        self._watch_precision()

    def _certify(self, wide: Parameters, sums: Sums, wanted: float) -> None:
        """End if the bound holds whatever rounding has done, and ask float64 otherwise.

        Where a better bias is enough, it is found first: in float32 that is half of the price.
        """
        if self.dtype == "float32" and self._rounding is not None:
            sure = excess_bound(self.objective, wide, sums, self.means, self._rounding)
            sure += NOISE[self.dtype] * abs(self.value)
            if sure <= wanted:
                self.bound, self._reason = sure, "certified"
                return
            of_rounding = sure - self.bound
            if not self.objective.penalize_bias and self._bias_is_left(
                wide, sums, wanted - of_rounding / _NEARLY_ALL
            ):
                return
        self._change_or_end("certified")

    def _bias_is_left(self, here: Parameters, sums: Sums, wanted: float) -> bool:
        """Make the bias the best one for weights that are good enough; return whether they are.

        Its gradient comes into the bound by itself, and not squared.
        """
        if self._bias_steps >= _MOST_BIAS_STEPS or (
            bound_of_best_bias(self.objective, here, sums) > _NEARLY_ALL * wanted
        ):
            return False
        self._bias_steps += 1
        if self.setting.tolerance < _FINE:
            self.dtype = "float64"
        slope = sums.bias / sums.count
        step = self.setting.sample.bias_step(self.objective, here, slope, self.weights)
        self._begin_again(Parameters(here.weights, here.bias + step))
        return True

    def _ends_without_penalty(self, wanted: float) -> bool:
        """End where the classes are separated, or J can hardly fall any more; return whether."""
        setting, here = self.setting, self.parameters
        rows = setting.counting(self.number)
        if self.search.accepted % _SEPARATED == 0 and separates(setting.data, here, rows):
            self._reason, self._direction = "no_minimum", here
        elif self.search.predicted <= wanted / 4:
            if self.dtype == "float32":
                self._change_or_end("certified")
                return True
            self.bound = local_bound(
                setting.data, self.objective, here, setting.examples.rows, self.weights
            )
            if self.bound <= wanted:
                self._reason = "certified"
            elif self.search.predicted <= _HARDLY * wanted:
                self._direction = find_direction(setting.data, setting.outputs, rows)
                self._reason = "uncertified" if self._direction is None else "no_minimum"
        return self._reason is not None

    def _watch_precision(self) -> None:
        self._since += 1
        if self.bound < 2 / 3 * self._best:
            self._best, self._since = self.bound, 0
        if self.dtype == "float32" and self.objective.l2 > 0 and self._since > _PATIENCE:
            self._doubted = self.search.gradient
            self._change_or_end("precision")

    def _judge_float32(self) -> None:
        """Go on in float32 if its gradient was right, and forget its steps otherwise."""
        assert self._doubted is not None
        exact = self.search.gradient
        off, self._doubted = float(np.linalg.norm(self._doubted - exact)), None
        if off <= _PRECISE * float(np.linalg.norm(exact)):
            self.dtype, self._best = "float32", self.bound
            self.search.noise = NOISE[self.dtype]
        else:
            self.search.forget()

    def _change_or_end(self, reason: Reason) -> None:
        """Go on in float64, which certifies, or end there."""
        if self.dtype == "float64":
            self._reason = reason
            return
        self.dtype, self._since = "float64", 0
        self.is_stale |= reason != "certified"  # then one pass is enough, as a rule
        self._begin_again(self.parameters)

    def _begin_again(self, start: Parameters) -> None:
        self.search = self.search.again(as_one(start), NOISE[self.dtype])

    def refresh(self) -> None:
        """Estimate the curvature where the search is, unless it has just been estimated."""
        self.is_stale = False
        curvature, self._curvature = self._curvature, None
        if curvature is None:
            curvature = self.setting.sample.curvature(
                self.objective, self.parameters, self.weights, self.means
            )
        self.factored = self.setting.sample.factored(curvature, self.objective)
        self.search.choose_anew()

    def found(self, left: Reason) -> Optimum:
        """Return what was found; `left` is the reason if the search has not ended."""
        return Optimum(
            self.objective, self.parameters, self.value, self.loss, self.bound, self.passes,
            self._reason or left, self._direction,
        )  # fmt: skip


def widened(parameters: Parameters) -> Parameters:
    """Return parameters in float64."""
    return Parameters(parameters.weights.astype(np.float64), parameters.bias.astype(np.float64))


def as_one(parameters: Parameters) -> Floats:
    """Return one array, the bias below the weights."""
    return np.vstack([parameters.weights, parameters.bias])
