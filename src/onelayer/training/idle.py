"""Options that say nothing beside the others: whoever sets one expects something else."""

from __future__ import annotations

from collections.abc import Iterable

from onelayer.errors import Argument, InputError
from onelayer.training.config import TrainConfig
from onelayer.training.options import option_of

_OF_BLOCKS = ("window", "block_size")


def why_idle(config: TrainConfig, name: str) -> str | None:
    """Return why an option has no effect in a configuration; None where it may have one.

    Blocks have a size on a cluster whatever the solver is.
    """
    steps = config.solver == "sgd"
    if not steps and option_of(TrainConfig, name).of_steps and name != "block_size":
        return "the optimum is found without steps"
    if name in _OF_BLOCKS and steps and config.order != "blocks":
        return f"the order is {config.order}, and only that of blocks has any"
    if name == "tolerance" and not config.seeks_minimum:
        return "it is of a search for the minimum, and none is asked for"
    if name == "seed" and not _has_chance(config):
        return "chance has no part in such a run"
    return None


def _has_chance(config: TrainConfig) -> bool:
    shuffles = config.order not in ("file", "class")
    return config.solver == "sgd" and (shuffles or config.initial_std > 0)


def without_idle(config: TrainConfig) -> TrainConfig:
    """Return the configuration with defaults in what has no effect; the seed stays."""
    fields = TrainConfig.model_fields
    idle = {n: f.default for n, f in fields.items() if n != "seed" and why_idle(config, n)}
    return config.model_copy(update=idle) if idle else config


def refuse_idle(config: TrainConfig, given: Iterable[str]) -> None:
    """Refuse options that were given and have no effect; the seed also draws what is held out.

    Raises
    ------
    InputError
        That names the first of them.
    """
    for name in given:
        if name != "seed" and (why := why_idle(config, name)):
            raise InputError(Argument(name), f": has no effect: {why}. Leave it out.")


def refuse_too_late(config: TrainConfig, steps: int) -> None:
    """Refuse what would begin after the last of a run's steps.

    That is averaging, the end of a warm-up, or the first fall of a rate.

    Raises
    ------
    InputError
        That names the option.
    """
    averaging, schedule = config.averaging, config.schedule
    if config.solver == "optimum":
        return
    if averaging is not None and (averaging.start or 0) >= steps:
        raise InputError(
            Argument("averaging"), f": the start, {averaging.start:,}, is after the last of the "
            f"run's {steps:,} steps: nothing would be averaged. Take an earlier one.",
        )  # fmt: skip
    if config.warmup_steps >= steps:
        raise InputError(
            Argument("warmup_steps"), f": {config.warmup_steps:,} was given, and the run has "
            f"{steps:,} steps: the rate would never reach {config.learning_rate:g}. Take fewer, or "
            "a longer run.",
        )  # fmt: skip
    if schedule is not None and schedule.kind == "step" and (schedule.every or 0) >= steps:
        raise InputError(
            Argument("schedule"), f": every {schedule.every:,} steps, and the run has {steps:,}: "
            "the rate would never fall. Take fewer.",
        )  # fmt: skip
