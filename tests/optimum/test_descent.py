"""Many penalties share the way down to the small ones, and stay what they are alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from onelayer.data import Dataset
from onelayer.engines.compiled.totals import CompiledTotals
from onelayer.errors import InputError
from onelayer.model import Objective
from onelayer.optimum import minimise
from onelayer.optimum.lbfgs import Search

pytestmark = pytest.mark.usefixtures("by_passes")

PENALTIES = (1e-3, 100.0, 0.1, 1e-9, 1e-2, 1e-3)


def blobs(seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    y = np.arange(300) % 3
    X = rng.normal(size=(3, 12))[y] + 1.5 * rng.normal(size=(300, 12))
    return Dataset(X, y, classes=range(3))


@pytest.mark.parametrize("penalize_bias", [False, True])
def test_company_does_not_change_the_bits(penalize_bias: bool) -> None:
    data, fold = blobs(), (np.arange(300) % 5 != 1).astype(float)
    objectives = [Objective("softmax", l2, penalize_bias) for l2 in PENALTIES] * 2
    weights: list[Any] = [None] * len(PENALTIES) + [fold] * len(PENALTIES)
    together = minimise(data, objectives, weights=weights)
    for one, objective, own in zip(together, objectives, weights, strict=True):
        (alone,) = minimise(data, [objective], weights=[own], threads=1)
        assert one.reason == "certified"
        assert alone.parameters.weights.tobytes() == one.parameters.weights.tobytes()
        assert (alone.value, alone.excess_bound, alone.passes) == (
            one.value, one.excess_bound, one.passes,
        )  # fmt: skip


def test_what_is_shared_is_not_evaluated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated, sums = [], CompiledTotals.sums

    def counted(self: CompiledTotals, models: Any, at: Any) -> Any:
        evaluated.append(len(models))
        return sums(self, models, at)

    monkeypatch.setattr(CompiledTotals, "sums", counted)
    objectives = [Objective("softmax", float(l2)) for l2 in np.geomspace(1e-1, 1e-4, 10)]
    found = minimise(blobs(), objectives, engine="compiled")
    assert sum(evaluated) < 0.8 * sum(one.passes for one in found)


def test_an_added_quadratic_is_as_if_it_had_always_been_there() -> None:
    rng = np.random.default_rng(1)
    H, b, added = np.diag([1.0, 3.0, 10.0]), rng.normal(size=(3, 1)), np.array([[2.0], [0.5], [0]])

    def told(search: Search, more: Any) -> None:
        w = search.next_trial("float64")
        value = float((w * (H @ w) + more * w * w).sum() / 2 - (b * w).sum())
        search.told(value, H @ w + more * w - b)

    plain = Search(rng.normal(size=(3, 1)), lambda gradients: gradients, 1e-14)
    for _ in range(4):
        told(plain, 0.0)
    plain.add_quadratic(added)
    at, value = plain.point, plain.value
    assert value == pytest.approx(
        float((at * (H @ at) + added * at * at).sum() / 2 - (b * at).sum()), rel=1e-12
    )
    np.testing.assert_allclose(plain.gradient, H @ at + added * at - b, rtol=1e-12, atol=1e-12)
    other = plain.branch()
    for _ in range(40):
        told(other, added)
    np.testing.assert_allclose((H + np.diag(added[:, 0])) @ other.point, b, atol=1e-6)
    assert plain.value == value  # the branch went its own way


@pytest.mark.parametrize("size", [1e50, 1e200])
def test_values_beyond_the_arithmetic_are_refused(size: float) -> None:
    data = blobs()
    large = Dataset(data.X * size, data.y, classes=range(3))
    with pytest.raises(InputError, match="X: values are so large"), np.errstate(all="ignore"):
        minimise(large, [Objective("softmax", 0.01)])
