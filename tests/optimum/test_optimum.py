"""Minima, and how near they are: against Newton's method in high precision, and a peer."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression

from onelayer.data import Dataset, fit_scaling
from onelayer.errors import InputError
from onelayer.model import ModelName, Objective, Parameters
from onelayer.optimum import ClassMeans, Optimum, excess_bound, minimise

Array = NDArray[Any]
MODELS: tuple[ModelName, ...] = ("logistic", "softmax")


def blobs(n: int = 120, n_features: int = 4, n_classes: int = 3, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    centres = rng.normal(size=(n_classes, n_features))
    X = centres[y] + 1.5 * rng.normal(size=(n, n_features))
    return Dataset(X, y, classes=range(n_classes))


def of(model: ModelName, **how: Any) -> Dataset:
    return blobs(n_classes=2 if model == "logistic" else 3, **how)


def newton(data: Dataset, objective: Objective, weights: Array | None = None) -> float:
    """Return min J by damped Newton steps on the definition, in extended precision at the end."""
    K, F = (1 if objective.model == "logistic" else data.n_classes), data.n_features
    X = np.hstack([data.scaling.apply(np.asarray(data.X), np.float64), np.ones((len(data.y), 1))])
    w = np.ones(len(X)) if weights is None else weights / weights.mean()
    Y = np.eye(data.n_classes)[data.targets][:, :K]
    on = np.full((F + 1, K), objective.l2)
    on[-1] *= objective.penalize_bias

    def value(W: Array) -> Any:
        Z = X.astype(np.longdouble) @ W
        if K == 1:
            losses = np.logaddexp(0, Z) - Y * Z
        else:
            top = Z.max(1, keepdims=True)
            losses = (np.log(np.exp(Z - top).sum(1, keepdims=True)) + top) - (Z * Y).sum(1)[:, None]
        return (w * losses[:, 0]).mean() + (on * W**2).sum()

    W = np.zeros((F + 1, K), np.longdouble)
    for _ in range(200):
        Z = (X @ W).astype(np.float64)
        P = 1 / (1 + np.exp(-Z)) if K == 1 else np.exp(Z - Z.max(1, keepdims=True))
        P = P if K == 1 else P / P.sum(1, keepdims=True)
        gradient = X.T @ (w[:, None] * (P - Y)) / len(X) + 2 * on * W
        H = np.zeros((F + 1, K, F + 1, K))
        for k in range(K):
            for j in range(K):
                h = w * P[:, k] * ((k == j) - P[:, j])
                H[:, k, :, j] = (X * h[:, None]).T @ X / len(X)
        H = H.reshape((F + 1) * K, -1) + np.diag(2 * on.ravel() + 0.0)
        step = np.linalg.lstsq(H, np.asarray(gradient, np.float64).ravel(), rcond=1e-12)[0]
        t, here = 1.0, value(W)
        while value(W - t * step.reshape(W.shape)) > here and t > 1e-6:
            t /= 2
        if t <= 1e-6:
            break
        W = W - t * step.reshape(W.shape)
    return float(value(W))


def excess(found: Optimum, least: float) -> float:
    return found.value - least


@pytest.mark.parametrize("engine", ["reference", "compiled", "newton"])
@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_the_bound_holds_and_is_reached(
    model: ModelName, penalize_bias: bool, engine: Any, request: pytest.FixtureRequest
) -> None:
    data = of(model)
    if engine == "newton":
        engine = "auto"
    else:
        request.getfixturevalue("by_passes")
    objectives = [Objective(model, l2, penalize_bias) for l2 in (1.0, 1e-2, 1e-4)]
    for tolerance in (1e-2, 1e-4, 1e-8):
        found = minimise(data, objectives, tolerance=tolerance, engine=engine)
        for one, objective in zip(found, objectives, strict=True):
            least = newton(data, objective)
            assert one.reason == "certified"
            assert one.excess_bound <= tolerance * one.value
            rounded = 1e-6 * one.value if tolerance > 1e-6 else 1e-14  # values of float32
            assert -rounded <= excess(one, least) <= one.excess_bound + 1e-14
            assert one.value == pytest.approx(
                one.loss + objective.penalty(one.parameters), rel=1e-15
            )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(MODELS), st.booleans(), st.floats(1e-4, 10.0))
def test_the_bound_holds_anywhere(seed: int, model: ModelName, penalized: bool, l2: float) -> None:
    """Not only near the minimum: at any parameters, weights of examples included."""
    data, rng = of(model, n=40, seed=seed), np.random.default_rng(seed)
    K = 1 if model == "logistic" else 3
    weights = rng.random(40) + 0.05
    weights /= weights.mean()
    objective = Objective(model, l2, penalized)
    X, size = data.X, 10.0 ** rng.uniform(-3, 0.5)
    here = Parameters(size * rng.normal(size=(4, K)), size * rng.normal(size=K))
    start = Parameters(np.zeros((4, K)), np.eye(K)[0])
    zero, sums = (objective.sums(p, X, data.targets, weights) for p in (start, here))
    p = 1 / (1 + np.exp(-start.bias)) if K == 1 else np.exp(start.bias) / np.exp(start.bias).sum()
    shares = np.bincount(data.targets, weights) / 40
    means = ClassMeans.of(shares[:K], weights @ X / 40, zero, p)
    of_class = np.eye(data.n_classes)[data.targets][:, :K] * weights[:, None]
    np.testing.assert_allclose(means.by_output, X.T @ of_class / 40, rtol=1e-9, atol=1e-12)
    value = sums.mean_loss + objective.penalty(here)
    bound = excess_bound(objective, here, sums, means)
    assert value - newton(data, objective, weights) <= bound * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("model", MODELS)
def test_it_is_that_of_scikit_learn(model: ModelName) -> None:
    data = of(model, n=200)
    l2 = 0.01
    (found,) = minimise(data, [Objective(model, l2)], tolerance=1e-10)
    theirs = LogisticRegression(C=1 / (2 * l2 * 200), tol=1e-12, max_iter=10_000)
    theirs.fit(data.X, data.y)
    ours = found.parameters.weights
    if model == "logistic":
        np.testing.assert_allclose(-ours[:, 0], theirs.coef_[0], atol=1e-5)
    else:
        np.testing.assert_allclose(ours.T, theirs.coef_, atol=1e-5)


@pytest.mark.usefixtures("little_is_shared", "by_passes")
@pytest.mark.parametrize("stored", ["uint8", "float16", "float32", "float64", "csr"])
@pytest.mark.parametrize("model", MODELS)
def test_all_kinds_of_data_and_any_company(model: ModelName, stored: str) -> None:
    rng = np.random.default_rng(1)
    n, K = 400, 2 if model == "logistic" else 4
    X = np.clip(rng.normal(80, 60, (n, 11)), 0, 255).astype("uint8")
    y = (X[:, :K].argmax(1) + (rng.random(n) < 0.3)) % K
    kept: Any = csr_array(X.astype(float)) if stored == "csr" else X.astype(stored)
    data = Dataset(kept, y, classes=range(K), scaling=fit_scaling(kept, "minmax"))
    folds = [None, (np.arange(n) % 3 != 0).astype(float), rng.random(n)]
    objectives = [Objective(model, l2) for l2 in (1e-3, 1e-2, 1e-4)]
    together = minimise(data, objectives, weights=folds, threads=3)
    for one, objective, weights in zip(together, objectives, folds, strict=True):
        dense = Dataset(X.astype(float), y, classes=range(K), scaling=data.scaling)
        least = newton(dense, objective, weights)
        assert one.reason == "certified"
        assert -1e-6 * least <= excess(one, least) <= 1.01e-6 * one.value
        (alone,) = minimise(data, [objective], weights=[weights], threads=1)
        assert alone.parameters.weights.tobytes() == one.parameters.weights.tobytes()
        assert alone.parameters.bias.tobytes() == one.parameters.bias.tobytes()
        assert (alone.value, alone.excess_bound, alone.passes) == (
            one.value, one.excess_bound, one.passes,
        )  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_without_a_penalty_a_minimum_is_certified_by_its_curvature(model: ModelName) -> None:
    data = of(model, n=300)
    for tolerance in (1e-4, 1e-8):
        (found,) = minimise(data, [Objective(model)], tolerance=tolerance)
        assert found.reason == "certified"
        assert excess(found, newton(data, Objective(model))) <= found.excess_bound
        assert found.excess_bound <= tolerance * found.value


def along(direction: Parameters, data: Dataset, model: ModelName) -> list[float]:
    W, b = direction.weights, direction.bias
    return [
        Objective(model).value(Parameters(c * W, c * b), data.X, data.targets)
        for c in np.array([0.1, 1, 30]) / np.linalg.norm(W)
    ]


@pytest.mark.parametrize("model", MODELS)
def test_classes_that_are_separated_in_part_have_no_minimum(model: ModelName) -> None:
    """A feature that one class alone has: its weight grows for ever, the others stay."""
    data = of(model, n=90)
    mark = (np.arange(90) % 7 == 0) & (data.targets == 0)
    partly = Dataset(np.hstack([data.X, mark[:, None]]), data.y, classes=data.classes)
    (found,) = minimise(partly, [Objective(model)])
    assert found.reason == "no_minimum"
    assert found.direction is not None
    # From anywhere, it lowers J for ever.
    start = Parameters(np.ones_like(found.direction.weights), np.zeros_like(found.direction.bias))
    values = [
        Objective(model).value(
            Parameters(
                start.weights + c * found.direction.weights, start.bias + c * found.direction.bias
            ),
            partly.X, partly.targets,
        )
        for c in (0, 10, 20)
    ]  # fmt: skip
    assert values[0] > values[1] > values[2]
    assert minimise(data, [Objective(model)])[0].direction is None


@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_units_and_zeros_of_features_cost_no_passes(model: ModelName, penalize_bias: bool) -> None:
    """Raw tables are like that: a year beside a share."""
    data = of(model, n=200)
    raw = Dataset(10 + data.X * [0.01, 1.0, 100, 1e4], data.y, classes=data.classes)
    (plain,) = minimise(data, [Objective(model)], tolerance=1e-6)
    (found,) = minimise(raw, [Objective(model)], tolerance=1e-6)
    assert found.reason == plain.reason == "certified"
    assert found.value == pytest.approx(plain.value, rel=3e-6)  # the same function
    assert found.passes <= plain.passes + 10
    (penalized,) = minimise(raw, [Objective(model, 1e-4, penalize_bias)])
    assert penalized.reason == "certified"
    assert penalized.passes < 60


@pytest.mark.parametrize("model", MODELS)
def test_separated_classes_have_no_minimum_and_the_proof_is_given(model: ModelName) -> None:
    data = of(model)
    apart = Dataset(
        np.hstack([data.X, 3.0 * np.eye(data.n_classes)[data.targets]]), data.y,
        classes=data.classes,
    )  # fmt: skip
    (found,) = minimise(apart, [Objective(model)])
    assert found.reason == "no_minimum"
    assert found.excess_bound == math.inf
    assert found.direction is not None
    losses = along(found.direction, apart, model)
    assert losses[0] > losses[1] > losses[2]
    assert losses[2] < 0.01
    # With a penalty there is one.
    assert minimise(apart, [Objective(model, 1e-3)])[0].reason == "certified"


def test_a_model_in_a_stack_does_not_wait_for_another() -> None:
    data = blobs()
    easy, hard = minimise(data, [Objective("softmax", 10.0), Objective("softmax", 1e-6)])
    assert easy.passes < hard.passes


def test_limits_and_interruptions_are_said() -> None:
    data, stop = blobs(), threading.Event()
    (found,) = minimise(data, [Objective("softmax", 1e-4)], max_passes=3)
    assert (found.reason, found.passes) == ("passes", 3)
    assert newton(data, Objective("softmax", 1e-4)) <= found.value

    def watch(passes: int, bounds: Any) -> None:
        assert len(bounds) == 1
        if passes == 2:
            stop.set()

    (found,) = minimise(data, [Objective("softmax", 1e-4)], watch=watch, stop=stop)
    assert (found.reason, found.passes) == ("interrupted", 2)
    assert minimise(data, []) == []


def test_what_cannot_be_minimised_is_refused() -> None:
    with pytest.raises(InputError, match="all be of one model"):
        minimise(blobs(n_classes=2), [Objective("logistic", 1), Objective("softmax", 1)])
    with pytest.raises(InputError, match="needs two classes, there are 3"):
        minimise(blobs(), [Objective("logistic", 1)])
    with pytest.raises(InputError, match="class 2: no example of it counts"):
        minimise(blobs(), [Objective("softmax", 1)], weights=[(blobs().targets != 2).astype(float)])
    with pytest.raises(InputError, match="tolerance: 0 was given"):
        minimise(blobs(), [Objective("softmax", 1)], tolerance=0)


@pytest.mark.parametrize("l2", [0.0, 1e-6])
def test_features_that_vary_in_hardly_any_example(l2: float) -> None:
    """As pixels at an edge do: the sample that curvature is estimated from does not show it."""
    rng = np.random.default_rng(4)
    n, n_features = 9000, 30
    X = rng.normal(size=(n, n_features))
    X[:, 10:20] = -1  # a little in some examples, much in some others, none of the sample
    X[::90, 10:20] += 1e-4 * rng.normal(size=(100, 10))
    X[1::90, 10:20] += rng.normal(size=(100, 10))
    y = (X[:, :5].sum(axis=1) + 2 * rng.normal(size=n) > 0).astype(int)
    (found,) = minimise(Dataset(X, y), [Objective("logistic", l2)], tolerance=1e-6, max_passes=300)
    assert found.reason == "certified"
    assert found.value < 0.6


@pytest.mark.parametrize(
    ("data", "objectives", "message"),
    [
        (np.ones((4, 2)), [Objective("softmax")], "data: a ndarray .* give a Dataset"),
        (blobs(), Objective("softmax"), "objectives: give a list"),
        (blobs(), [Objective("softmax", -0.1)], "objectives: l2 -0.1 .* at least 0"),
    ],
)
def test_what_is_no_data_or_no_objective_is_refused(
    data: Any, objectives: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        minimise(data, objectives)
