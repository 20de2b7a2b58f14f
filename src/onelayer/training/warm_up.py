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
    """Make one step and one evaluation on one example, for each type of the arithmetic."""
    few = train_set.first(1)
    for dtype in dict.fromkeys(config.dtype for config in configs):
        model: ModelName = "multilabel" if train_set.has_label_matrix else "softmax"
        config = TrainConfig(model=model, max_epochs=1, dtype=dtype)
        train_many(few, None if validation_set is None else few, [config], 1)
