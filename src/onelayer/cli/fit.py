"""`onelayer fit`: train one model on a file, and keep it."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from onelayer.cli import signals
from onelayer.cli.bar import TrainingBar
from onelayer.cli.material import (
    Material,
    Reading,
    check_out,
    read_material,
    what_prediction_needs,
)
from onelayer.cli.progress import fixed, say
from onelayer.errors import OnelayerError
from onelayer.storage import Lock
from onelayer.training import (
    Checkpoint,
    Final,
    OtherTrainingError,
    Schedule,
    StopReason,
    TrainConfig,
    as_classifier,
    train,
    warm_up,
)
from onelayer.training.messages import refuse

WORSE_THAN_EQUAL = 1.1
"""A training loss above that of equal probabilities, ln K, by this factor is no noise."""


def run_fit_command(
    reading: Reading,
    options: dict[str, Any],
    *,
    out: Path,
    threads: int | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the command; see `onelayer fit --help`."""
    out = check_out(out, (".safetensors",), force=force)
    config = train_config(options)
    console = Console(stderr=True, quiet=quiet)
    with console.status(escape(f"Reading {reading.train}")):
        material = read_material(reading, logistic=config.model == "logistic", seed=config.seed)
    with console.status("Loading the kernels; the first use on a machine compiles them"):
        warm_up(material.train, material.validation, [config])
    say(console, _about(material, config))
    steps = Schedule.of(config, material.n_train).max_steps
    needs = what_prediction_needs(material.examples, reading, reading.validation)
    lock = Lock(out.with_name(f".{out.name}.lock"), out)
    # Another command, or the same one on other data, does not take the checkpoint up.
    facts = {"data": needs["data"], "config": config.model_dump(mode="json")}
    checkpoint = Checkpoint(out.with_name(f".{out.name}.checkpoint"), facts)
    state = None
    try:
        state = checkpoint.load({"model": config}).get("model")
    except OtherTrainingError:
        say(console, f"{checkpoint.path}: is of another training, and is replaced.")
    if state is not None:
        say(console, f"Training goes on from step {state.step:,}.")
    with TrainingBar(console, 1, steps) as bar, signals.listening() as stop:
        result = train(
            material.train, material.validation, config, threads, rows=material.rows,
            validation_rows=material.validation_rows, listen=bar, stop=stop, states=[state],
            keep=lambda states: checkpoint.keep({"model": states[0]}, now=stop.is_set())
            if states else None,
        )  # fmt: skip
    if result.stop_reason is StopReason.INTERRUPTED:
        raise OnelayerError(
            f"Interrupted after {result.history.steps:,} steps. No model was written yet; the same "
            "command goes on from there."
        )
    if result.stop_reason is StopReason.DIVERGED:
        checkpoint.remove()
        raise OnelayerError(
            f"Training {result.message}"
            + ("" if reading.scale != "none" else ", or --scale standard")
            + ". No model was written."
        )
    model = as_classifier(
        result, name=out.stem,
        **needs,
    )  # fmt: skip
    model.save(out)
    checkpoint.remove()
    lock.close()
    say(console, f"{result.message[0].upper()}{result.message[1:]}.")
    say(console, _figures(result.final))
    equal = math.log(len(material.train.classes))
    if (result.final.train_loss or 0.0) > WORSE_THAN_EQUAL * equal:
        say(
            console,
            f"Warning: the training loss is above that of equal probabilities, {equal:.4f}: the "
            "steps are too large for these features. Take a smaller --learning-rate, or --scale "
            "standard.",
        )
    say(console, f"Model: {out}")
    if as_json:
        document = {"file": str(out), **model.record}
        json.dump(document, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
        print()


def train_config(options: dict[str, Any]) -> TrainConfig:
    """Return the configuration that the options spell.

    Raises
    ------
    InputError
        That names the option.
    """
    try:
        return TrainConfig.model_validate(options)
    except ValidationError as error:
        raise refuse(error, "options", "") from None


def _about(material: Material, config: TrainConfig) -> str:
    data, classes = material.train, material.train.classes
    positive = f", positive: {classes[0]}" if config.model == "logistic" else ""
    validation = f", {material.n_validation:,} to validate" if material.n_validation else ""
    return (
        f"{material.n_train:,} examples to train{validation}; {data.n_features:,} features, "
        f"{material.scaling}; {len(classes)} classes{positive}."
    )


def _figures(final: Final) -> str:
    text = f"training loss {_shown(final.train_loss)}, accuracy {final.train_accuracy or 0:.2%}"
    if final.val_loss is not None and final.val_accuracy is not None:
        text += f"; validation loss {_shown(final.val_loss)}, accuracy {final.val_accuracy:.2%}"
    return f"The model has {text}."


def _shown(loss: float | None) -> str:
    return "–" if loss is None else fixed(loss)
