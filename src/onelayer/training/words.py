"""How a run makes its steps, in words for people."""

from __future__ import annotations

from onelayer.training.config import TrainConfig
from onelayer.words import number_of


def length_in_words(config: TrainConfig) -> str:
    """Return when a run ends at the latest."""
    steps = "" if config.max_steps is None else f" and {number_of(config.max_steps, 'step')}"
    return f"at most {number_of(config.max_epochs, 'epoch')}{steps}"


def steps_in_words(config: TrainConfig) -> list[str]:
    """Return what sets the steps of a run apart from plain gradient descent from zeros."""
    said = []
    if config.momentum:
        said.append(f"{'Nesterov momentum' if config.nesterov else 'momentum'} {config.momentum:g}")
    if config.warmup_steps:
        said.append(f"{config.warmup_steps:,} steps of warm-up")
    if config.schedule is not None:
        said.append(f"schedule {config.schedule}")
    if config.averaging is not None:
        said.append(f"averaging {config.averaging}")
    if config.initial_std:
        said.append(f"a random start of standard deviation {config.initial_std:g}")
    return said
