"""The rate from which on the steps of gradient descent overshoot, and go on doing so.

Near a point where J has the Hessian H, a step of plain gradient descent multiplies the way to the
minimum along an eigenvector of H by 1 - rate h, h its eigenvalue. That does not shrink where
rate h is 2 or more. With momentum mu the limit of rate h is 2 (1 + mu) (Polyak, 1964), and in
Nesterov's form 2 (1 + mu) / (1 + 2 mu); both follow from the root -1 of the characteristic
polynomial.

Where all weights are 0, H of the mean loss is (X^T X / N) / 4 for a logistic output and has the
largest eigenvalue of X^T X / N, divided by K, for softmax, X with a column of ones. The penalty
adds 2 l2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.context import Context
from onelayer.model import LOSSES
from onelayer.study import RunOutcome
from onelayer.training.draws import Draws
from onelayer.training.rates import learning_rates, rate_limit

Floats = NDArray[np.floating]

VALUES = 2_000_000
"""Of a sample of the examples, which are evenly spread: a few milliseconds a product."""

LARGE = 1e12
"""Values above are multiplied in float64."""

_LEAST_ROWS = 256
_MOST_PRODUCTS = 60
_ENOUGH, _ENOUGH_AT_END = 1e-3, 2e-2
"""Products are made until an eigenvalue no longer changes by this share."""

_MOST_STEPS = 1000
"""Of a schedule, at which the rate is looked up."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Scaled examples of a run, a column of ones thought beside them.

    Attributes
    ----------
    X : array or CSR array of float32, or float64 of large values, shape (n, n_features)
    features : slice
        Which of all features they are.
    """

    X: Any
    features: slice

    def scores(self, V: Floats) -> Floats:
        """Return the product with parameters, (n_features + 1, outputs), the bias last."""
        return np.asarray(self.X @ V[:-1] + V[-1])

    def back(self, R: Floats) -> Floats:
        """Return the mean over the examples of x times their rows of R."""
        return np.vstack([np.asarray(self.X.T @ R), R.sum(axis=0)]) / np.float32(len(R))


@dataclass(frozen=True)
class Rates:
    """A run's rates beside those from which on its steps overshoot.

    Attributes
    ----------
    largest, last : float
        The run's largest rate, and the largest of the last tenth of its steps.
    limit : float
        Where all weights are 0, as training starts.
    """

    largest: float
    last: float
    limit: float

    @property
    def share(self) -> float:
        """The largest rate as a share of the limit."""
        return self.largest / self.limit

    @property
    def words(self) -> str:
        """Say how the largest rate stands to the limit."""
        times = f"{self.share:.2g} times" if self.share > 1 else f"{self.share:.2g} of"
        return (
            f"{self.largest:.3g}, {times} the {self.limit:.3g} from which on gradient descent "
            "oscillates on these examples at weights of 0"
        )


def rates_of(context: Context, run: RunOutcome) -> Rates:
    """Return a run's rates, and the limit at its start."""
    config, steps = run.record.config, max(run.record.steps, 1)
    total = max(run.record.total_steps, 1)
    at = np.unique(np.linspace(0, steps - 1, _MOST_STEPS).astype(int))
    at = np.union1d(at, [min(config.warmup_steps, steps - 1)])
    rates = np.array([learning_rates(config, total, int(s), 1)[0] for s in at])
    return Rates(
        float(rates.max()),
        float(rates[at >= 0.9 * (steps - 1)].max()),
        limit_at_start(context, run),
    )


def limit_at_start(context: Context, run: RunOutcome) -> float:
    """Return the rate from which on steps overshoot where all weights are 0."""
    outputs = run.model.weights.shape[1]
    spread = 1 / outputs if run.record.model == "softmax" else 1 / 4
    return rate_limit(run.record.config, spread * largest_square(context, run))


@np.errstate(over="ignore", invalid="ignore")  # weights may be near the largest numbers
def limit_at_end(context: Context, run: RunOutcome) -> float:
    """Return that rate at the weights that a run keeps, by products with the Hessian there."""
    sample, model = sample_of(context, run), run.model
    V = np.vstack([model.weights[sample.features], model.bias]).astype(np.float32)
    P = LOSSES[run.record.model].probabilities(sample.scores(V))

    def product(V: Floats) -> Floats:
        weighted = P * sample.scores(V)
        if run.record.model == "softmax":
            return sample.back(weighted - P * weighted.sum(axis=1, keepdims=True))
        return sample.back(weighted * (1 - P))

    # The mean example is near the leading direction, the outputs against one another unknown.
    outputs = np.random.default_rng(0).standard_normal((1, V.shape[1]))
    start = sample.back(np.ones((len(P), 1), np.float32)) @ outputs.astype(np.float32)
    return rate_limit(run.record.config, largest_eigenvalue(product, start, _ENOUGH_AT_END))


def largest_square(context: Context, run: RunOutcome) -> float:
    """Return the largest eigenvalue of X^T X / N, X with a column of ones; once for the data."""

    def measured() -> float:
        sample = sample_of(context, run)
        start = sample.back(np.ones((sample.X.shape[0], 1), np.float32))
        return largest_eigenvalue(lambda V: sample.back(sample.scores(V)), start)

    return context.once(("largest square", *_key(run)), measured)


def sample_of(context: Context, run: RunOutcome) -> Sample:
    """Return a sample of the examples that a run was trained on, made once for all such runs."""

    def made() -> Sample:
        train, config = context.parts(run)[0], run.record.config
        features = slice(*(config.features or (0, train.n_features)))
        rows = Draws(train, None).rows(config, None)
        rows = np.arange(train.n_examples) if rows is None else rows
        count = max(_LEAST_ROWS, VALUES // train.n_features)
        chosen = train.X[rows[:: -(-len(rows) // count)]]
        X = train.scaling.apply(chosen, np.float32)[:, features]
        if not abs(X).max() < LARGE:
            X = train.scaling.apply(chosen, np.float64)[:, features]
        return Sample(X, features)

    return context.once(("sample", *_key(run)), made)


def largest_eigenvalue(
    product: Callable[[Floats], Floats], start: Floats, enough: float = _ENOUGH
) -> float:
    """Return the largest eigenvalue of a matrix that is given by its products (power iteration)."""
    vector, value = start / np.linalg.norm(start), 0.0
    for _ in range(_MOST_PRODUCTS):
        image = product(vector)
        before, value = value, float(np.linalg.norm(image))
        if not np.isfinite(value) or value == 0 or abs(value - before) <= enough * value:
            break
        vector = image / image.dtype.type(value)
    return value


def _key(run: RunOutcome) -> tuple[object, ...]:
    """Return what two runs on the same values have in common."""
    config = run.record.config
    return run.run.selection, config.features, config.examples_per_class, config.draw
