from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

from onelayer.data import Scaling, ScalingName, fit_scaling
from onelayer.errors import InputError

KINDS: tuple[ScalingName, ...] = ("standard", "minmax")


def material(n: int = 50) -> np.ndarray:
    X = np.random.default_rng(0).normal(3, 2, (n, 6)) * [1, 1e-3, 1e4, 1, 1, 1]
    X[:, 3] = 0.1  # constant, and not exactly representable
    X[:, 4] = 0
    X[:, 5] *= X[:, 5] > 3
    return X


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_standard_is_that_of_scikit_learn(dtype: str) -> None:
    X = (material() / 1e3).astype(dtype)
    ours = fit_scaling(X, "standard").apply(X.astype(np.float64), np.float64)
    theirs = StandardScaler().fit_transform(X.astype(np.float64))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_minmax_is_that_of_scikit_learn() -> None:
    X = material()
    ours = fit_scaling(X, "minmax").apply(X, np.float64)
    theirs = MinMaxScaler((-1, 1)).fit_transform(X)
    varies = X.min(axis=0) < X.max(axis=0)
    np.testing.assert_allclose(ours[:, varies], theirs[:, varies], rtol=1e-9, atol=1e-9)
    assert not ours[:, ~varies].any()


@pytest.mark.parametrize("kind", ["standard", "minmax"])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_weights_count_as_repeated_rows(kind: Any, form: Any) -> None:
    X = material()
    counts = np.arange(50) % 3
    weighted = fit_scaling(form(X), kind, counts)
    repeated = fit_scaling(form(X.repeat(counts, axis=0)), kind)
    np.testing.assert_allclose(weighted.scale, repeated.scale, rtol=1e-12)
    np.testing.assert_allclose(weighted.offset, repeated.offset, rtol=1e-12, atol=1e-12)


def test_sparse_values_are_divided_alone() -> None:
    X = material()
    stored = sparse.csr_array(X)
    for kind, theirs in (("standard", StandardScaler(with_mean=False)), ("minmax", MaxAbsScaler())):
        scaling = fit_scaling(stored, kind)  # type: ignore[arg-type]
        assert not np.any(scaling.offset)
        varies = X.std(axis=0) > 1e-9
        np.testing.assert_allclose(
            scaling.apply(stored, np.float64).toarray()[:, varies],
            theirs.fit_transform(X)[:, varies],
            rtol=1e-9,
        )


def test_none_leaves_values_as_they_are() -> None:
    assert fit_scaling(material(), "none") == Scaling.identity()


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    X = material(200)
    whole = [fit_scaling(X, kind) for kind in KINDS]
    # By its globals, since the module and the function share a name.
    monkeypatch.setitem(fit_scaling.__globals__, "_VALUES_AT_ONCE", 50)
    for kind, one in zip(KINDS, whole, strict=True):
        blocks = fit_scaling(X, kind)
        np.testing.assert_allclose(blocks.scale, one.scale, rtol=1e-12)
        np.testing.assert_allclose(blocks.offset, one.offset, rtol=1e-9, atol=1e-12)


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(InputError, match="scale: 'robust' was given; allowed: none, standard"):
        fit_scaling(material(), "robust")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_values_too_large_to_scale_are_named(kind: ScalingName, form: Any) -> None:
    X = np.ones((4, 3))
    X[:, 1] = [1e308, -1e308, 1.7e308, -1.7e308]
    if form is sparse.csr_array and kind == "minmax":
        X[:, 1] = [1e-320, 0, 0, 0]  # the largest value can always be divided by but for these
    with pytest.raises(InputError, match=r"scale: .* feature 1 .* another unit"):
        fit_scaling(form(X), kind)
