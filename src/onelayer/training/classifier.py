"""A training result as a model that can be used and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from onelayer.data import Dataset
from onelayer.inference import Classifier
from onelayer.training.history import Evaluation
from onelayer.training.result import TrainResult


def as_classifier(
    result: TrainResult,
    train_set: Dataset,
    n_validation: int,
    *,
    training: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    **more: Any,
) -> Classifier:
    """Return what was trained as a classifier for raw values.

    Parameters
    ----------
    train_set : Dataset
        What it was trained on, for classes, scaling and the shape of grey images.
    n_validation : int
        The number of validation examples.
    training : mapping, optional
        What else to say of the training; it comes before what `summary` says.
    data : mapping, optional
        Where the data came from.
    **more
        Other parts of a `Classifier`: feature_names, fill, target, image_shape, channels.
    """
    shape = train_set.image_shape
    image = {
        "image_shape": shape,
        "channels": train_set.n_features // (shape[0] * shape[1]) if shape else 1,
    }
    return Classifier(
        model=result.config.model,
        weights=result.weights,
        bias=result.bias,
        classes=train_set.classes,
        scaling=train_set.scaling,
        config=result.config.model_dump(mode="json"),
        training={**(training or {}), **summary(result, train_set.n_examples, n_validation)},
        data=data or {},
        **(image | more),
    )


def summary(result: TrainResult, n_train: int, n_validation: int) -> dict[str, Any]:
    """Return how training went, as plain JSON values."""
    return {
        "n_train": n_train,
        "n_validation": n_validation,
        "steps": result.history.steps,
        "batches_per_epoch": result.history.batches_per_epoch,
        "evaluations": len(result.history.evaluations),
        "stop_reason": str(result.stop_reason),
        "message": result.message,
        "best": _finite(result.best),
        "last": _finite(result.last),
    }


def _finite(evaluation: Evaluation | None) -> dict[str, float | None] | None:
    """Return an evaluation for JSON, which knows neither NaN nor infinity: they become null."""
    if evaluation is None:
        return None
    return {k: v if np.isfinite(v) else None for k, v in asdict(evaluation).items()}
