"""Compare the analytic gradient with central differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from onelayer.model.losses import Floats, Targets
from onelayer.model.objective import Objective
from onelayer.model.parameters import ModelName, Parameters, n_outputs

TOLERANCE = 1e-6
"""Largest relative error that counts as agreement."""

GradientFunction = Callable[[Objective, Parameters, Floats, Targets], Parameters]


@dataclass(frozen=True)
class GradientCheck:
    """The worst disagreement found for one objective.

    The relative error of a component is |a - d| / max(|a|, |d|, 1e-3 * max|a|), with a the
    analytic and d the numeric derivative: components far below the gradient's own scale are
    compared at that scale, where rounding of the loss would otherwise dominate.
    """

    objective: Objective
    points: int
    derivatives: int
    worst_error: float
    analytic: float
    numeric: float

    @property
    def passed(self) -> bool:
        """Whether the worst relative error is at most `TOLERANCE`; NaN does not pass."""
        return self.worst_error <= TOLERANCE


def check_gradients(
    X: Floats,
    targets: Targets,
    n_classes: int,
    *,
    points: int = 3,
    components: int = 60,
    seed: int = 0,
    gradient: GradientFunction = Objective.gradient,
) -> list[GradientCheck]:
    """Check the models of these targets, with and without L2 and with the bias penalized.

    Parameters
    ----------
    X : (n, n_features) float array. It is divided by its root mean square, so that neither the
        size of the differences' steps nor that of the penalty depends on the data's unit.
    targets : (n,) class indices: logistic regression, of class 0 against the rest, and softmax are
        checked. Or (n, n_classes) of 0 and 1: multilabel is.
    n_classes : int
    points : int
        How many random weights each objective is checked at.
    components : int
        How many derivatives are compared at each point, drawn at random; the biases always.
    seed : int
    gradient : function
        The gradient under test.
    """
    X = np.asarray(X, np.float64)
    X = X / (float(np.sqrt(np.mean(np.square(X)))) or 1.0)
    checks: list[GradientCheck] = []
    for objective in _objectives(("logistic", "softmax") if targets.ndim == 1 else ("multilabel",)):
        labels = np.minimum(targets, 1) if objective.model == "logistic" else targets
        outputs = n_outputs(objective.model, n_classes)
        rng = np.random.default_rng([seed, len(checks)])
        compared = [
            comparison
            for _ in range(points)
            for comparison in _compare(
                objective, _random_point(rng, X.shape[1], outputs), X, labels,
                components, rng, gradient,
            )
        ]  # fmt: skip
        worst = max(compared, key=lambda comparison: np.nan_to_num(comparison[0], nan=np.inf))
        checks.append(GradientCheck(objective, points, len(compared), *worst))
    return checks


def _objectives(models: tuple[ModelName, ...]) -> Iterator[Objective]:
    for model in models:
        yield Objective(model)
        yield Objective(model, l2=0.1)
        yield Objective(model, l2=0.1, penalize_bias=True)


def _random_point(rng: np.random.Generator, n_features: int, outputs: int) -> Parameters:
    # Scores of order one: there every class has a probability that is neither 0 nor 1.
    weights = rng.normal(size=(n_features, outputs)) / np.sqrt(n_features)
    return Parameters(weights, rng.normal(size=outputs))


def _compare(
    objective: Objective,
    point: Parameters,
    X: Floats,
    targets: Targets,
    components: int,
    rng: np.random.Generator,
    gradient: GradientFunction,
) -> Iterator[tuple[float, float, float]]:
    """Yield (relative error, analytic, numeric) for some of the derivatives at one point."""
    analytic = gradient(objective, point, X, targets)
    scale = max(np.abs(analytic.weights).max(), np.abs(analytic.bias).max())
    chosen = rng.choice(point.weights.size, min(components, point.weights.size), replace=False)
    coordinates = [("weights", np.unravel_index(i, point.weights.shape)) for i in chosen]
    coordinates += [("bias", (k,)) for k in range(point.bias.size)]
    for name, index in coordinates:
        a = float(getattr(analytic, name)[index])
        d = _central_difference(objective, point, X, targets, name, index)
        size = max(abs(a), abs(d), 1e-3 * float(scale), float(np.finfo(float).tiny))
        yield abs(a - d) / size, a, d


def _central_difference(
    objective: Objective,
    point: Parameters,
    X: Floats,
    targets: Targets,
    name: str,
    index: tuple[np.intp, ...] | tuple[int, ...],
) -> float:
    # Five points, of which the middle one counts zero times (Fornberg, 1988, table 1). The error is
    # O(h^4) + O(eps/h), least near the fifth root of the machine epsilon. With three points it is
    # more than `TOLERANCE` for some right gradients over a hundred classes.
    h = float(np.finfo(np.float64).eps ** (1 / 5))
    difference = 0.0
    for steps, times in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
        moved = point.copy()
        getattr(moved, name)[index] += steps * h
        difference += times * objective.value(moved, X, targets)
    return difference / (12 * h)
