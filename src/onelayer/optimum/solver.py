"""Minimise many objectives on the same data, each pass over it serving all of them.

The passes are made in float32, until a model's bound is within its tolerance; float64 certifies
it, and goes on where float32 was not precise enough.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onelayer.data import Dataset, Rows
from onelayer.engines import (
    Engine,
    EngineName,
    Problem,
    Source,
    Totals,
    WeightedRows,
    one_blas_thread,
    open_engine,
)
from onelayer.errors import InputError
from onelayer.model import Objective, Parameters, Sums, n_outputs
from onelayer.optimum.certificate import ClassMeans, bound_of_best_bias, excess_bound
from onelayer.optimum.lbfgs import Search
from onelayer.optimum.local import local_bound
from onelayer.optimum.preconditioner import Sample, multiply
from onelayer.optimum.separation import separates

Reason = Literal["certified", "uncertified", "no_minimum", "passes", "precision", "interrupted"]
Watch = Callable[[int, Sequence[float]], None]

NOISE = {"float32": 1e-6, "float64": 1e-14}
REFRESH = (5, 20)
"""After so many steps the curvature is estimated anew."""

_PATIENCE = 12
"""Steps in float32 without a bound that is a third lower: it is not precise enough."""

_MOST_BIAS_STEPS = 8

_SEPARATED = 10
"""Passes from one look whether the classes are separated to the next."""


@dataclass(frozen=True, eq=False)
class Optimum:
    """What was found for one objective.

    Attributes
    ----------
    objective : Objective
    parameters : Parameters
        In float64.
    value, loss : float
        The objective J, and the mean loss C, there.
    excess_bound : float
        No parameters have a J that is smaller by more than this; infinite where no bound is known.
    passes : int
        Over the examples.
    reason : str
        "certified": the bound is within the tolerance. "no_minimum": `parameters` separate the
        classes, and J falls for ever along them. "uncertified": without a penalty, J hardly falls
        any more, and no bound could be had. "passes", "precision", "interrupted": the search ended
        before.
    """

    objective: Objective
    parameters: Parameters
    value: float
    loss: float
    excess_bound: float
    passes: int
    reason: Reason


def minimise(
    data: Dataset,
    objectives: Sequence[Objective],
    *,
    rows: Rows | None = None,
    weights: Sequence[ArrayLike | None] | None = None,
    tolerance: float = 1e-6,
    max_passes: int = 3000,
    threads: int | None = None,
    engine: EngineName = "auto",
    watch: Watch = lambda _passes, _bounds: None,
    stop: threading.Event | None = None,
) -> list[Optimum]:
    """Minimise objectives over the same examples.

    A model's bits depend neither on the number of threads nor on the other objectives.

    Parameters
    ----------
    data : Dataset
        Uses memory maps and integers as they are; no float copy of it is made.
    objectives : sequence of Objective
        All logistic or all softmax.
    rows : int array, optional
        The examples that take part.
    weights : sequence of array (n,) or None, optional
        For each objective, how much each example counts, such as 0 and 1 for a fold.
    tolerance : float
        The bound on J - min J that is enough, as a share of J.
    max_passes : int
        Over the examples.
    threads : int, optional
    engine : "auto", "compiled" or "reference"
    watch : function, optional
        Called after each pass with its number and every objective's bound as a share of J.
    stop : threading.Event, optional
        Once set, the search ends.

    Returns
    -------
    list of Optimum
        In the order of the objectives.

    Raises
    ------
    InputError
        If objectives are of two models or do not fit the data, or a class has no example that
        counts.
    """
    given = [None] * len(objectives) if weights is None else list(weights)
    if not objectives:
        return []
    if not 0 < tolerance < 1:
        raise InputError(f"tolerance: {tolerance:g} was given; it must be above 0 and below 1.")
    _check(data, objectives)
    with one_blas_thread(), open_engine(engine, threads) as opened:
        task = _Task(opened, data, objectives, rows, given, tolerance)
        passes = 0
        while task.active and passes < max_passes and not (stop is not None and stop.is_set()):
            task.make_pass()
            passes += 1
            watch(passes, [model.bound / abs(model.value) for model in task.models])
        left: Reason = "passes" if passes >= max_passes else "interrupted"
        return [model.found(left) for model in task.models]


def _check(data: Dataset, objectives: Sequence[Objective]) -> None:
    models = {objective.model for objective in objectives}
    if len(models) > 1:
        raise InputError("objectives: they must all be logistic or all softmax.")
    if models == {"logistic"} and data.n_classes != 2:
        raise InputError(
            f"objectives: logistic regression needs two classes, there are {data.n_classes}."
        )


class _Model:
    """One objective's search."""

    def __init__(self, task: _Task, number: int, objective: Objective, weights: Any) -> None:
        self.task, self.number, self.objective, self.weights = task, number, objective, weights
        self.dtype, self.passes, self.reason = "float32", 0, None
        self.value, self.loss, self.bound = math.inf, math.inf, math.inf
        self.means: ClassMeans | None = None
        self._reason: Reason | None = None
        self._best, self._since, self._bias_steps = math.inf, 0, 0
        self.start = Parameters(
            np.zeros((task.data.n_features, task.outputs)), task.prior_bias(number)
        )
        self.inverse = task.sample.inverse(objective, self.start, weights)
        self.search = self._search(np.vstack([self.start.weights, self.start.bias]))
        self.parameters = self.start

    def _search(self, start: NDArray[np.float64]) -> Search:
        return Search(start, lambda gradient: multiply(self.inverse, gradient), NOISE[self.dtype])

    @property
    def is_active(self) -> bool:
        return self._reason is None

    def at(self) -> Parameters:
        """Return where the next pass evaluates, in the type of its arithmetic."""
        trial = self.search.trial.astype(self.dtype)
        self.search.trial = trial.astype(np.float64)  # what is told is about these very numbers
        return Parameters(trial[:-1], trial[-1])

    def told(self, at: Parameters, sums: Sums) -> None:
        """Take a pass's sums; end, or go on."""
        self.passes += 1
        wide = Parameters(at.weights.astype(np.float64), at.bias.astype(np.float64))
        value = sums.mean_loss + self.objective.penalty(wide)
        gradient = self.objective.gradient_from(sums, wide)
        if not self.search.told(value, np.vstack([gradient.weights, gradient.bias])):
            if self.search.stuck:
                self._change_or_end("precision")
            return
        self.parameters, self.value, self.loss = wide, value, sums.mean_loss
        self.bound = excess_bound(self.objective, wide, sums, self.means)
        wanted = self.task.tolerance * abs(value)
        if self.bound <= wanted:
            self._change_or_end("certified")
            return
        if not self.objective.penalize_bias and self._bias_is_left(wide, sums, wanted):
            return
        if self.objective.l2 == 0 and self._ends_without_penalty(wanted):
            return
        if self.search.accepted in REFRESH:
            self.inverse = self.task.sample.inverse(self.objective, wide, self.weights)
        self._watch_precision()

    def _bias_is_left(self, here: Parameters, sums: Sums, wanted: float) -> bool:
        """Make the bias the best one for weights that are good enough; return whether they are.

        Its gradient comes into the bound by itself, and not squared.
        """
        if self._bias_steps >= _MOST_BIAS_STEPS or (
            bound_of_best_bias(self.objective, here, sums) > wanted / 2
        ):
            return False
        self._bias_steps += 1
        slope = sums.bias / sums.count
        step = self.task.sample.bias_step(self.objective, here, slope, self.weights)
        self.dtype = "float64"
        self.search = self._search(np.vstack([here.weights, here.bias + step]))
        return True

    def _ends_without_penalty(self, wanted: float) -> bool:
        """End where the classes are separated, or J can hardly fall any more; return whether."""
        task, rows = self.task, self.task.counting(self.number)
        if self.search.accepted % _SEPARATED == 0 and separates(task.data, self.parameters, rows):
            self._reason = "no_minimum"
        elif self.search.predicted <= wanted / 4:
            if self.dtype == "float32":
                self._change_or_end("certified")
                return True
            self.bound = local_bound(
                task.data, self.objective, self.parameters, task.rows, self.weights
            )
            if self.bound <= wanted:
                self._reason = "certified"
            elif self.search.predicted <= wanted / 1000:
                self._reason = "uncertified"
        return self._reason is not None

    def _watch_precision(self) -> None:
        self._since += 1
        if self.bound < 2 / 3 * self._best:
            self._best, self._since = self.bound, 0
        if self.dtype == "float32" and self.objective.l2 > 0 and self._since > _PATIENCE:
            self._change_or_end("precision")

    def _change_or_end(self, reason: Reason) -> None:
        """Go on in float64, which certifies, or end there."""
        if self.dtype == "float64":
            self._reason = reason
            return
        self.dtype, self._since = "float64", 0
        here = np.vstack([self.parameters.weights, self.parameters.bias])
        self.inverse = self.task.sample.inverse(self.objective, self.parameters, self.weights)
        self.search = self._search(here)

    def found(self, left: Reason) -> Optimum:
        return Optimum(
            self.objective, self.parameters, self.value, self.loss, self.bound, self.passes,
            self._reason or left,
        )  # fmt: skip


class _Task:
    """All searches, and the passes that they share."""

    def __init__(
        self,
        engine: Engine,
        data: Dataset,
        objectives: Sequence[Objective],
        rows: Rows | None,
        weights: Sequence[ArrayLike | None],
        tolerance: float,
    ) -> None:
        self._engine, self.data, self.tolerance = engine, data, tolerance
        self.outputs = n_outputs(objectives[0].model, data.n_classes)
        self._objectives = tuple(objectives)
        self._rows = WeightedRows.of(data.targets, rows, weights)
        self.sample = Sample(data, self._rows.rows)
        self._totals: dict[str, Totals] = {}
        self._shares = [self._shares_of(m) for m in range(len(objectives))]
        own = [
            self._rows.weights_for(m, np.arange(data.n_examples)) for m in range(len(objectives))
        ]
        self.models = [_Model(self, m, objective, own[m]) for m, objective in enumerate(objectives)]
        self._measure_means()

    @property
    def rows(self) -> Rows:
        """The examples that take part."""
        return self._rows.rows

    @property
    def active(self) -> list[_Model]:
        """The searches that have not ended."""
        return [model for model in self.models if model.is_active]

    def make_pass(self) -> None:
        """Evaluate every search's trial, one pass a type of the arithmetic."""
        kinds = {
            dtype: [model for model in self.active if model.dtype == dtype]
            for dtype in ("float32", "float64")
        }
        for dtype, models in kinds.items():
            if models:
                numbers, at = [model.number for model in models], [model.at() for model in models]
                found = self._totals_in(dtype).sums(numbers, at)
                for model, where, sums in zip(models, at, found, strict=True):
                    model.told(where, sums)

    def counting(self, model: int) -> Rows:
        """Return the rows that count for a model."""
        rows = self._rows.rows
        weights = self._rows.weights_for(model, rows)
        return rows if weights is None else rows[weights > 0]

    def prior_bias(self, model: int) -> NDArray[np.float64]:
        """Return the bias that predicts the share of each class."""
        shares = self._shares[model]
        if self.outputs == 1:
            return np.array([math.log(shares[0] / shares[1])])
        logs = np.log(shares)
        return np.asarray(logs - logs.mean(), np.float64)

    def _shares_of(self, model: int) -> NDArray[np.float64]:
        rows = self._rows.rows
        counts = np.bincount(
            self.data.targets[rows], self._rows.weights_for(model, rows), self.data.n_classes
        )
        if (counts == 0).any():
            absent = self.data.classes[int(np.argmin(counts))]
            raise InputError(
                f"y: no example of the class {absent!r} counts: its bias has no best value; leave "
                "the class out."
            )
        shares: NDArray[np.float64] = counts / counts.sum()
        return shares

    def _totals_in(self, dtype: str) -> Totals:
        if dtype not in self._totals:
            source = Source(self.data.X, None, self.data.scaling, dtype)
            start = Parameters.zeros(self.data.n_features, self.outputs, dtype)
            problem = Problem(
                self._rows, None, self.outputs, self._objectives, (start,) * len(self._objectives)
            )
            self._totals[dtype] = self._engine.totals(self._engine.prepare(source), problem)
        return self._totals[dtype]

    def _measure_means(self) -> None:
        """Measure what the bounds of models with a free bias need, once for all alike."""
        first_of: dict[int, int] = {}
        for model in self.models:
            if model.objective.l2 > 0 and not model.objective.penalize_bias:
                first_of.setdefault(int(self._rows.weights_of[model.number]), model.number)
        if not first_of:
            return
        numbers, shift = list(first_of.values()), np.zeros(self.outputs)
        shift[0] = 1
        totals, sums, predicted = self._totals_in("float32"), [], []
        for other in (0.0, 1.0):
            at = [
                Parameters(
                    np.zeros((self.data.n_features, self.outputs), np.float32),
                    (self.prior_bias(m) + other * shift).astype(np.float32),
                )
                for m in numbers
            ]
            sums.append(totals.sums(numbers, at))
            predicted.append([_probabilities(p.bias) for p in at])
        means = {
            key: ClassMeans.of(
                self._shares[m][: self.outputs], sums[0][i], predicted[0][i], sums[1][i],
                predicted[1][i],
            )
            for i, (key, m) in enumerate(first_of.items())
        }  # fmt: skip
        for model in self.models:
            model.means = means.get(int(self._rows.weights_of[model.number]))


def _probabilities(bias: NDArray[np.floating]) -> NDArray[np.float64]:
    scores = np.asarray(bias, np.float64)
    if len(scores) == 1:
        return 1 / (1 + np.exp(-scores))
    exponentials = np.exp(scores - scores.max())
    shares: NDArray[np.float64] = exponentials / exponentials.sum()
    return shares
