"""Data on which it is known what a penalty does."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onelayer.data import Dataset
from onelayer.training import TrainConfig


def hidden(n: int, seed: int, n_classes: int = 3) -> Dataset:
    """Classes that show once a loud common part is taken off: weak penalties alone can do it.

    The first half of the features is the class and a loud noise, the second the noise alone. The
    means of the classes say nothing of the second, and these are all that a strong penalty leaves.
    """
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    loud = rng.normal(size=(n, n_classes)) * 2
    signal = np.eye(n_classes)[y] + 0.4 * rng.normal(size=(n, n_classes))
    return Dataset(np.hstack([signal + loud, loud]), y, range(n_classes))


def plain(n: int, seed: int, n_classes: int = 3, spread: float = 1.0) -> Dataset:
    """Round clouds of equal size: the means of the classes say all, whatever the penalty."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = 2 * np.eye(n_classes)[y] - 2 / n_classes + spread * rng.normal(size=(n, n_classes))
    return Dataset(X, y, range(n_classes))


def sweep(l2s: Sequence[float], **options: Any) -> dict[str, TrainConfig]:
    """Runs that differ in λ alone, by names that say it."""
    return {f"l2={l2:g}": TrainConfig(l2=l2, **options) for l2 in l2s}
