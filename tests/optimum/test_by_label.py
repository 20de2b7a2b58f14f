"""The minimum of a multilabel objective: against its labels' own, and where there is none."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.model import Objective, Parameters
from onelayer.optimum import minimise
from onelayer.training import TrainConfig, train

N, FEATURES, LABELS = 200, 5, 4


def material(seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, FEATURES))
    Y = X @ rng.normal(size=(FEATURES, LABELS)) + 2 * rng.normal(size=(N, LABELS)) > 0.5
    return Dataset(X, Y, classes=list("abcd"))


@pytest.mark.parametrize("penalize_bias", [False, True])
def test_it_is_the_minimum(penalize_bias: bool) -> None:
    """Against SciPy on the objective as a whole, and a bound that holds."""
    data = material()
    by = np.linspace(0.1, 2, N)
    objectives = [Objective("multilabel", l2, penalize_bias) for l2 in (1.0, 1e-3)]
    found = minimise(data, objectives, weights=[None, by], tolerance=1e-9)
    for objective, one, weights in zip(objectives, found, (None, by / by.mean()), strict=True):

        def value(flat: Any, o: Objective = objective, w: Any = weights) -> tuple[float, Any]:
            parts = flat.reshape(FEATURES + 1, LABELS)
            at = Parameters(parts[:-1], parts[-1])
            slope = o.gradient(at, data.X, data.targets, w)
            gradient = np.vstack([slope.weights, slope.bias]).ravel()
            return o.value(at, data.X, data.targets, w), gradient

        start = np.zeros((FEATURES + 1) * LABELS)
        least = minimize(value, start, jac=True, method="BFGS", options={"gtol": 1e-10}).fun
        own = objective.value(one.parameters, data.X, data.targets, weights)
        assert one.value == pytest.approx(own, rel=1e-12)
        assert one.loss == pytest.approx(own - objective.penalty(one.parameters), rel=1e-12)
        assert one.reason == "certified"
        assert 0 <= one.excess_bound <= 1e-9 * one.value
        assert -1e-10 <= own - least <= one.excess_bound + 1e-10


def test_values_and_bounds_are_those_of_the_labels_together() -> None:
    data = material(1)
    (found,) = minimise(data, [Objective("multilabel", 0.01)], tolerance=1e-4)
    alone = [
        minimise(
            Dataset(data.X, data.targets[:, k], classes=(1, 0)), [Objective("logistic", 0.01)],
            tolerance=1e-4,
        )[0]
        for k in range(LABELS)
    ]  # fmt: skip
    assert found.value == sum(one.value for one in alone)
    assert found.excess_bound == sum(one.excess_bound for one in alone)
    assert found.passes == sum(one.passes for one in alone)
    np.testing.assert_array_equal(
        found.parameters.weights, np.hstack([one.parameters.weights for one in alone])
    )


def test_a_label_that_a_plane_separates_leaves_no_minimum() -> None:
    data = material(2)
    Y = data.targets.copy()
    Y[:, 2] = data.X[:, 0] > 0.1
    (found,) = minimise(Dataset(data.X, Y), [Objective("multilabel")])
    assert found.reason == "no_minimum"
    assert found.excess_bound == math.inf or found.excess_bound >= 0
    assert found.direction is not None
    assert found.direction.weights[:, [0, 1, 3]].any() == np.False_
    margins = np.where(Y[:, 2] == 1, 1, -1) * found.direction.scores(data.X)[:, 2]
    assert margins.min() >= -1e-6
    assert margins.max() > 0


def test_a_label_that_all_have_or_none_is_refused() -> None:
    data = material()
    for value, words in ((0, "none"), (1, "all")):
        Y = data.targets.copy()
        Y[:, 1] = value
        with pytest.raises(InputError, match=f"{words} of the examples that count have the label"):
            minimise(Dataset(data.X, Y, classes=list("abcd")), [Objective("multilabel", 0.1)])
    by = np.where(data.targets[:, 3] == 1, 1.0, 0.0)
    with pytest.raises(InputError, match="all of the examples that count have the label 'd'"):
        minimise(data, [Objective("multilabel", 0.1)], weights=[by])


def test_bounds_that_are_told_hold_for_the_whole() -> None:
    told: list[tuple[int, float]] = []
    (found,) = minimise(
        material(), [Objective("multilabel", 0.1)], tolerance=1e-6,
        watch=lambda passes, bounds: told.append((passes, bounds[0])),
    )  # fmt: skip
    assert [passes for passes, _ in told] == list(range(1, found.passes + 1))
    assert told[0][1] == math.inf
    assert found.excess_bound / found.value <= told[-1][1] <= 1e-6


def test_stopped_and_out_of_passes() -> None:
    stop = threading.Event()
    stop.set()
    (found,) = minimise(material(), [Objective("multilabel", 0.1)], stop=stop)
    assert (found.reason, found.passes) == ("interrupted", 0)
    (found,) = minimise(material(), [Objective("multilabel", 1e-6)], max_passes=1)
    assert found.reason == "passes"


def test_models_and_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="multilabel ones take a matrix of labels"):
        minimise(material(), [Objective("softmax", 0.1)])
    with pytest.raises(InputError, match="multilabel ones take a matrix of labels"):
        minimise(Dataset(np.eye(2), [0, 1]), [Objective("multilabel", 0.1)])


def test_a_run_is_told_how_far_it_ended_from_it() -> None:
    data = material()
    config = TrainConfig(model="multilabel", l2=0.01, max_epochs=3, optimum=True, learning_rate=0.1)
    result = train(data, None, config)
    assert result.minimum is not None
    assert result.minimum.reason == "certified"
    own = config.objective.value(result.parameters, data.X, data.targets)
    assert result.minimum.excess == pytest.approx(own - result.minimum.value, abs=1e-5)
    assert own - result.minimum.value > 0
