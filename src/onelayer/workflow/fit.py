"""Train one model on files, and keep it."""

from __future__ import annotations

from pathlib import Path

from onelayer.errors import Argument, OnelayerError
from onelayer.inference import Classifier
from onelayer.storage import Lock
from onelayer.training import (
    Checkpoint,
    Schedule,
    StopReason,
    TrainConfig,
    TrainResult,
    as_classifier,
    train,
    warm_up,
)
from onelayer.workflow.files import (
    Material,
    TrainingFiles,
    read_material,
    what_prediction_needs,
)
from onelayer.workflow.watch import KERNELS, UNSEEN, Watch


def fit_files(
    files: TrainingFiles,
    config: TrainConfig,
    out: Path,
    *,
    threads: int | None = None,
    watch: Watch = UNSEEN,
) -> tuple[TrainResult, Classifier]:
    """Train a model and write it to a file, which is replaced if it is there.

    Where the process was killed or interrupted, the same call goes on from the last checkpoint,
    which lies beside the model until that is written.

    Returns
    -------
    result : TrainResult
    classifier : Classifier
        As it was saved.

    Raises
    ------
    InputError
        If a file cannot be read, options and data do not fit together, or another process is
        writing the same model.
    OnelayerError
        If training diverged or was interrupted, or the model cannot be written.
    """
    with watch.stage(f"Reading {files.train}"):
        material = read_material(files, logistic=config.model == "logistic", seed=config.seed)
    with watch.stage(KERNELS):
        warm_up(material.train, material.validation, [config])
    watch.say(_about(material, config))
    needs = what_prediction_needs(files, material.examples, str(files.validation or "nothing"))
    # Another call, or the same one on other data, does not take the checkpoint up.
    facts = {"data": needs["data"], "config": config.model_dump(mode="json")}
    with Lock(out.with_name(f".{out.name}.lock"), out):
        checkpoint = Checkpoint(out.with_name(f".{out.name}.checkpoint"), facts)
        result = _train(material, config, checkpoint, threads, watch)
        if result.stop_reason is StopReason.DIVERGED:
            checkpoint.remove()
            advice = (", or ", Argument("scale", "standard")) if files.scale == "none" else ()
            raise OnelayerError(f"Training {result.message}", *advice, ". No model was written.")
        classifier = as_classifier(result, name=out.stem, **needs)
        classifier.save(out)
        checkpoint.remove()
    return result, classifier


def _train(
    material: Material,
    config: TrainConfig,
    checkpoint: Checkpoint,
    threads: int | None,
    watch: Watch,
) -> TrainResult:
    """Train from the checkpoint on, or from the start."""
    if checkpoint.is_of_another:
        watch.say(f"{checkpoint.path}: is of another training, and is replaced.")
    steps = Schedule.of(config, material.n_train).max_steps
    with watch.training(1, steps) as listen, watch.stoppable() as stop:
        how = checkpoint.resume({"model": config}, stop)
        if (state := how["states"][0]) is not None:
            watch.say(f"Training goes on from step {state.step:,}.")
        result = train(
            material.train, material.validation, config, threads, rows=material.rows,
            validation_rows=material.validation_rows, listen=listen, **how,
        )  # fmt: skip
    if result.stop_reason is StopReason.INTERRUPTED:
        raise OnelayerError(
            f"Interrupted after {result.history.steps:,} steps. No model was written yet; the same "
            "command goes on from there."
        )
    return result


def _about(material: Material, config: TrainConfig) -> str:
    data, classes = material.train, material.train.classes
    positive = f", positive: {classes[0]}" if config.model == "logistic" else ""
    validation = f", {material.n_validation:,} to validate" if material.n_validation else ""
    return (
        f"{material.n_train:,} examples to train{validation}; {data.n_features:,} features, "
        f"{material.scaling}; {len(classes)} classes{positive}."
    )
