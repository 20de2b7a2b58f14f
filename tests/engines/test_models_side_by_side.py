"""Models of one output are trained four at a time, and have the bits that each has alone."""

import numpy as np
import pytest

pytest.importorskip("numba")

from onelayer.data import Dataset
from onelayer.training import ExampleWeights, TrainConfig, train, train_many

RNG = np.random.default_rng(0)
X = np.asarray(RNG.standard_normal((300, 45)), np.float32)
X[7], X[8] = 60, -60  # scores at which the exponential is nothing
DATA = Dataset(X, (RNG.random(300) < 0.4).astype(int))
MASK = RNG.random(300) < 0.7
HALF = ExampleWeights(np.where(MASK, 0.5, 2.0), None)


def config(i: int, **how: object) -> TrainConfig:
    shared = {
        "model": "logistic", "batch_size": 33, "max_epochs": 2, "learning_rate": 0.02 * (i + 1),
        "l2": 0.01 * (i % 3), "penalize_bias": i % 2 == 0,
    }  # fmt: skip
    return TrainConfig.model_validate(shared | how)


def test_four_at_a_time_have_the_bits_of_one() -> None:
    configs = [config(i) for i in range(12)]
    configs[5] = config(5, momentum=0.9)  # by itself: four before it, and four after it
    configs[1] = config(1, averaging="mean")
    configs[3] = config(3, learning_rate=1e9)  # diverges, and leaves the others
    weights = [HALF if i in (0, 10) else ExampleWeights() for i in range(12)]
    many = train_many(DATA, None, configs, 1, weights=weights, engine="compiled")
    for one, own, found in zip(configs, weights, many, strict=True):
        alone = train(DATA, None, one, 1, weights=[own], engine="compiled")
        assert alone.weights.tobytes() == found.weights.tobytes()
        assert alone.bias.tobytes() == found.bias.tobytes()
        assert alone.history == found.history
        assert alone.stop_reason == found.stop_reason
    assert len({found.weights.tobytes() for found in many}) == len(many)


def test_they_agree_with_the_reference() -> None:
    configs = [config(i) for i in range(4)]
    ours, theirs = (
        train_many(DATA, None, configs, 1, engine=name) for name in ("compiled", "reference")
    )
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(one.bias, other.bias, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(one.history.train_loss, other.history.train_loss, rtol=1e-3)
