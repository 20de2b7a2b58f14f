"""Compile, or load from disk, what training will call: a program can say what it waits for."""

from __future__ import annotations

from collections.abc import Sequence

from onelayer.data import Dataset
from onelayer.training.config import TrainConfig
from onelayer.training.loop import train_many


def warm_up(train_set: Dataset, validation_set: Dataset | None, configs: Sequence[TrainConfig]) -> None:
    """Make one step and one evaluation on one example, of each kind that these will make."""
    kinds = {(config.model, config.dtype): config for config in configs}
    few = train_set.first(1)
    for config in kinds.values():
        one = config.model_copy(
            update={"max_epochs": 1, "drop_last": False, "early_stopping": None}
        )
        train_many(few, None if validation_set is None else few, [one], 1)
