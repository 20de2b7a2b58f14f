"""Mean and size of features, weighted as models weigh examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from onelayer.data import Dataset, fit_scaling
from onelayer.engines import one_blas_thread
from onelayer.optimum.moments import moments


@pytest.mark.parametrize("is_sparse", [False, True])
def test_moments_are_those_of_the_features(is_sparse: bool) -> None:
    rng = np.random.default_rng(0)
    X = np.round(1000 + 50 * rng.normal(size=(1300, 7))) * (rng.random((1300, 7)) < 0.5)
    X[:, 3] = 7.0
    stored: Any = csr_array(X) if is_sparse else X
    scaling = fit_scaling(stored, "minmax")
    data, rows = Dataset(stored, np.arange(1300) % 2, scaling=scaling), np.arange(5, 1250)
    weights = rng.random((2, 1300))
    weights /= weights[:, rows].mean(axis=1, keepdims=True)
    with one_blas_thread():
        found = moments(data, rows, weights)
        (alone,) = moments(data, rows, weights[1:]).means[:1]
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
