"""What is asked of scores, against NumPy: ties, infinities, NaN, and strangers beside them."""

from typing import Any

import numpy as np
import pytest
from kernels_material import from_python

from onelayer.model import LOSSES

nonzeros: Any = pytest.importorskip("onelayer.engines.compiled.nonzeros")
parts: Any = pytest.importorskip("onelayer.engines.compiled.parts")
residuals: Any = pytest.importorskip("onelayer.engines.compiled.residuals")
memory: Any = pytest.importorskip("onelayer.engines.compiled.memory")

count_correct, add_losses = from_python(nonzeros.count_correct), from_python(nonzeros.add_losses)
add_bias, compute_residuals = from_python(residuals.add_bias), from_python(residuals.residuals)

FLOATS = ["float32", "float64"]
OUTPUTS = [1, 2, 3, 10, 16, 17, 40]


def block(dtype: str, models: int, K: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of 60 examples as the product leaves them, with ties and infinities; targets."""
    rng = np.random.default_rng(K)
    lanes = memory.VECTOR_BYTES // np.dtype(dtype).itemsize
    n, width = 60, -(-models * K // lanes) * lanes
    flat: np.ndarray = memory.aligned_zeros((n * width + lanes,), np.dtype(dtype))
    flat[n * width :] = np.nan  # what follows is read, and must not matter
    z = flat[: n * width].reshape(n, width)
    z[:, : models * K] = rng.integers(-3, 3, (n, models * K))
    z[10:20, : models * K] *= 30.5
    z[20:25, 0] = -np.inf
    z[25:30, K - 1] = np.inf
    return z, rng.integers(0, max(2, K), n).astype(np.int32)


def room(count: int, dtype: np.dtype[Any]) -> Any:
    return memory.scratch((0, 0), (0, 0), count, dtype).terms


def count(z: np.ndarray, models: int, K: int, targets: np.ndarray, rows: np.ndarray) -> list[float]:
    no_weights = np.zeros(0)
    return [count_correct(z, m * K, K, targets, rows, no_weights) for m in range(models)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("K", OUTPUTS)
def test_right_predictions(dtype: str, K: int) -> None:
    z, targets = block(dtype, 3, K)
    rows = np.arange(len(z))
    predict = LOSSES["logistic" if K == 1 else "softmax"].predict
    expected = [np.count_nonzero(predict(z[:, m * K : (m + 1) * K]) == targets) for m in range(3)]
    assert count(z, 3, K, targets, rows) == expected
    assert min(expected) > 0
    for i in rows:
        for k in range(max(2, K)):
            right = count(z[i:], 1, K, np.full(len(z), k, np.int32), rows[:1])
            assert right == [predict(z[i : i + 1, :K])[0] == k]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("K", OUTPUTS)
def test_a_model_with_nan_predicts_nothing(dtype: str, K: int) -> None:
    z, targets = block(dtype, 3, K)
    rows = np.arange(len(z))
    before = count(z, 3, K, targets, rows)
    z[:, K + K // 2] = np.nan
    assert count(z, 3, K, targets, rows) == [before[0], 0, before[2]]


def losses(
    z: np.ndarray, models: int, K: int, targets: np.ndarray, weights: np.ndarray | None = None
) -> list[float]:
    """Return the summed losses; the scores stay, and what follows them in memory with them."""
    before, found, rows = z.copy(), np.zeros(models), np.arange(len(targets))
    table = np.zeros((0, len(targets))) if weights is None else weights[None]
    places = np.full(models, -1 if weights is None else 0)
    part = parts.Part(np.zeros((0, 1)), targets, rows, table, places)
    terms = room(len(rows) * models, z.dtype)
    add_losses(z, terms, part, part.targets, np.arange(models), K, rows, found)
    z[...] = before
    return list(found.tolist())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("K", OUTPUTS)
def test_losses_of_single_examples(dtype: str, K: int) -> None:
    z, targets = block(dtype, 3, K)
    values = LOSSES["logistic" if K == 1 else "softmax"].values
    for i in range(len(z)):
        with np.errstate(invalid="ignore"):  # an infinite score is the loss inf or NaN
            expected = [values(z[i : i + 1, m * K : m * K + K], targets[i:])[0] for m in range(3)]
        found = losses(z[i:], 3, K, targets[i : i + 1])
        tolerance = 1e-6 if dtype == "float32" else 1e-14
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("K", [1, 3, 17])
def test_weights_count(dtype: str, K: int) -> None:
    z, targets = block(dtype, 1, K)
    z[:, :K] = np.random.default_rng(K).normal(size=(len(z), K))
    weights = np.random.default_rng(0).random(len(z))
    single = [losses(z[i:], 1, K, targets[i : i + 1])[0] for i in range(len(z))]
    assert losses(z, 1, K, targets, weights)[0] == pytest.approx(weights @ single, rel=1e-12)
    right = [count(z[i:], 1, K, targets[i:], np.arange(1))[0] for i in range(len(z))]
    weighted = count_correct(z, 0, K, targets, np.arange(len(z)), weights)
    assert weighted == pytest.approx(weights @ right, rel=1e-12)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("K", OUTPUTS)
def test_a_models_loss_has_the_same_bits_beside_any_other(dtype: str, K: int) -> None:
    z, targets = block(dtype, 4, K)
    z[:, : 4 * K] = np.random.default_rng(K).normal(size=(len(z), 4 * K)) * 5
    alone = [own_block(z, m, K, dtype, targets) for m in range(4)]
    assert losses(z, 4, K, targets) == alone
    z[:, 2 * K] = np.nan
    together = losses(z, 4, K, targets)
    assert np.isnan(together).tolist() == [False, False, True, False]
    assert together[:2] + together[3:] == alone[:2] + alone[3:]


def own_block(z: np.ndarray, m: int, K: int, dtype: str, targets: np.ndarray) -> float:
    own, _ = block(dtype, 1, K)
    own[:, :K] = z[:, m * K : (m + 1) * K]
    return losses(own, 1, K, targets)[0]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("K", OUTPUTS)
def test_residuals(dtype: str, K: int) -> None:
    rng = np.random.default_rng(K)
    n, width = 30, 1 if K == 1 else K + 3  # padded, and no multiple of a vector
    lanes = memory.VECTOR_BYTES // np.dtype(dtype).itemsize
    flat = memory.aligned_zeros((n * width + lanes,), np.dtype(dtype))
    flat[:] = 7
    z = flat[: n * width].reshape(n, width)
    scores = rng.normal(size=(n, K)) * 20
    bias = np.concatenate([rng.normal(size=K), np.full(40, np.nan)]).astype(dtype)[:K]
    z[:, :K] = scores - bias
    targets = rng.integers(0, max(2, K), 50).astype(np.int32)
    rows, weights = rng.permutation(50)[: n - 1], rng.random(50)
    terms = room(n, np.dtype(dtype))

    add_bias(z, n - 1, bias)
    loss = compute_residuals(z, n - 1, K, targets, rows, weights, terms)
    function = LOSSES["logistic" if K == 1 else "softmax"]
    tolerance = 2e-5 if dtype == "float32" else 1e-12
    expected = function.values(scores[: n - 1], targets[rows]) @ weights[rows]
    assert loss == pytest.approx(expected, rel=tolerance)
    np.testing.assert_allclose(
        z[: n - 1, :K], function.residuals(scores[: n - 1], targets[rows]), atol=tolerance
    )
    if K > 1:
        assert not z[: n - 1, K:].any()
        assert (z[n - 1, K:] == 7).all()  # what comes after is left alone
        np.testing.assert_array_equal(z[n - 1, :K], (scores[n - 1] - bias).astype(dtype))
