"""Train one model on files, and keep it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from onelayer.errors import Argument, OnelayerError
from onelayer.inference import Classifier
from onelayer.storage import Lock
from onelayer.sweep import Grid
from onelayer.training import (
    Checkpoint,
    ExampleWeights,
    StopReason,
    TrainConfig,
    TrainResult,
    as_classifier,
    train,
    warm_up,
)
from onelayer.training.checks import check_choice
from onelayer.training.draws import refuse_balanced
from onelayer.training.idle import refuse_idle
from onelayer.words import fixed, number_of
from onelayer.workflow.files import TrainingFiles
from onelayer.workflow.order import check_blocks, visiting_blocks
from onelayer.workflow.splits import Splits, rare_class, scored_on, split
from onelayer.workflow.train_grid import planned_steps, suited, train_grid
from onelayer.workflow.training_data import TrainingData, read_training_data, what_prediction_needs
from onelayer.workflow.watch import KERNELS, UNSEEN, Watch
from onelayer.workflow.words import classes_in_words, remarks

FOLDS = 5
"""On which the penalty is chosen where nothing is held out."""


def fit_files(
    files: TrainingFiles,
    config: TrainConfig,
    out: Path,
    *,
    chooses: bool = False,
    threads: int | None = None,
    watch: Watch = UNSEEN,
) -> tuple[TrainResult, Classifier]:
    """Train a model and write it to a file, which is replaced if it is there.

    Where the process was killed or interrupted, the same call goes on from the last checkpoint,
    which lies beside the model until that is written.

    What is chosen on held-out examples, the penalty or the end of early stopping, holds for a last
    training on all examples.

    Parameters
    ----------
    chooses : bool
        Choose the penalty: on the validation examples, or where there are none on folds.

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
    refuse_balanced(files.class_weight, config.examples_per_class)
    check_blocks(files, config)
    data = read_training_data(
        files, config.model, seed=config.seed, window=config.window,
        block_size=config.block_size, watch=watch,
    )  # fmt: skip
    asked = config.model_fields_set
    config = visiting_blocks(config, data)
    refuse_idle(config, asked)
    check_choice(data.train, config)
    planned_steps(data, config)
    splits = _folds(data, config) if chooses and data.validation is None else None
    with watch.stage(KERNELS):
        warm_up(data.train, data.validation, [config], threads)
    watch.say(_about(data, config))
    for remark in remarks(data, config):
        watch.say(*remark)
    on = scored_on(files, None if splits is None else len(splits))
    needs = what_prediction_needs(files, data, on)
    # Another call, or the same one on other data, does not take the checkpoint up.
    facts = {"data": needs["data"], "config": config.model_dump(mode="json")}
    facts |= {"class_weights": data.class_weights, "chooses": chooses}
    with Lock(out.with_name(f".{out.name}.lock"), out):
        checkpoint = Checkpoint(out.with_name(f".{out.name}.checkpoint"), facts)
        if chooses or _stops_on_a_share(config, data):
            result = _choose(data, config, splits, on, checkpoint, threads, watch)
        else:
            result = _train(data, config, checkpoint, threads, watch)
        if result.stop_reason is StopReason.DIVERGED:
            checkpoint.remove()
            scales = files.scale == "none" and not result.penalty_diverges
            advice = (", or ", Argument("scale", "standard")) if scales else ()
            raise OnelayerError(f"Training {result.message}", *advice, ". No model was written.")
        classifier = as_classifier(result, name=out.stem, class_weights=data.class_weights, **needs)
        classifier.save(out)
        checkpoint.remove()
    return result, classifier


def _stops_on_a_share(config: TrainConfig, data: TrainingData) -> bool:
    """Whether examples are held out to say when to stop; the model is then trained on all."""
    return config.early_stopping is not None and data.holds_out


def _folds(data: TrainingData, config: TrainConfig) -> Splits:
    """Return the folds that the penalty is chosen on."""
    targets = data.train.targets
    most = len(targets) if targets.ndim == 2 else int(np.bincount(targets).max())
    folds = min(FOLDS, most)
    return split(data, folds, with_all_classes=config.solver == "optimum")


def _choose(
    data: TrainingData,
    config: TrainConfig,
    splits: Splits | None,
    on: str,
    checkpoint: Checkpoint,
    threads: int | None,
    watch: Watch,
) -> TrainResult:
    """Choose what is to be chosen, and train on all examples."""
    l2 = config.l2 if config.solver == "sgd" else None
    grid = suited(Grid.of(l2, config.learning_rate), config, data)
    if splits is not None and (rare := rare_class(data, len(splits))):
        watch.say(rare)
    scoring = {"scored_on": on}
    chosen = train_grid(data, grid, config, splits, scoring, checkpoint, threads, watch)
    if len(chosen.candidates) > 1:
        watch.say(chosen.summary)
    else:
        watch.say(f"Log loss {fixed(-chosen.best_score)} on {on}; the model is trained on all.")
    return chosen.final


def _train(
    data: TrainingData,
    config: TrainConfig,
    checkpoint: Checkpoint,
    threads: int | None,
    watch: Watch,
) -> TrainResult:
    """Train from the checkpoint on, or from the start."""
    if checkpoint.is_of_another:
        watch.say(f"{checkpoint.path}: is of another training, and is replaced.")
    steps = planned_steps(data, config)
    weights = ExampleWeights(
        None if data.class_factors is None else data.class_factors[data.train.targets]
    )
    with watch.training(1, steps) as listen, watch.stoppable() as stop:
        how = checkpoint.resume({"model": config}, stop)
        if (state := how["states"][0]) is not None:
            watch.say(f"Training goes on from step {state.step:,}.")
        result = train(
            data.train, data.validation, config, threads, rows=data.rows,
            validation_rows=data.validation_rows, weights=[weights], listen=listen, **how,
        )  # fmt: skip
    if result.stop_reason is StopReason.INTERRUPTED:
        raise OnelayerError(
            f"Interrupted after {result.history.steps:,} steps. No model was written yet; the same "
            "command goes on from there."
        )
    return result


def _about(data: TrainingData, config: TrainConfig) -> str:
    validation = f", {data.n_validation:,} to validate" if data.n_validation else ""
    drawn = "" if config.examples_per_class is None else (
        f", {config.examples_per_class:,} of each class drawn (draw {config.draw})"
    )  # fmt: skip
    some = (
        ""
        if config.features is None
        else ", of which {} to before {} are read".format(*config.features)
    )
    return (
        f"{number_of(data.n_train, 'example')} to train{drawn}{validation}; "
        f"{number_of(data.train.n_features, 'feature')}{some}, {data.scaling}; "
        f"{classes_in_words(data, config.model)}."
    )
