"""Steps that several threads make together: the bits of one, whoever comes late or fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from onelayer.data import Dataset
from onelayer.engines.compiled.team import Team
from onelayer.training import TrainConfig, TrainResult, train_many

together: Any = pytest.importorskip("onelayer.engines.compiled.together")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(1505, 200)).astype(np.float32)
LABELS = RNG.integers(0, 2, (1505, 3))
HOW: dict[str, dict[str, Any]] = {
    "plain": {"l2": 0.01},
    "one output": {"model": "logistic"},
    "momentum": {"momentum": 0.9, "nesterov": True},
    "an average": {"averaging": "mean"},
    "both": {"momentum": 0.9, "averaging": "exponential", "l2": 0.1, "penalize_bias": True},
    "several labels": {"model": "multilabel"},
    "some features": {"features": (3, 50)},
}


@pytest.fixture(autouse=True)
def all_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share steps that are too short to be worth it, beside any evaluation."""
    monkeypatch.setattr(together, "LEAST_PRODUCTS", 1)
    monkeypatch.setattr(together, "TIMES_EVALUATION", 0)


def trained(threads: int, **options: Any) -> list[TrainResult]:
    """Return two models, whose last batch is short."""
    model = options.get("model", "softmax")
    y = {"logistic": LABELS[:, 0], "multilabel": LABELS, "softmax": LABELS.sum(axis=1)}[model]
    data = Dataset(X, y)
    shared = {"max_epochs": 4, "batch_size": 32} | options
    configs = [TrainConfig(learning_rate=rate, **shared) for rate in (0.1, 0.3)]
    return train_many(data, Dataset(X[:50], y[:50]), configs, threads=threads)


def numbers(results: list[TrainResult]) -> list[Any]:
    """Return all that a training leaves, exactly."""
    return [
        (
            r.weights.tobytes(),
            r.bias.tobytes(),
            r.history.train_loss.tobytes(),
            r.history.evaluations,
        )
        for r in results
    ]


@pytest.mark.parametrize("how", HOW)
def test_the_bits_are_those_of_one_thread(how: str) -> None:
    alone = numbers(trained(1, **HOW[how]))
    assert numbers(trained(3, **HOW[how])) == alone


def test_who_is_alone_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = numbers(trained(3))
    monkeypatch.setattr(Team, "run", lambda _self, job, **_how: job())
    assert numbers(trained(3)) == expected


def test_nobody_waits_for_who_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call deals a job out and fails; the others see it and end."""
    kernel, calls = together.advance_together, iter(range(10**9))

    def fails_once(*given: Any) -> int:
        if next(calls) == 0:
            given[1][0] += 1
            raise MemoryError("no room")
        return int(kernel(*given))

    monkeypatch.setattr(together, "advance_together", fails_once)
    with pytest.raises(MemoryError, match="no room"):
        trained(3)


def calls_in(monkeypatch: pytest.MonkeyPatch, **limits: int) -> int:
    """Return how often threads took part in shared steps, under some limits."""
    kernel, called = together.advance_together, []

    def counted(*given: Any) -> int:
        called.append(given[3])
        return int(kernel(*given))

    with monkeypatch.context() as patch:
        patch.setattr(together, "advance_together", counted)
        for name, value in limits.items():
            patch.setattr(together, name, value)
        assert len(trained(3)) == 2
    assert set(called) <= {6}  # portions
    return len(called)


def test_what_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long steps, beside evaluations that leave threads with nothing to do."""
    assert calls_in(monkeypatch, LEAST_PRODUCTS=2**62) == 0
    beside_none = calls_in(monkeypatch, TIMES_EVALUATION=2**62)  # the first, before any evaluation
    assert 0 < beside_none < calls_in(monkeypatch)
