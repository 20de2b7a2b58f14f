"""Small data sets with a planted fault, and studies that were really made on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from diagnosis_material import as_strict_json
from numpy.typing import ArrayLike, NDArray

from onelayer.data import Dataset
from onelayer.diagnosis import Context, Finding
from onelayer.study import outcome_in_memory
from onelayer.training import TrainConfig, train_many

Look = Callable[[Context], list[Finding]]


def table(
    n: int = 600, d: int = 6, *, classes: int = 2, seed: int = 0, noise: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Independent normal features, and classes that follow from their sums with some noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    scores = X @ rng.normal(size=(d, classes)) + noise * rng.gumbel(size=(n, classes))
    return X.astype(np.float32), scores.argmax(axis=1)


def context_of(
    X: Any,
    y: ArrayLike,
    n_train: int | None = None,
    *,
    image_shape: tuple[int, int] | None = None,
    classes: int | None = None,
    **options: Any,
) -> Context:
    """A study of one run on the first examples, validated on the rest."""
    labels = np.asarray(y)
    if X.dtype == np.float64:  # one type compiles once
        X = X.astype(np.float32)
    n = round(0.7 * len(labels)) if n_train is None else n_train
    of = range(int(labels.max()) + 1 if classes is None else classes)
    names = None if labels.ndim == 2 else of
    parts = [
        Dataset(X[rows], labels[rows], names, image_shape) for rows in (slice(n), slice(n, None))
    ]
    return context_of_parts(parts[0], parts[1], **options)


def context_of_parts(train: Dataset, validation: Dataset, **options: Any) -> Context:
    model = "multilabel" if train.has_label_matrix else "softmax"
    own: dict[str, Any] = {"model": model, "max_epochs": 5, "batch_size": 32, "learning_rate": 0.1}
    if options.get("solver") == "optimum":
        own = {"model": model, "l2": 1e-2}
    config = TrainConfig(**own | options)
    results = train_many(train, validation, [config], 1)
    outcome, data = outcome_in_memory(train, validation, {"run": results[0]})
    return Context(outcome, data, threads=1)


def only(findings: list[Finding]) -> Finding:
    """The one finding, which can be written and read."""
    (finding,) = findings
    as_strict_json([finding])
    return finding
