"""Train a model for each candidate of a grid, on examples that were read from files."""

from __future__ import annotations

from typing import Any

from onelayer.errors import OnelayerError
from onelayer.sweep import Grid, Sample, SweepResult, Task, sweep
from onelayer.training import (
    Checkpoint,
    Schedule,
    StopReason,
    TrainConfig,
)
from onelayer.training.draws import n_drawn
from onelayer.training.idle import refuse_too_late
from onelayer.workflow.splits import Splits
from onelayer.workflow.training_data import TrainingData
from onelayer.workflow.watch import Watch


def suited(grid: Grid, config: TrainConfig, data: TrainingData) -> Grid:
    """Return a grid with penalties that suit the examples, where it has none."""
    held = data.n_validation if data.holds_out else 0
    n = n_drawn(config, data.n_train + held, data.train.n_classes)
    return grid.on(n, data.train.n_classes, config.model)


def planned_steps(data: TrainingData, config: TrainConfig) -> int:
    """Return how many steps the training of a model makes at most.

    Raises
    ------
    InputError
        If something would begin after the last of them.
    """
    n = n_drawn(config, data.n_train, data.train.n_classes)
    steps = Schedule.of(config, n).max_steps
    refuse_too_late(config, steps)
    return steps


def train_grid(
    data: TrainingData,
    grid: Grid,
    config: TrainConfig,
    splits: Splits | None,
    scoring: dict[str, Any],
    checkpoint: Checkpoint,
    threads: int | None,
    watch: Watch,
) -> SweepResult:
    """Train from the checkpoint on, or from the start."""
    if checkpoint.is_of_another:
        watch.say(f"{checkpoint.path}: is of another training, and is replaced.")
    elif checkpoint.path.exists():
        watch.say("Training goes on from the last checkpoint.")
    train = Sample(data.train, rows=data.rows)
    validation = None
    if data.validation is not None:
        validation = Sample(data.validation, rows=data.validation_rows)
    task = Task(train, validation, data.class_factors, weighs_validation=False)
    configs = [config.model_copy(update=options) for options in grid.candidates()]
    steps = planned_steps(data, config)
    try:
        with (
            watch.training(len(configs) * len(splits or [None]), steps) as listen,
            watch.stoppable() as stop,
        ):
            result = sweep(
                task, configs, splits, **scoring,
                threads=threads, listen=listen, checkpoint=checkpoint, stop=stop,
            )  # fmt: skip
        if result.final.stop_reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise OnelayerError(
            "Interrupted. Nothing was written yet; the same command goes on where it was."
        ) from None
    return result
