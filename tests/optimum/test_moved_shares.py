"""What makes up for a wrong bias, against probabilities that are moved one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.model import Objective, Parameters
from onelayer.optimum import ClassMeans, excess_bound, minimise
from onelayer.optimum.moved_shares import MovedShares

Array = NDArray[Any]


def entropy(p: Array) -> float:
    return float(-(p * np.log(p)).sum(axis=1).mean())


@pytest.mark.parametrize("off", [0.0, 1e-5, 1e-3, 0.1])
@pytest.mark.parametrize("K", [2, 3, 30])
def test_probabilities_that_are_moved_have_the_shares_and_what_is_said_of_them(
    K: int, off: float
) -> None:
    rng = np.random.default_rng(K)
    for size in (0.1, 3.0, 20.0):
        X, scores = rng.normal(size=(200, 5)), size * rng.normal(size=(200, K))
        p = np.exp(scores - scores.max(axis=1, keepdims=True)) + 1e-12
        p /= p.sum(axis=1, keepdims=True)
        exact = p.mean(axis=0)
        wanted = exact * np.exp(0.1 * rng.normal(size=K))
        wanted /= wanted.sum()
        if K == 2:  # one output, whose shares are off by as much for either class
            told = exact + off * wanted.min() * np.array([0.7, -0.7])
            most = np.repeat(off * wanted.min(), 2)
            moved = MovedShares.of(told[:1], wanted[:1], most[:1])
        else:
            most = off * wanted
            told = exact + most * rng.uniform(-1, 1, K)
            moved = MovedShares.of(told, wanted, most)
        assert moved is not None
        a, s = moved.given, p @ moved.given
        assert (a >= 0).all()
        assert (a <= 1).all()
        dealt = (wanted - (1 - a) * exact) / s.mean()
        assert (dealt >= -1e-12).all()
        too_much, length = moved.dealt_off
        assert np.maximum(dealt - moved.dealt, 0).sum() <= too_much + 1e-9
        assert np.linalg.norm(dealt - moved.dealt) <= length + 1e-9
        q = (1 - a) * p + s[:, None] * np.maximum(dealt, 0)
        np.testing.assert_allclose(q.mean(axis=0), wanted, rtol=1e-9)
        assert entropy(p) - entropy(q) <= moved.entropy_lost(entropy(p)) + 1e-12
        if off == 0:
            outputs = 1 if K == 2 else K
            given, change = moved.change(X.T @ p[:, :outputs] / 200, X.mean(axis=0))
            np.testing.assert_allclose(given, X.T @ s / 200, atol=1e-12)
            np.testing.assert_allclose(change, X.T @ (q - p)[:, :outputs] / 200, atol=1e-9)


def test_nothing_is_moved_where_the_shares_are_right() -> None:
    shares = np.array([0.5, 0.3, 0.2])
    assert MovedShares.of(shares, shares, np.zeros(3)) is None
    assert MovedShares.of(np.array([0.0, 0.8, 0.2]), shares, np.zeros(3)) is not None


def test_a_class_that_no_example_has_gives_all_that_is_predicted_of_it() -> None:
    p = np.array([[0.6, 0.3, 0.1], [0.2, 0.4, 0.4]])
    moved = MovedShares.of(p.mean(axis=0), np.array([0.5, 0.5, 0.0]), np.zeros(3))
    assert moved is not None
    q = (1 - moved.given) * p + (p @ moved.given)[:, None] * moved.dealt
    lost = entropy(p) - float(-(q[:, :2] * np.log(q[:, :2])).sum(axis=1).mean())
    assert lost <= moved.entropy_lost(entropy(p)) < 1


def test_a_bound_counts_what_is_moved_and_not_the_worst_class_for_all() -> None:
    rng, K, n = np.random.default_rng(0), 40, 1000
    y = np.arange(n) % K
    X = rng.normal(size=(K, 10))[y] + 0.5 * rng.normal(size=(n, 10))
    objective = Objective("softmax", 1e-2)
    data = Dataset(X, y, classes=range(K))
    (best,) = minimise(data, [objective], tolerance=1e-4, engine="reference")
    W, bias = best.parameters.weights, best.parameters.bias
    zero = objective.sums(Parameters(0 * W, 0 * bias), X, y)
    means = ClassMeans.of(np.full(K, 1 / K), X.mean(axis=0), zero, np.full(K, 1 / K))

    def bound(away: Array) -> float:
        here = Parameters(W, bias + away)
        return excess_bound(objective, here, objective.sums(here, X, y), means)

    away = np.tile([0.01, -0.01], K // 2)
    one = np.where(np.arange(K) < 2, away, 0)
    assert bound(one) - best.excess_bound < 0.2 * (bound(away) - best.excess_bound)
