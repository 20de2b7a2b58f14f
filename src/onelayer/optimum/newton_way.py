"""Searches by Newton's steps, where parameters are few.

Far from a minimum such steps are poor ones. So all objectives on the same weights of examples share
a way: under a large penalty weights of 0 are nearly the minimum, and from there the penalty falls
by a factor wherever a step promises little. An objective's own search begins at the last place that
the way has come to under a larger penalty, and needs two or three steps as a rule. The way depends
on the data alone, and not on which penalties were asked for; so do a model's bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from onelayer.errors import Argument, InputError
from onelayer.optimum.newton import Newton
from onelayer.optimum.newton_search import NewtonSearch
from onelayer.optimum.result import Optimum, Reason
from onelayer.optimum.setting import Setting
from onelayer.optimum.whole import Whole
from onelayer.threads import for_each

FALL = 10.0
"""By this the penalty falls, from one power of ten to the next: usual grids meet the way."""

NEAR = 3e-4
"""As a share of J: where a step promises no more, the penalty falls."""

LARGEST = 0.1
"""As a share of J: under the first penalty a step from weights of 0 promises no more."""

REACH = 1e16
"""Penalties that are smaller than the first by more change no digit of the way."""

SHARED = 2**16
"""Examples times parameters from which on threads share the searches."""


class Way:
    """The way down that searches on the same weights of examples share."""

    def __init__(self, whole: Whole, setting: Setting, numbers: Sequence[int]) -> None:
        self.searches = {number: NewtonSearch(setting, number) for number in numbers}
        self._waiting = sorted(self.searches.values(), key=lambda search: -search.objective.l2)
        self._whole, self._passes = whole, 0
        self._weights, self._start = setting.counts(numbers[0]), setting.start(numbers[0])
        self._newton: Newton | None = None

    @property
    def is_active(self) -> bool:
        """Whether searches wait for it."""
        return bool(self._waiting)

    def step(self) -> None:
        """Make a pass over the examples; let the penalty fall where that is due."""
        self._passes += 1
        if self._newton is None:
            self._begin()
        elif self._newton.move():
            self._go_down(self._newton)
        elif self._newton.is_stuck:
            self.release()

    def _begin(self) -> None:
        """Find the penalty under which no step from weights of 0 lowers J by much."""
        start = self._whole.evaluate(self._whole.start(self._start), self._weights)
        self._means = self._whole.class_means(self._weights)
        slope = self._whole.gradient(start.gradient)[:, :-1]
        largest = float(np.square(slope).sum()) / (4 * LARGEST * start.loss)
        with np.errstate(over="ignore"):
            in_float32 = np.float32(slope)  # which evaluates the model that is found
        if not np.isfinite([largest, *in_float32.ravel()]).all():
            raise InputError(
                "X: values are so large that slopes of the loss are no numbers; divide them, "
                "or take ", Argument("scale", "standard"), ".",
            )  # fmt: skip
        first = FALL ** math.ceil(math.log(largest, FALL)) if largest > 0 else 1.0
        self._last = first / REACH
        objective = replace(self._waiting[0].objective, l2=first)
        self._newton = Newton(self._whole, self._weights, objective, start)
        self._go_down(self._newton)

    def _go_down(self, newton: Newton) -> None:
        """Let the penalty fall as long as steps promise little, and searches begin."""
        newton.aim()
        while newton.promised <= NEAR:
            l2 = newton.objective.l2 / FALL
            # A penalty that is written otherwise is the same.
            self.release(0.0 if l2 < self._last else l2 * (1 + 1e-9))
            if not self._waiting:
                return
            newton.take(replace(newton.objective, l2=l2))
            newton.aim()

    def release(self, above: float = 0.0) -> None:
        """Let the searches begin here whose penalties are larger."""
        begun = [search for search in self._waiting if search.objective.l2 > above]
        self._waiting = self._waiting[len(begun) :]
        for search in begun:
            if self._newton is not None:
                newton = self._newton.branch(search.objective)
                search.begin(newton, self._means, self._passes)


class NewtonSearches:
    """All searches for minima of objectives with a penalty and few parameters."""

    def __init__(self, setting: Setting, numbers: Sequence[int], threads: int | None) -> None:
        whole = Whole(setting.data, setting.examples.rows, setting.outputs)
        alike: dict[tuple[int, bool], list[int]] = {}
        for number in numbers:
            key = setting.kind(number), setting.objectives[number].penalize_bias
            alike.setdefault(key, []).append(number)
        self._ways = [Way(whole, setting, of_kind) for of_kind in alike.values()]
        self.searches = {n: search for way in self._ways for n, search in way.searches.items()}
        self._threads = threads if whole.features.size * whole.free >= SHARED else 1

    @property
    def active(self) -> list[Way | NewtonSearch]:
        """Those that have not ended: the ways down, and what has begun."""
        everyone: list[Way | NewtonSearch] = [*self._ways, *self.searches.values()]
        return [one for one in everyone if one.is_active]

    def make_pass(self) -> None:
        """Let every search evaluate what it wants to."""
        for_each(lambda one: one.step(), self.active, self._threads)

    def found(self, left: Reason) -> dict[int, Optimum]:
        """Return what was found, by number; `left` is the reason where a search has not ended."""
        for way in self._ways:
            way.release()
        return {number: search.found(left) for number, search in self.searches.items()}
