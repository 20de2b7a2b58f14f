from typing import Any

import numpy as np
import pytest
from fault_material import config, context_of, examples

from onelayer.diagnosis.measures.stability import (
    largest_eigenvalue,
    largest_square,
    limit_at_end,
    limit_at_start,
    rates_of,
)
from onelayer.model import Objective, Parameters
from onelayer.training.rates import penalty_diverges, rate_limit


def hessian(objective: Objective, at: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """By central differences of the gradient, in the order of the flattened parameters."""

    def gradient(flat: np.ndarray) -> np.ndarray:
        both = flat.reshape(at.shape)
        found = objective.gradient(Parameters(both[:-1], both[-1]), X, y)
        return np.vstack([found.weights, found.bias]).ravel()

    step = 1e-5
    rows = [
        (gradient(at.ravel() + step * e) - gradient(at.ravel() - step * e)) / (2 * step)
        for e in np.eye(at.size)
    ]
    return np.array(rows)


@pytest.mark.parametrize("model", ["softmax", "logistic"])
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_limits_are_those_of_the_hessian(model: Any, l2: float) -> None:
    train = examples()
    if model == "logistic":
        train = train.subset_of_classes([0, 1])
    validation = train
    context = context_of(
        train, validation, run=config(model=model, l2=l2, penalize_bias=True, max_epochs=5)
    )
    run = context.outcome["run"]
    X = train.X.astype(np.float64)
    end = np.vstack([run.model.weights, run.model.bias]).astype(np.float64)
    objective = Objective(model, l2, penalize_bias=True)
    for at, limit, near in (
        (np.zeros_like(end), limit_at_start(context, run), 1e-2),
        (end, limit_at_end(context, run), 5e-2),
    ):
        largest = np.linalg.eigvalsh(hessian(objective, at, X, train.targets))[-1]
        assert limit == pytest.approx(2 / largest, rel=near)


@pytest.mark.parametrize(
    ("options", "reach"),
    [({}, 2.0), ({"momentum": 0.9}, 3.8), ({"momentum": 0.9, "nesterov": True}, 3.8 / 2.8)],
)
def test_momentum_moves_the_limit(options: dict[str, Any], reach: float) -> None:
    """Of a quadratic with curvature 1, by its own steps: below it shrinks, above it grows."""
    chosen = config(l2=0.5, **options)
    limit = rate_limit(chosen)
    assert limit == pytest.approx(reach)
    for rate, shrinks in ((0.99 * limit, True), (1.01 * limit, False)):
        w, v, mu = 1.0, 0.0, chosen.momentum
        for _ in range(3000):
            v = mu * v + w
            w -= rate * (w + mu * v if chosen.nesterov else v)
            if not np.isfinite(w) or abs(w) > 1e30:
                break
        assert (abs(w) < 1e-3) == shrinks
        assert penalty_diverges(chosen.model_copy(update={"learning_rate": rate}), 9, 3) != shrinks


def test_without_a_penalty_its_limit_is_infinite() -> None:
    assert rate_limit(config(l2=0.0)) == np.inf


def test_only_the_rates_of_the_steps_that_were_made_count() -> None:
    """A warm-up rises to twice the limit, and passes it in its sixth step."""
    rises = config(l2=1.0, learning_rate=2.0, warmup_steps=9)
    assert [penalty_diverges(rises, 30, steps) for steps in (0, 5, 6)] == [False, False, True]


def test_largest_eigenvalue_is_that_of_numpy() -> None:
    A = np.cov(np.random.default_rng(0).normal(size=(8, 50)))
    found = largest_eigenvalue(lambda v: A @ v, np.ones((8, 1)), 1e-9)
    assert found == pytest.approx(np.linalg.eigvalsh(A)[-1], rel=1e-4)
    assert largest_eigenvalue(lambda v: 0 * v, np.ones((8, 1))) == 0


def test_runs_on_the_same_values_share_the_curvature_of_their_data() -> None:
    context = context_of(
        a=config(l2=0.0), b=config(l2=1.0, learning_rate=1e-3), some=config(features=(0, 2))
    )
    a, b, some = context.outcome.runs
    assert largest_square(context, a) is largest_square(context, b)
    assert largest_square(context, some) < largest_square(context, a)


def test_the_largest_rate_is_that_of_the_schedule() -> None:
    context = context_of(
        warm=config(warmup_steps=10**6, max_epochs=1),
        cosine=config(schedule="cosine"),
    )
    warm, cosine = (rates_of(context, run) for run in context.outcome.runs)
    assert warm.largest == pytest.approx(0.1 * 20 / (10**6 + 1))
    assert cosine.largest == pytest.approx(0.1)
    assert cosine.last < 0.01
