"""The order of examples that are read block by block."""

from __future__ import annotations

from onelayer.training import TrainConfig
from onelayer.training.checks import refuse_order
from onelayer.workflow.files import TrainingFiles
from onelayer.workflow.training_data import TrainingData
from onelayer.workflow.whole_or_blocks import reads_in_blocks


def check_blocks(files: TrainingFiles, config: TrainConfig) -> None:
    """Refuse another order for what will be read block by block, before it is read.

    Raises
    ------
    InputError
    """
    if _was_asked(config) and (
        files.cluster is not None or reads_in_blocks(files.train, files.memory)
    ):
        refuse_order(config)


def visiting_blocks(config: TrainConfig, data: TrainingData) -> TrainConfig:
    """Return options with the order blocks, where examples are read so and none was asked for."""
    if data.is_in_blocks and not _was_asked(config):
        return config.model_copy(update={"order": "blocks"})
    return config


def _was_asked(config: TrainConfig) -> bool:
    """Whether the order of the examples was chosen, and is not the default."""
    return config.order != "blocks" and not config.model_fields_set.isdisjoint({"order", "shuffle"})
