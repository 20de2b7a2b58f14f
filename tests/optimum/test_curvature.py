"""The estimated curvature: what a sample says by chance, and a zero of the features an output."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from onelayer.data import Dataset
from onelayer.model import Objective
from onelayer.optimum import minimise, preconditioner
from onelayer.optimum.shrinkage import shrunk


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_a_sample_is_moved_towards_what_all_examples_say(scale: float) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 60))
    X[:, 0] *= scale
    truth = np.diag(np.r_[scale**2, np.ones(59)])
    products, sizes = X.T @ X / 120, np.square(X).sum(axis=1)
    found = shrunk(products, sizes, 0.0)
    assert np.square(found - truth).sum() < 0.95 * np.square(products - truth).sum()
    assert np.trace(found) == pytest.approx(np.trace(products))
    if scale == 1:
        assert np.linalg.cond(found) < 1.5
        assert np.linalg.cond(products) > 20
    np.testing.assert_array_equal(shrunk(products, sizes, 1.0), products)


def many_classes() -> Dataset:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, 60)) * 0.4
    y = np.arange(4000) % 40
    return Dataset(centres[y] + rng.normal(size=(4000, 60)), y, classes=range(40))


def test_a_zero_for_each_of_many_outputs_saves_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    data, objective = many_classes(), Objective("softmax", 1e-4)
    (found,) = minimise(data, [objective], tolerance=1e-3)
    monkeypatch.setattr(preconditioner, "MANY_OUTPUTS", 10**9)
    (without,) = minimise(data, [objective], tolerance=1e-3)
    assert found.reason == without.reason == "certified"
    assert found.passes < 0.8 * without.passes
    assert abs(found.value - without.value) <= 1e-3 * found.value


@pytest.mark.usefixtures("little_is_shared")
@pytest.mark.parametrize("penalize_bias", [False, True])
def test_many_outputs_have_the_same_bits_in_company(penalize_bias: bool) -> None:
    data, fold = many_classes(), (np.arange(4000) % 7 != 1).astype(float)
    objectives = [Objective("softmax", l2, penalize_bias) for l2 in (1e-1, 1e-3)] * 2
    weights: list[Any] = [None, None, fold, fold]
    together = minimise(data, objectives, weights=weights, tolerance=1e-3, threads=2)
    for one, objective, own in zip(together, objectives, weights, strict=True):
        (alone,) = minimise(data, [objective], weights=[own], tolerance=1e-3, threads=1)
        assert one.reason == "certified"
        assert alone.parameters.weights.tobytes() == one.parameters.weights.tobytes()
        assert (alone.value, alone.excess_bound, alone.passes) == (
            one.value, one.excess_bound, one.passes,
        )  # fmt: skip
