"""`onelayer fit`: train one model on a file, and keep it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

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
from onelayer.training import (
    Schedule,
    StopReason,
    TrainConfig,
    TrainResult,
    as_classifier,
    train,
    warm_up,
)
from onelayer.training.messages import refuse


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
        warm_up(material.train, [config])
    say(console, _about(material, config))
    steps = Schedule.of(config, material.n_train).max_steps
    with TrainingBar(console, 1, steps) as bar:
        result = train(
            material.train, material.validation, config, threads, rows=material.rows,
            validation_rows=material.validation_rows, progress=bar.evaluated,
        )  # fmt: skip
    if result.stop_reason is StopReason.DIVERGED:
        raise OnelayerError(
            f"Training {result.message}"
            + ("" if reading.scale != "none" else ", or --scale standard")
            + ". No model was written."
        )
    model = as_classifier(
        result, material.train, material.n_validation,
        **what_prediction_needs(material.examples, reading, reading.validation),
    )  # fmt: skip
    model.save(out)
    say(console, f"{result.message[0].upper()}{result.message[1:]}.")
    if result.last is not None:
        say(console, _figures(result))
    say(console, f"Model: {out}")
    if as_json:
        document = {"model": str(out), **model.training, "config": model.config}
        json.dump(document, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
        print()
    if result.stop_reason is StopReason.INTERRUPTED:
        raise OnelayerError(f"Interrupted: the model as it was then is kept in {out}.")


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


def _figures(result: TrainResult) -> str:
    which, kept = "Last", result.last
    if result.config.early_stopping:
        which, kept = "Best", result.best
    assert kept is not None
    return (
        f"{which} evaluation, at step {kept.step:,}: validation loss {fixed(kept.val_loss)}, "
        f"validation accuracy {kept.val_accuracy:.2%}, training accuracy "
        f"{kept.train_accuracy:.2%}."
    )
