"""Newton's steps where parameters are few: derivatives, digits, company, and how few steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from onelayer.data import Dataset, fit_scaling
from onelayer.data.blocks import ArrayBlocks, BlockMatrix
from onelayer.errors import InputError
from onelayer.model import ModelName, Objective
from onelayer.optimum import ClassMeans, excess_bound, minimise
from onelayer.optimum.newton import Newton
from onelayer.optimum.whole import MOST_VALUES, Whole, is_few

Array = NDArray[Any]
KINDS: tuple[tuple[ModelName, int], ...] = (("logistic", 1), ("softmax", 2), ("softmax", 4))


def blobs(classes: int = 3, n: int = 90, size: float = 1.0) -> Dataset:
    rng = np.random.default_rng(classes)
    y = np.arange(n) % classes
    X = size * rng.normal(size=(classes, 5))[y] + rng.normal(size=(n, 5))
    return Dataset(X * [1, 1e3, 1, 1e-3, 1] + [0, 2000, 0, 0, 5], y, classes=range(classes))


def class_means(data: Dataset) -> ClassMeans:
    of_class = np.eye(data.n_classes)[data.targets]
    X = np.asarray(data.X)
    return ClassMeans(X.mean(axis=0), X.T @ of_class / len(X), of_class.mean(axis=0))


@pytest.mark.parametrize(("model", "outputs"), KINDS)
def test_derivatives_are_those_of_the_loss(model: ModelName, outputs: int) -> None:
    data = blobs(max(outputs, 2))
    n, rng = len(data.y), np.random.default_rng(0)
    whole = Whole(data, np.arange(n), outputs)
    counts = rng.random(n)
    V = rng.normal(size=(whole.free, 6))
    point, parameters = whole.evaluate(V, counts / counts.sum()), whole.as_parameters(V)
    objective = Objective(model)
    sums = objective.sums(parameters, data.X, data.targets, counts / counts.mean())
    found = whole.sums(point)
    assert found.mean_loss == pytest.approx(sums.mean_loss, rel=1e-10)
    np.testing.assert_allclose(found.weights, sums.weights, rtol=1e-8, atol=1e-6)
    np.testing.assert_allclose(found.bias, sums.bias, rtol=1e-8, atol=1e-10)

    def gradient(step: Array) -> Array:
        return whole.evaluate(V + step, counts / counts.sum()).gradient

    H = whole.hessian(point, counts / counts.sum())
    for f in range(whole.free):
        for i in range(6):
            step = np.zeros_like(V)
            step[f, i] = 1e-5
            by_differences = (gradient(step) - gradient(-step)) / 2e-5
            np.testing.assert_allclose(H[f, i], by_differences, rtol=1e-5, atol=1e-8)
    penalized = Objective(model, 0.3, penalize_bias=True)
    W, on = np.vstack([parameters.weights, parameters.bias]), whole.penalty(penalized)
    assert (V @ on * V).sum() / 2 == pytest.approx(0.3 * np.square(W).sum(), rel=1e-10)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_losses_of_sure_examples_keep_their_digits(outputs: int) -> None:
    y = np.arange(12) % max(outputs, 2)
    whole = Whole(Dataset(np.eye(max(outputs, 2))[y], y), np.arange(12), outputs)
    away = np.linspace(20, 80, 12)
    for size in away:
        V = np.zeros((whole.free, len(whole.features)))
        targets = np.eye(max(outputs, 2))[y][:, :outputs] * size  # the scores that are wanted
        basis = whole._basis
        V = np.linalg.lstsq(whole.features.T, targets @ basis, rcond=None)[0].T
        scores = basis @ (V @ whole.features)
        if outputs == 1:
            margins = np.where(y == 0, scores[0], -scores[0]).astype(np.longdouble)
            exact = np.log1p(np.exp(-margins))
        else:
            others = (scores - scores[y, np.arange(12)]).astype(np.longdouble)
            others[y, np.arange(12)] = -np.inf
            exact = np.log1p(np.exp(others).sum(axis=0))
        found = whole.evaluate(V, np.full(12, 1 / 12))
        assert found.loss == pytest.approx(float(exact.mean()), rel=1e-11, abs=0)
        assert np.abs(found.gradient).max() > 0


@pytest.mark.usefixtures("little_is_shared")
@pytest.mark.parametrize("penalize_bias", [False, True])
def test_company_and_threads_do_not_change_the_bits(penalize_bias: bool) -> None:
    data = blobs()
    fold = (np.arange(90) % 5 != 1).astype(float)
    penalties = (1e-3, 100.0, 0.1, 1e-9, 1e-3, 1e-40)
    objectives = [Objective("softmax", l2, penalize_bias) for l2 in penalties] * 2
    weights: list[Any] = [None] * len(penalties) + [fold] * len(penalties)
    together = minimise(data, objectives, weights=weights, threads=3, max_passes=60)
    for one, objective, own in zip(together, objectives, weights, strict=True):
        (alone,) = minimise(data, [objective], weights=[own], threads=1, max_passes=60)
        assert alone.parameters.weights.tobytes() == one.parameters.weights.tobytes()
        assert alone.parameters.bias.tobytes() == one.parameters.bias.tobytes()
        assert (alone.value, alone.excess_bound, alone.passes, alone.reason) == (
            one.value, one.excess_bound, one.passes, one.reason,
        )  # fmt: skip


def test_all_kinds_of_data_have_the_same_minimum() -> None:
    rng = np.random.default_rng(1)
    X = np.clip(rng.normal(80, 60, (120, 7)), 0, 255).astype("uint8")
    y = (X[:, :3].argmax(axis=1) + (rng.random(120) < 0.3)) % 3
    sparse, objective = csr_array(X.astype(float)), Objective("softmax", 1e-4)
    scaling = fit_scaling(sparse, "minmax")  # without an offset
    blocks = BlockMatrix(ArrayBlocks(X, None, [50, 70]))
    rows = np.flatnonzero(np.arange(120) % 4)
    found = [
        minimise(Dataset(kept, y, classes=range(3), scaling=scaling), [objective], rows=rows)[0]
        for kept in (X.astype(float), X, sparse, blocks)
    ]
    assert found[0].reason == "certified"
    for one in found[1:]:
        assert one.parameters.weights.tobytes() == found[0].parameters.weights.tobytes()
        assert one.excess_bound == found[0].excess_bound


@pytest.mark.parametrize(("model", "outputs"), KINDS)
def test_weak_penalties_on_nearly_separated_classes_take_few_evaluations(
    model: ModelName, outputs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated, evaluate = [], Whole.evaluate

    def counted(self: Whole, parameters: Array, weights: Array) -> Any:
        evaluated.append(1)
        return evaluate(self, parameters, weights)

    monkeypatch.setattr(Whole, "evaluate", counted)
    data = blobs(max(outputs, 2), size=2.0)
    objectives = [Objective(model, float(l2)) for l2 in np.geomspace(10, 1e-7, 10)]
    found = minimise(data, objectives, tolerance=1e-4)
    assert {one.reason for one in found} == {"certified"}
    assert found[-1].value < 0.02
    assert len(evaluated) < 75  # by passes it took hundreds
    assert len(evaluated) < 0.6 * sum(one.passes for one in found)  # the way is shared


def test_a_step_too_far_is_made_shorter() -> None:
    """Where examples are sure of the wrong class there is hardly any curvature."""
    data, objective = blobs(2), Objective("softmax", 1e-4)
    (best,) = minimise(data, [objective], tolerance=1e-10)
    n = len(data.y)
    whole, counts = Whole(data, np.arange(n), 2), np.full(n, 1 / n)
    uphill = whole.evaluate(np.zeros((1, 6)), counts).gradient
    newton = Newton(whole, counts, objective, whole.evaluate(5 * uphill, counts))
    made = []
    for _ in range(20):
        newton.aim()
        if newton.promised <= 1e-9:
            break
        made.append(newton.move())
        while not made[-1]:
            made.append(newton.move())
            assert not newton.is_stuck
    assert made.count(False) >= 2
    assert newton.value == pytest.approx(best.value, rel=1e-8)


def test_a_mark_that_separates_some_examples() -> None:
    """Under the next penalty its weight grows far."""
    rng = np.random.default_rng(1)
    n = 600
    y = (rng.random(n) < 0.1).astype(int)
    X = rng.normal(size=(n, 3)) + 0.3 * y[:, None]
    X = np.hstack([X, ((np.arange(n) % 9 == 0) & (y == 1))[:, None] * 1.0])
    found = minimise(Dataset(X, y), [Objective("logistic", 10.0**-k) for k in range(1, 15)])
    assert {one.reason for one in found} == {"certified"}
    values = [one.value for one in found]
    assert values == sorted(values, reverse=True)


def test_where_it_is_ended_its_bound_holds() -> None:
    data, objective = blobs(), Objective("softmax", 1e-6)
    (best,) = minimise(data, [objective], tolerance=1e-10)
    for passes in (1, 2, 5, 8):
        (found,) = minimise(data, [objective], max_passes=passes, tolerance=1e-10)
        assert (found.reason, found.passes) == ("passes", passes)
        assert 0 < found.value - best.value <= found.excess_bound
        own = objective.value(found.parameters, data.X, data.targets)
        assert found.value == pytest.approx(own, rel=1e-12)
    for tolerance in (0.5, 0.1, 1e-3):
        (found,) = minimise(data, [objective], tolerance=tolerance)
        assert found.reason == "certified"
        assert found.value - best.value <= found.excess_bound <= tolerance * found.value
        exact = excess_bound(
            objective, found.parameters,
            objective.sums(found.parameters, data.X, data.targets),
            class_means(data),
        )  # fmt: skip
        assert found.excess_bound == pytest.approx(exact, rel=1e-6)
    (found,) = minimise(data, [objective], tolerance=1e-15)  # no number is so near
    assert found.reason in ("precision", "certified")
    assert found.value == pytest.approx(best.value, rel=1e-10)


def test_features_that_say_the_same() -> None:
    """Columns of one-hot codes add up to 1; only the penalty tells weights apart."""
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 3, 120)
    X = np.hstack([np.eye(3)[codes], np.eye(3)[codes][:, :1], np.ones((120, 1))])
    y = (codes + (rng.random(120) < 0.3)) % 3
    for one in minimise(Dataset(X, y), [Objective("softmax", l2) for l2 in (1e-2, 1e-9, 1e-14)]):
        assert one.reason == "certified"
        np.testing.assert_allclose(one.parameters.weights[0], one.parameters.weights[3], rtol=1e-4)
        np.testing.assert_allclose(one.parameters.weights[4], 0, atol=1e-8)


def test_large_tables_are_left_to_passes() -> None:
    assert is_few(4366, 85, 2)
    assert not is_few(20_000, 60, 1)  # a Hessian of all examples costs more than it saves
    assert not is_few(1347, 64, 10)
    assert not is_few(MOST_VALUES, 1, 1)


def test_values_that_float32_cannot_hold_are_refused() -> None:
    data = blobs()
    for size in (1e50, 1e200):
        large = Dataset(data.X * size, data.y)
        with pytest.raises(InputError, match="X: values are so large"), np.errstate(all="ignore"):
            minimise(large, [Objective("softmax", 0.01)])
