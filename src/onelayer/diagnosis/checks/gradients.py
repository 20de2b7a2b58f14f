"""OL002: the analytic gradients against central differences, on the study's own data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onelayer.data import Dataset
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Bars, Exhibit
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.subjects.examples import scaled
from onelayer.diagnosis.words import count
from onelayer.engines import one_blas_thread
from onelayer.model import TOLERANCE, GradientCheck, ModelName, check_gradients
from onelayer.words import in_powers

EXAMPLES = 100
COMPONENTS = 40


@dataclass(frozen=True)
class ObjectiveError:
    """The error of one objective's gradient: the worst relative one, None if it is not finite."""

    model: ModelName
    l2: float
    penalize_bias: bool
    worst_error: float | None
    passed: bool


@dataclass(frozen=True)
class GradientErrors(Measurement):
    """The errors of both models' gradients, with several penalties.

    Attributes
    ----------
    examples : int
        The first ones of the training data, on which the gradients were taken.
    objectives : tuple of ObjectiveError
    tolerance : float
        The largest relative error that counts as agreement.
    """

    code: ClassVar[str] = "OL002"
    check: ClassVar[str] = "gradients"
    title: ClassVar[str] = "A gradient that is wrong"

    examples: int
    objectives: tuple[ObjectiveError, ...]
    tolerance: float

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the error of each objective's gradient, where it is finite."""
        rows = tuple(
            (f"{o.model}, λ = {o.l2:g}{', bias penalised' if o.penalize_bias else ''}", "",
             o.worst_error / self.tolerance)
            for o in self.objectives if o.worst_error is not None
        )  # fmt: skip
        caption = (
            f"On {count(self.examples, 'training example')}, over the "
            f"{in_powers(f'{self.tolerance:g}')} that counts as agreement: up to 1 a gradient "
            "is right."
        )
        title = "Analytic gradients against central differences"
        return (Bars(title, caption, "worst relative error, over the tolerance", rows),)


def look(context: Context) -> list[Finding]:
    """Report the worst relative error over both models and all penalties."""
    checks = check_on(context.data.train)
    worst = max(checks, key=lambda c: np.nan_to_num(c.worst_error, nan=np.inf))
    passed = all(c.passed for c in checks)
    compared = f"the worst relative error over {len(checks)} objectives is "
    compared += in_powers(f"{worst.worst_error:.1e}")
    counts = f"{in_powers(f'{TOLERANCE:g}')} that counts as agreement"
    verdict = (
        f"below the {counts}: the gradients are right"
        if passed
        else f"above the {counts}: a gradient is wrong"
    )
    measurement = GradientErrors(
        min(EXAMPLES, context.data.train.n_examples),
        tuple(
            ObjectiveError(
                c.objective.model,
                c.objective.l2,
                c.objective.penalize_bias,
                c.worst_error if np.isfinite(c.worst_error) else None,
                c.passed,
            )
            for c in checks
        ),
        TOLERANCE,
    )
    statement = (
        f"Analytic gradients against central differences, in float64 at {checks[0].points} random "
        f"weights each: {compared}, {verdict}."
    )
    if passed:
        return [CHECK.clear((), statement, measurement)]
    advice = "Do not trust any run of this installation: its gradients are not those derived."
    return [CHECK.found((), statement, measurement, advice=advice)]


def check_on(train: Dataset) -> list[GradientCheck]:
    """Check the gradients on the first examples of a data set."""
    some = train.first(min(EXAMPLES, train.n_examples))
    X = scaled(some, some, slice(None), dtype=np.float64)
    # Products this small are slower on several threads, and their last bits would depend on them.
    with one_blas_thread():
        return check_gradients(X, some.targets, some.n_classes, components=COMPONENTS)


CHECK = Check(
    GradientErrors,
    look,
    "Each component of the analytic gradient against a central difference of the objective.",
    ("the objective itself is computed right",),
)
