"""Compile, or load from disk, what training will call: a program can say what it waits for."""

from __future__ import annotations

from collections.abc import Sequence

from onelayer.data import Dataset
from onelayer.model import ModelName
from onelayer.threads import available_cores
from onelayer.training.config import TrainConfig
from onelayer.training.loop import train_many


def warm_up(
    train_set: Dataset,
    validation_set: Dataset | None,
    configs: Sequence[TrainConfig],
    threads: int | None = None,
) -> None:
    """Make a step, and an evaluation, for each type of the arithmetic.

    Of as many models as there are, or as threads: fewer are trained by other kernels than more.
    """
    enough = threads or available_cores()
    batch = max(config.batch_size for config in configs)
    few = train_set.first(min(batch, train_set.n_examples))
    model: ModelName = "multilabel" if train_set.has_label_matrix else "softmax"
    kinds: dict[tuple[str, bool], list[TrainConfig]] = {}
    for config in configs:
        features = None
        if config.features is not None and train_set.n_features > 1:
            # As many, which lie otherwise in memory than all; whether they are there is not asked.
            begin, end = config.features
            features = (0, min(end - begin, train_set.n_features - 1))
        own = TrainConfig(
            model=model, max_epochs=1, batch_size=batch, dtype=config.dtype, features=features
        )
        alike = kinds.setdefault((config.dtype, features is not None), [])
        if len(alike) < enough:
            alike.append(own)
    for alike in kinds.values():
        train_many(few, None if validation_set is None else few, alike, threads)
