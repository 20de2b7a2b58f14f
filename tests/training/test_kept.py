"""What a run keeps without validation data: its last finite weights where evaluations are due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pytest
from scipy import sparse

from onelayer.data import Dataset
from onelayer.training import RunState, StopReason, TrainConfig, train_many

pytest.importorskip("numba")

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(120, 8)) * 1e4).astype(np.float32)
Y = RNG.integers(0, 3, 120)
HOW: dict[str, dict[str, Any]] = {
    "rows": {},
    "sparse": {},
    "blocks": {"order": "blocks", "block_size": 60},
    "some features": {"features": (1, 5)},
}


def config(l2: float, **how: Any) -> TrainConfig:
    """Return ten steps an epoch, of which each fifth is followed by a due evaluation."""
    shared = {"batch_size": 12, "max_epochs": 4, "evaluations_per_epoch": 2, "learning_rate": 0.01}
    return TrainConfig.model_validate(shared | {"l2": l2} | how)


@pytest.mark.parametrize("engine", ["compiled", "reference"])
@pytest.mark.parametrize("how", HOW)
def test_a_run_that_diverges_keeps_the_last_finite_weights(
    how: str, engine: Literal["compiled", "reference"]
) -> None:
    data = Dataset(sparse.csr_array(X) if how == "sparse" else X, Y)
    seen: dict[int, bytes] = {}

    def keep(states: Mapping[int, RunState]) -> None:
        seen[states[1].step] = states[1].kept.weights.tobytes()
        assert states[1].copy().kept.weights.tobytes() == seen[states[1].step]

    def after(steps: int, l2: float) -> bytes:
        own = config(l2, max_steps=steps, **HOW[how])
        return train_many(data, None, [own], engine=engine)[0].weights.tobytes()

    def due(steps: int) -> int:
        """Return after which step weights were kept when so many steps were made."""
        return (steps - 2) // 5 * 5 + 1

    pair = [config(1e3, **HOW[how]), config(1e-3, **HOW[how])]
    grown, other = train_many(data, None, pair, engine=engine, keep=keep, threads=2)
    assert (grown.stop_reason, other.stop_reason) == (StopReason.DIVERGED, StopReason.MAX_EPOCHS)
    steps = len(grown.history.train_loss)
    assert 20 < steps < 30
    assert grown.weights.tobytes() == after(due(steps), 1e3)
    assert np.isfinite(grown.weights).all()
    assert other.weights.tobytes() == after(40, 1e-3)
    assert seen.pop(1) == np.zeros((8, 3), np.float32).tobytes()
    for steps in (min(seen), max(seen)):  # an advance may be cut short
        assert seen[steps] == after(due(steps), 1e-3)
