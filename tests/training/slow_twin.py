"""The slow twin: training once more, by its definitions, in plain NumPy and float64.

    python tests/training/slow_twin.py

writes the trajectories of `GOLDEN`, which the tests hold the twin and both engines to.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special
from numpy.typing import NDArray

from onelayer.data import Dataset, load, order_by_law
from onelayer.training import EarlyStopping, TrainConfig

GOLDEN = Path(__file__).parent / "golden_digits.json"

RUNS = {
    "binary": TrainConfig(
        model="logistic", batch_size=16, learning_rate=0.2, max_epochs=60, dtype="float64",
        early_stopping=EarlyStopping(patience=10),
    ),
    "softmax": TrainConfig(
        batch_size=32, learning_rate=0.1, max_epochs=3, l2=0.01, penalize_bias=True,
        drop_last=True, seed=7, dtype="float64",
    ),
}  # fmt: skip


@dataclass
class Twin:
    W: NDArray[np.float64]
    b: NDArray[np.float64]
    train_loss: list[float] = field(default_factory=list)
    rows: list[tuple[int, int, float, float, float, float]] = field(default_factory=list)
    best: int = -1
    reason: str = "max_epochs"


def slow_twin(train_set: Dataset, validation_set: Dataset, c: TrainConfig) -> Twin:
    scaling, n, B = train_set.scaling, train_set.n_examples, c.batch_size
    X = train_set.X.astype(np.float64) * scaling.scale + scaling.offset
    V = validation_set.X.astype(np.float64) * scaling.scale + scaling.offset
    K = 1 if c.model == "logistic" else train_set.n_classes
    Y, U = (np.eye(train_set.n_classes)[d.targets][:, :K] for d in (train_set, validation_set))

    def loss_and_accuracy(Z: Any, T: Any) -> tuple[float, float]:
        if K == 1:
            losses = -(T * scipy.special.log_expit(Z) + (1 - T) * scipy.special.log_expit(-Z))
            return float(losses.mean()), float(np.mean((scipy.special.expit(Z) >= 0.5) == T))
        losses = -(T * scipy.special.log_softmax(Z, axis=1)).sum(axis=1)
        # Classes that no step has seen yet have equal scores but for rounding: the first one wins.
        return float(losses.mean()), float(np.mean(Z.round(12).argmax(1) == T.argmax(1)))

    per_epoch = n // B if c.drop_last else math.ceil(n / B)
    every = max(1, per_epoch // c.evaluations_per_epoch)
    t = Twin(np.zeros((X.shape[1], K)), np.zeros(K))
    W, b, lowest = t.W, t.b, math.inf
    for s in range(per_epoch * c.max_epochs):
        epoch, place = divmod(s, per_epoch)
        batch = order_by_law(c.order, c.seed, epoch, train_set.targets, B)[
            place * B : (place + 1) * B
        ]
        Z = X[batch] @ W + b
        t.train_loss.append(loss_and_accuracy(Z, Y[batch])[0])
        E = Y[batch] - (scipy.special.expit(Z) if K == 1 else scipy.special.softmax(Z, axis=1))
        W = W - c.learning_rate * (-X[batch].T @ E / len(batch) + 2 * c.l2 * W)
        b = b - c.learning_rate * (-E.mean(axis=0) + 2 * c.l2 * c.penalize_bias * b)
        if s % every:
            continue
        val_loss, val_accuracy = loss_and_accuracy(V @ W + b, U)
        norm = math.sqrt((W**2).sum() + c.penalize_bias * (b**2).sum())
        t.rows.append((s, epoch, val_loss, val_accuracy, loss_and_accuracy(X @ W + b, Y)[1], norm))
        stopping = c.early_stopping
        if val_loss < lowest - (stopping.min_delta if stopping else 0):
            lowest, t.best = val_loss, len(t.rows) - 1
            t.W, t.b = W, b
        elif stopping and len(t.rows) - 1 - t.best == stopping.patience:
            t.reason = "patience"
            break
    if not c.early_stopping:
        t.W, t.b = W, b
    return t


def golden_parts(name: str) -> tuple[Dataset, Dataset]:
    """Return the digits that a golden run is trained and validated on."""
    train_set, validation_set = load("digits")
    if name == "binary":
        return train_set.subset_of_classes((2, 3)), validation_set.subset_of_classes((2, 3))
    return train_set, validation_set


def trajectory(name: str) -> dict[str, Any]:
    """Return a run by the twin, as the golden file holds it."""
    twin = asdict(slow_twin(*golden_parts(name), RUNS[name]))
    return {key: np.asarray(part).tolist() for key, part in twin.items()}


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: trajectory(name) for name in RUNS}) + "\n")
