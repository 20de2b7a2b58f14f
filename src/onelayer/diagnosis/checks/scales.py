"""OL201: features of such different scales that gradient descent is slow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.budget import seconds_of_passes
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Bars, Exhibit
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.subjects.examples import (
    SharedData,
    drawn,
    rows_within,
    scaled,
    shared_data,
    standardised,
)  # fmt: skip
from onelayer.diagnosis.subjects.stepped import has_steps
from onelayer.diagnosis.words import number
from onelayer.engines import one_blas_thread
from onelayer.words import listed

SPREAD = 10.0
"""Below this ratio of scales nothing is tried: a factor of 10 in a scale is one of 100 in steps."""

MATTERS = 5.0
"""So many times the steps are worth a change."""

RARE = 0.01
"""A feature that is not 0 in a smaller share of the examples has no scale worth measuring."""

EXAMPLES = 500
STEPS = 20
MOST_TIMES = 20
REACHED = 0.98
"""A loss is reached with this share of the way to it: the rest may be noise."""


@dataclass(frozen=True)
class FeatureScales(Measurement):
    """The scales of the features as a model sees them, and what they cost.

    Attributes
    ----------
    smallest, largest : int
        Numbers of the features with the smallest and the largest root mean square of the values
        that are not 0, counted from 0.
    smallest_rms, largest_rms : float
        After the scaling of the data set.
    spread : float
        Of these the ratio; the bias counts as a feature of scale 1.
    condition_number : float or None
        Of the matrix of second moments of features and bias, for its eigenvalues that are not 0;
        None where nothing was tried.
    condition_number_standardised : float or None
        The same with features of mean 0 and variance 1.
    slowdown : float or None
        How many times as many steps of full-batch gradient descent it takes to go 98% of the way
        to the training loss that 20 steps reach on standardised features, both at the largest rate
        that is safe; at most 20, which stands for 20 and more.
    """

    code: ClassVar[str] = "OL201"
    check: ClassVar[str] = "scales"
    title: ClassVar[str] = "Unscaled features"

    smallest: int
    largest: int
    smallest_rms: float
    largest_rms: float
    spread: float
    condition_number: float | None = None
    condition_number_standardised: float | None = None
    slowdown: float | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return how many times the steps it takes, where that was tried."""
        if self.slowdown is None:
            return ()
        rows = (("as they are", "", self.slowdown), ("standardised", "", 1.0))
        most = " (20 stands for 20 and more)" if self.slowdown >= MOST_TIMES else ""
        caption = (
            f"The features' root mean squares go from {number(self.smallest_rms)} to "
            f"{number(self.largest_rms)}; steps of gradient descent to the same training "
            f"loss{most}."
        )
        axis = "steps, where standardised features take 1"
        return (Bars("What the scales cost", caption, axis, rows),)


def look(context: Context) -> list[Finding]:
    """Report the scales of each data set."""
    with one_blas_thread():
        return [_finding(context, data) for data in shared_data(context)]


def _finding(context: Context, data: SharedData) -> Finding:
    train = data.train
    rows = drawn(train.n_examples, rows_within(train, EXAMPLES), seed=9)
    X = scaled(train, train, rows)
    columns, rms = _scales(X)
    if not len(columns):
        return CHECK.not_applicable(
            data.names, f"The features of {data.who} are 0 or constant in nearly all examples."
        )
    low, high = int(rms.argmin()), int(rms.argmax())
    spread = float(max(rms[high], 1) / min(rms[low], 1))
    measurement = FeatureScales(
        int(columns[low]), int(columns[high]), float(rms[low]), float(rms[high]), spread
    )
    scales = (
        f"As the models of {data.who} see them, the features have root mean squares from "
        f"{number(rms[low])} ({data.feature(int(columns[low]))}) to {number(rms[high])} "
        f"({data.feature(int(columns[high]))})"
    )
    if spread <= SPREAD:
        return CHECK.clear(data.names, f"{scales}: they are of like scale.", measurement)
    outputs = max(train.n_classes, 2)
    context.budget.take(
        seconds_of_passes(train, outputs, MOST_TIMES * STEPS * len(X) / train.n_examples)
    )
    return _tried(data, X, measurement, scales)


def _tried(data: SharedData, X: NDArray[np.float32], m: FeatureScales, scales: str) -> Finding:
    rows = drawn(data.train.n_examples, len(X), seed=9)
    targets = _one_hot(data, rows)
    even = _evened(X, is_image=data.is_image)
    slowdown = _slowdown(_with_bias(X), _with_bias(even), targets)
    measurement = FeatureScales(
        m.smallest, m.largest, m.smallest_rms, m.largest_rms, m.spread,
        _condition(_with_bias(X)), _condition(_with_bias(even)), slowdown,
    )  # fmt: skip
    times = f"{number(slowdown)} times" if slowdown < MOST_TIMES else "20 times or more"
    tried = (
        f"gradient descent on {len(X):,} examples, as they are and standardised, both at the "
        "largest safe rate",
    )
    cost = (
        f"{scales}. The condition number is {number(measurement.condition_number or 0)}, and "
        f"{number(measurement.condition_number_standardised or 0)} with standardised features: "
        f"plain gradient descent takes {times} the steps to the same training loss"
    )
    if slowdown < MATTERS:
        statement = f"{cost}; that is little."
        return CHECK.clear(data.names, statement, measurement, tried=tried)
    with_steps = [run.name for run in data.runs if has_steps(run)]
    advice = "Standardise the features: subtract the mean and divide by the standard deviation."
    if not with_steps:
        statement = f"{cost}. These models were found without such steps, so it cost them little."
        return CHECK.found(
            data.names, statement, measurement, severity=Severity.INFO, advice=advice, tried=tried
        )
    called = [run.called for run in data.runs if run.name in with_steps]
    by = f"the run{'s' * (len(called) > 1)} {listed(called, 4)}"
    statement = f"{cost}. It slows {by}."
    return CHECK.found(with_steps, statement, measurement, advice=advice, tried=tried)


def _scales(X: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the columns that have a scale, and the root mean square of their non-zero values."""
    nonzero = np.count_nonzero(X, axis=0)
    with np.errstate(over="ignore"):
        squares = np.square(X.astype(np.float64)).sum(axis=0)
    columns = np.flatnonzero((nonzero >= max(2, RARE * len(X))) & (np.ptp(X, axis=0) > 0))
    return columns, np.sqrt(squares[columns] / nonzero[columns])


def _one_hot(data: SharedData, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the targets of some examples as probabilities, (n, outputs)."""
    targets = data.train.targets[rows]
    if data.train.has_label_matrix:
        return np.asarray(targets, np.float64)
    return np.asarray(np.eye(data.train.n_classes)[targets])


def _evened(X: NDArray[np.float32], *, is_image: bool) -> NDArray[np.float64]:
    """Return features with mean 0 and variance 1; of pixels all are divided by one number."""
    if not is_image:
        return standardised(X.astype(np.float64)).astype(np.float64)
    centred = X - X.mean(axis=0, dtype=np.float64)
    return np.asarray(centred / np.sqrt(np.mean(np.square(centred))))


def _with_bias(X: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.hstack([X.astype(np.float64), np.ones((len(X), 1))])


def _condition(X: NDArray[np.float64]) -> float:
    """Return the largest over the smallest eigenvalue of X'X that is not 0."""
    gram = X @ X.T if len(X) < X.shape[1] else X.T @ X
    eigenvalues = np.linalg.eigvalsh(gram)
    positive = eigenvalues[eigenvalues > len(gram) * np.finfo(float).eps * eigenvalues[-1]]
    return float(positive[-1] / positive[0])


def _slowdown(X: NDArray[np.float64], even: NDArray[np.float64], Y: NDArray[np.float64]) -> float:
    """Return how many times as many steps X takes to the loss that STEPS on `even` reach."""
    losses = _losses(even, Y, STEPS)
    target = losses[0] - REACHED * (losses[0] - losses[-1])
    steps = next(step for step, loss in enumerate(losses) if loss <= target)
    for step, loss in enumerate(_losses(X, Y, MOST_TIMES * steps)):
        if loss <= target:
            return step / max(steps, 1)
    return MOST_TIMES


def _losses(X: NDArray[np.float64], Y: NDArray[np.float64], steps: int) -> list[float]:
    """Return the training loss before each step of gradient descent from 0, and after the last."""
    n = len(X)
    # Of the cross-entropy no curvature exceeds half of that of the features.
    rate = 2 * n / np.linalg.norm(X, 2) ** 2
    one_each = bool(np.all(Y.sum(axis=1) == 1))
    W = np.zeros((X.shape[1], Y.shape[1]))
    losses = []
    for _ in range(steps + 1):
        scores = X @ W
        if one_each:
            scores -= scores.max(axis=1, keepdims=True)
            p = np.exp(scores)
            p /= p.sum(axis=1, keepdims=True)
            losses.append(-float(np.mean(np.log(np.maximum((p * Y).sum(axis=1), 1e-300)))))
        else:
            p = 1 / (1 + np.exp(-np.clip(scores, -700, 700)))
            losses.append(float(np.mean((np.logaddexp(0, scores) - Y * scores).sum(axis=1))))
        W -= rate / n * (X.T @ (p - Y))
    return losses


CHECK = Check(
    FeatureScales,
    look,
    "Root mean squares on a sample; where they differ tenfold, gradient descent from 0 on the "
    "sample with and without standardised features.",
    ("what slows plain gradient descent slows the optimiser of the runs; momentum, less",),
)
