"""Mean and size of features, weighted as models weigh examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from onelayer.data import Dataset, Scaling, fit_scaling
from onelayer.engines import EngineName, one_blas_thread, open_engine, power_sums
from onelayer.optimum.moments import moments

ENGINES: list[EngineName] = ["compiled", "reference"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("is_sparse", [False, True])
def test_moments_are_those_of_the_features(is_sparse: bool, engine: EngineName) -> None:
    rng = np.random.default_rng(0)
    X = np.round(1000 + 50 * rng.normal(size=(1300, 7))) * (rng.random((1300, 7)) < 0.5)
    X[:, 3] = 7.0
    stored: Any = csr_array(X) if is_sparse else X
    scaling = fit_scaling(stored, "minmax")
    data, rows = Dataset(stored, np.arange(1300) % 2, scaling=scaling), np.arange(5, 1250)
    weights = rng.random((2, 1300))
    weights /= weights[:, rows].mean(axis=1, keepdims=True)
    with one_blas_thread(), open_engine(engine, 1) as opened:
        found = moments(data, rows, weights, opened.power_sums)
        (alone,) = moments(data, rows, weights[1:], opened.power_sums).means[:1]
    features = scaling.apply(X, np.dtype(np.float64))
    own = features[rows]
    np.testing.assert_allclose(found.means[2], own.mean(axis=0), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.means[:2], weights[:, rows] @ own / len(rows), rtol=1e-12)
    if is_sparse:
        assert not found.centre.any()
        np.testing.assert_allclose(found.size, np.sqrt(np.square(own).mean(axis=0)), rtol=1e-12)
    else:
        np.testing.assert_allclose(found.centre, own.mean(axis=0), rtol=1e-12, atol=1e-15)
        varies = np.arange(7) != 3
        np.testing.assert_allclose(found.size[varies], own.std(axis=0)[varies], rtol=1e-12)
        assert found.size[3] == 1
    assert alone.tobytes() == found.means[1].tobytes()


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
@pytest.mark.parametrize("columns", [slice(0, 1), slice(0, 31), slice(3, 30)])
def test_compiled_sums_are_those_of_numpy(dtype: str, columns: slice) -> None:
    """Exact ones, so that their order is of no account: of whole numbers, shifted by one."""
    rng = np.random.default_rng(1)
    X = rng.integers(0, 100, (50, 31)).astype(dtype)[:, columns]
    scaling = Scaling(2.0, -7.0)
    shift = rng.integers(0, 9, X.shape[1]).astype(float)
    weights = rng.integers(0, 3, 50).astype(float)
    with open_engine("compiled", 1) as opened:
        found = opened.power_sums(scaling, shift, X, weights)
    for own, expected in zip(found, power_sums(scaling, shift, X, weights), strict=True):
        np.testing.assert_array_equal(own, expected)


def test_what_never_varies_has_no_size() -> None:
    X = np.full((700, 3), [0.1, 1e8 / 3, 0.0])
    data = Dataset(X, np.arange(700) % 2, scaling=Scaling(np.full(3, 0.3), np.full(3, -0.03)))
    with open_engine("compiled", 1) as opened:
        found = moments(data, np.arange(700), (), opened.power_sums)
    assert found.size.tolist() == [1, 1, 1]
