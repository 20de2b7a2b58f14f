"""Classifiers of every kind, with data that suits them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Scaling
from onelayer.inference import Classifier

Array = NDArray[Any]

DIGITS = (3, 1, 2, 0)
WORDS = ("pear", "apple", "fig")


def scaling_of(scale: Any, offset: Any) -> Scaling:
    return Scaling(scale=scale, offset=offset)


def softmax(
    n_features: int = 5, classes: tuple[Any, ...] = DIGITS, seed: int = 0, **parts: Any
) -> Classifier:
    rng = np.random.default_rng(seed)
    whole: dict[str, Any] = {
        "model": "softmax",
        "weights": rng.normal(size=(n_features, len(classes))).astype(np.float32),
        "bias": rng.normal(size=len(classes)).astype(np.float32),
        "classes": classes,
        "scaling": Scaling(scale=0.5, offset=-1.25),
    }
    return Classifier(**whole | parts)


def logistic(
    n_features: int = 5, classes: tuple[Any, Any] = (7, 4), seed: int = 0, **parts: Any
) -> Classifier:
    rng = np.random.default_rng(seed)
    whole: dict[str, Any] = {
        "model": "logistic",
        "weights": rng.normal(size=(n_features, 1)),
        "bias": rng.normal(size=1),
        "classes": classes,
        "scaling": Scaling(scale=0.5, offset=-1.25),
    }
    return Classifier(**whole | parts)


def told(**parts: Any) -> Classifier:
    """Return a classifier that has every part."""
    return softmax(
        n_features=12,
        image_shape=(2, 2),
        channels=3,
        feature_names=tuple(f"größe {i}" for i in range(12)),
        fill=np.arange(12.0),
        target="Ziffer",
        record={"config": {"learning_rate": 0.1, "early_stopping": None}, "steps": 3},
        data={"source": "digits"},
        **parts,
    )


def raw_rows(n: int = 500, n_features: int = 5, seed: int = 1) -> Array:
    rows: Array = np.random.default_rng(seed).normal(2, 3, (n, n_features))
    return rows
