"""Sums over all examples: the compiled engine against the reference, alone and in any company."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from onelayer.data import Dataset, fit_scaling
from onelayer.engines import Problem, Source, WeightedRows, open_engine
from onelayer.model import ModelName, Objective, Parameters, Sums

pytest.importorskip("numba")
pytestmark = pytest.mark.usefixtures("little_is_shared")

STORED = ["uint8", "float16", "float32", "float64", "csr"]


def material(stored: str, n: int, n_features: int, n_classes: int) -> Dataset:
    rng = np.random.default_rng(n)
    X = np.clip(rng.normal(100, 60, (n, n_features)), 0, 255)
    X[rng.random(X.shape) < 0.4] = 0
    y = rng.integers(0, n_classes, n)
    kept: Any = csr_array(X) if stored == "csr" else X.astype(stored)
    return Dataset(kept, y, classes=range(n_classes), scaling=fit_scaling(kept, "minmax"))


def problem(data: Dataset, model: ModelName, outputs: int, dtype: str, count: int = 3) -> Problem:
    rng = np.random.default_rng(1)
    weights = [None, rng.random(data.n_examples), rng.integers(0, 2, data.n_examples)][:count]
    rows = np.flatnonzero(rng.random(data.n_examples) < 0.9)
    start = Parameters.zeros(data.n_features, outputs, dtype)
    return Problem(
        WeightedRows.of(data.targets, rows, weights), None, outputs, (Objective(model),) * count,
        (start,) * count,
    )  # fmt: skip


def somewhere(data: Dataset, outputs: int, dtype: str, count: int = 3) -> list[Parameters]:
    rng = np.random.default_rng(2)
    return [
        Parameters(
            (0.1 * rng.normal(size=(data.n_features, outputs))).astype(dtype),
            rng.normal(size=outputs).astype(dtype),
        )
        for _ in range(count)
    ]


def sums(
    engine: Any, data: Dataset, models: list[int], at: list[Parameters], what: Problem, dtype: str,
    threads: int = 2,
) -> list[Sums]:  # fmt: skip
    with open_engine(engine, threads) as opened:
        prepared = opened.prepare(Source(data.X, None, data.scaling, dtype))
        return opened.totals(prepared, what).sums(models, at)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize(
    ("model", "shape"),
    [("softmax", (700, 41, 7)), ("logistic", (300, 9, 2)), ("softmax", (5, 3, 2))],
)
def test_totals_are_those_of_the_reference(
    model: ModelName, shape: tuple[int, int, int], stored: str, dtype: str
) -> None:
    data = material(stored, *shape)
    outputs = 1 if model == "logistic" else shape[2]
    what, at = problem(data, model, outputs, dtype), somewhere(data, outputs, dtype)
    ours = sums("compiled", data, [0, 1, 2], at, what, dtype)
    theirs = sums("reference", data, [0, 1, 2], at, what, dtype)
    rtol, atol = (2e-4, 2e-2) if dtype == "float32" else (1e-10, 1e-9)
    for a, b in zip(ours, theirs, strict=True):
        assert a.count == b.count
        assert a.loss == pytest.approx(b.loss, rel=1e-5 if dtype == "float32" else 1e-12)
        assert a.weights.dtype == np.float64
        assert a.weights.shape == (data.n_features, outputs)
        np.testing.assert_allclose(a.weights, b.weights, rtol=rtol, atol=atol)
        np.testing.assert_allclose(a.bias, b.bias, rtol=rtol, atol=atol)


@pytest.mark.parametrize("stored", ["uint8", "csr"])
@pytest.mark.parametrize(("model", "outputs"), [("softmax", 5), ("logistic", 1)])
def test_a_models_totals_have_the_same_bits_in_any_company(
    model: ModelName, outputs: int, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = material(stored, 4000, 9, max(outputs, 2))  # many pieces of rows to add up
    what, at = problem(data, model, outputs, "float32", 3), somewhere(data, outputs, "float32")
    together = sums("compiled", data, [0, 1, 2], at, what, "float32", 3)
    for m in range(3):
        (alone,) = sums("compiled", data, [m], [at[m]], what, "float32", 1)
        assert alone.loss == together[m].loss
        assert alone.weights.tobytes() == together[m].weights.tobytes()
        assert alone.bias.tobytes() == together[m].bias.tobytes()
    monkeypatch.setattr("onelayer.engines.compiled.totals.MOST_BYTES", 1)  # one at a time
    again = sums("compiled", data, [2, 0], [at[2], at[0]], what, "float32")
    assert again[0].weights.tobytes() == together[2].weights.tobytes()
    assert again[1].weights.tobytes() == together[0].weights.tobytes()
