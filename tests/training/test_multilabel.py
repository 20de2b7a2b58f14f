"""Multilabel models: K logistic ones in the same batches, on both engines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from training_material import ENGINES, Fit, FitMany, same_bits

from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.training import EarlyStopping, EngineName, ExampleWeights, TrainConfig, train_many

N, FEATURES, LABELS = 130, 19, 6
OPTIONS: dict[str, Any] = {"learning_rate": 0.2, "batch_size": 16, "max_epochs": 4}


def material(n: int, seed: int = 0, kind: str = "float") -> Dataset:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, FEATURES)).astype(np.float32)
    if kind != "float":
        X[rng.random(X.shape) < 0.8] = 0
    Y = X @ np.random.default_rng(9).normal(size=(FEATURES, LABELS)) + rng.normal(
        size=(n, LABELS)
    ) > np.linspace(-2, 2, LABELS)
    return Dataset(csr_array(X) if kind == "csr" else X, Y)


def of_label(data: Dataset, k: int) -> Dataset:
    return Dataset(data.X, data.y[:, k], classes=(1, 0), scaling=data.scaling)


@pytest.mark.parametrize("kind", ["float", "zeros", "csr"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("penalize_bias", [False, True])
def test_it_is_a_logistic_model_for_each_label(
    fit: Fit, kind: str, dtype: str, tolerance: float, penalize_bias: bool
) -> None:
    train_set, validation_set = material(N, kind=kind), material(50, 1, kind)
    more = {"dtype": dtype, "l2": 0.01, "penalize_bias": penalize_bias}
    config = TrainConfig(model="multilabel", **OPTIONS, **more)
    own = ExampleWeights(np.linspace(0.5, 2, N), np.linspace(0, 1, 50))
    for weights in (None, [own]):
        result = fit(train_set, validation_set, config, weights=weights)
        alone = [
            fit(
                of_label(train_set, k), of_label(validation_set, k),
                config.model_copy(update={"model": "logistic"}), weights=weights,
            )
            for k in range(LABELS)
        ]  # fmt: skip
        close = {"rtol": 100 * tolerance, "atol": tolerance}
        np.testing.assert_allclose(result.weights, np.hstack([r.weights for r in alone]), **close)
        np.testing.assert_allclose(result.bias, np.hstack([r.bias for r in alone]), **close)
        losses = np.sum([r.history.train_loss for r in alone], axis=0)
        np.testing.assert_allclose(result.history.train_loss, losses, rtol=tolerance)
        for i, evaluation in enumerate(result.history.evaluations):
            each = [r.history.evaluations[i] for r in alone]
            assert evaluation.val_loss == pytest.approx(sum(e.val_loss for e in each), tolerance)
            norm = np.sqrt(sum(e.weight_norm**2 for e in each))
            assert evaluation.weight_norm == pytest.approx(norm, tolerance)
        predicted = np.asarray(validation_set.X @ result.weights + result.bias) >= 0
        by = None if weights is None else np.linspace(0, 1, 50)
        right = np.average((predicted == validation_set.y).all(axis=1), weights=by)
        last = result.history.evaluations[-1]
        assert last.val_accuracy > 0.1
        if (N // 16 * 4 - 1) == last.step:
            assert last.val_accuracy == pytest.approx(right)
