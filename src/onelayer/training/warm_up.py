"""Compile, or load from disk, what training will call: a program can say what it waits for."""

from __future__ import annotations

from collections.abc import Sequence

from onelayer.data import Dataset
from onelayer.model import ModelName
from onelayer.training.config import TrainConfig
from onelayer.training.loop import train_many


def warm_up(
    train_set: Dataset, validation_set: Dataset | None, configs: Sequence[TrainConfig]
) -> None:
    """Make a step and an evaluation on two examples, for each type of the arithmetic."""
    few = train_set.first(min(2, train_set.n_examples))  # rows of one would lie side by side
    model: ModelName = "multilabel" if train_set.has_label_matrix else "softmax"
    kinds = dict.fromkeys((config.dtype, config.features is not None) for config in configs)
    for dtype, some in kinds:  # values of some features lie otherwise in memory
        features = (0, 1) if some and train_set.n_features > 1 else None
        config = TrainConfig(model=model, max_epochs=1, dtype=dtype, features=features)
        train_many(few, None if validation_set is None else few, [config], 1)
