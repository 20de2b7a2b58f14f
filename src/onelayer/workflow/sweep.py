"""Train a grid of models on files, and keep the table, the best model and a page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.errors import Argument, InputError, OnelayerError
from onelayer.inference import Classifier
from onelayer.json_values import json_value
from onelayer.model import ModelName
from onelayer.storage import Folder
from onelayer.sweep import LOG_LOSS, Grid, Sample, SweepResult, Task, score_named, sweep
from onelayer.training import (
    Checkpoint,
    Schedule,
    StopReason,
    TrainConfig,
    as_classifier,
    warm_up,
)
from onelayer.training.checks import check_choice
from onelayer.training.draws import n_drawn, refuse_balanced
from onelayer.training.idle import refuse_idle, refuse_too_late
from onelayer.training.result import worse_than_equal
from onelayer.words import number_of
from onelayer.workflow.files import TrainingFiles
from onelayer.workflow.order import check_blocks, visiting_blocks
from onelayer.workflow.splits import Splits, rare_class, scored_on, split
from onelayer.workflow.training_data import TrainingData, read_training_data, what_prediction_needs
from onelayer.workflow.watch import KERNELS, UNSEEN, Watch
from onelayer.workflow.words import classes_in_words, far_from_minimum, remarks

TABLE, RESULTS, MODEL, PAGE = "results.csv", "results.json", "model.safetensors", "report.html"
CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True, eq=False)
class FileSweep:
    """What a sweep on files has come to.

    Attributes
    ----------
    data : TrainingData
        What was trained on.
    result : SweepResult
    classifier : Classifier
        The chosen model, as it was saved.
    notes : list of str
        What there is to say beside `SweepResult.summary`.
    """

    data: TrainingData
    result: SweepResult
    classifier: Classifier
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return the content of results.json."""
        best = self.result.best
        return {
            "model": self.classifier.model,
            "best": {"l2": best.l2, "learning_rate": best.learning_rate}
            | ({} if best.features is None else {"features": list(best.features)}),
            "best_score": self.result.best_score,
            "score": self.result.score_name,
            "class_weights": self.data.class_weights
            and dict(zip(map(str, self.data.train.classes), self.data.class_weights, strict=True)),
            "summary": self.result.summary,
            "notes": self.notes,
            "candidates": json_value(self.result.table().to_dicts()),
        }


MakePage = Callable[[FileSweep], str]
"""Returns the page of a sweep."""


def sweep_files(
    files: TrainingFiles,
    grid: Grid,
    config: TrainConfig,
    out: Path,
    *,
    folds: int | None = None,
    score: str = LOG_LOSS,
    threads: int | None = None,
    force: bool = False,
    make_page: MakePage | None = None,
    watch: Watch = UNSEEN,
) -> FileSweep:
    """Train a model for each candidate of a grid, and write a folder.

    Where the process was killed or interrupted, the same call goes on from the last checkpoint.

    Parameters
    ----------
    config : TrainConfig
        All else that the models are trained by.
    out : Path
        The folder; it is made if there is none.
    folds : int, optional
        Score on so many folds of the training examples, in place of the validation examples.
    score : str
        By what the best is chosen; see `onelayer.sweep.score_named`.
    force : bool
        Replace the files of a sweep that is there.
    make_page : function, optional
        Without one no page is written.

    Raises
    ------
    InputError
        If a file cannot be read, options and data do not fit together, or the folder holds
        something else or is in use.
    OnelayerError
        If all candidates diverged, training was interrupted, or something cannot be written.
    """
    if folds is None and files.validation is None:
        raise InputError(
            Argument("validation"), ": a sweep needs examples to choose by; give some, or ",
            Argument("folds"), ".",
        )  # fmt: skip
    if folds:
        files = replace(files, validation=None)
    refuse_balanced(files.class_weight, config.examples_per_class)
    check_blocks(files, config)
    data = read_training_data(
        files, config.model, seed=config.seed, window=config.window,
        block_size=config.block_size, watch=watch,
    )  # fmt: skip
    asked = config.model_fields_set
    config = visiting_blocks(config, data)
    refuse_idle(config, asked)
    chosen_by = score_named(score, data.train.n_classes)
    says_of_edges = bool(grid.l2)
    grid = suited(grid, config, data)
    for options in grid.candidates():
        check_choice(data.train, config.model_copy(update=options))
    exact = config.solver == "optimum"
    splits = None if folds is None else split(data, folds, with_all_classes=exact)
    with Folder.lock(out) as folder:
        _check_folder(folder, force=force)
        with watch.stage(KERNELS):
            warm_up(data.train, data.validation or data.train, [config])
        candidates = len(grid.candidates())
        watch.say(
            f"{number_of(data.examples.n_examples, 'example')}, "
            f"{number_of(data.train.n_features, 'feature')}, {data.scaling}; "
            f"{classes_in_words(data, config.model)}; {number_of(candidates, 'candidate')} of "
            f"{config.model} regression" + (f" on {folds} folds." if folds else ".")
        )
        for remark in remarks(data, config):
            watch.say(*remark)
        if folds and (rare := rare_class(data, folds)):
            watch.say(rare)
        on = scored_on(files, folds)
        needs = what_prediction_needs(files, data, on)
        facts = {
            "data": needs["data"], "folds": folds, "config": config.model_dump(mode="json"),
            "class_weights": data.class_weights,
            "groups": None if data.examples.groups is None else _digest(data.examples.groups),
            "grid": [list(options.values()) for options in grid.candidates()],
        }  # fmt: skip
        checkpoint = Checkpoint(folder.path / CHECKPOINT, facts)
        scoring = {"score": chosen_by, "score_name": score, "scored_on": on}
        result = train_grid(data, grid, config, splits, scoring, checkpoint, threads, watch)
        if not np.isfinite(result.best_score):
            checkpoint.remove()
            raise OnelayerError(f"{result.summary} Nothing was written.")
        classifier = as_classifier(
            result.final, name=out.name, class_weights=data.class_weights, **needs
        )
        notes = _notes(grid, result, of_edges=says_of_edges)
        done = FileSweep(data, result, classifier, notes)
        text = json.dumps(done.as_json(), indent=2, ensure_ascii=False, allow_nan=False)
        written = {
            TABLE: _table(result, config.model).encode(),
            MODEL: classifier.to_bytes(),
            RESULTS: f"{text}\n".encode(),
        }
        if make_page is not None:
            with watch.stage("Writing the report"):
                written[PAGE] = make_page(done).encode()
        folder.commit(written)
        checkpoint.remove()
    return done


def suited(grid: Grid, config: TrainConfig, data: TrainingData) -> Grid:
    """Return a grid with penalties that suit the examples, where it has none."""
    held = data.n_validation if data.holds_out else 0
    n = n_drawn(config, data.n_train + held, data.train.n_classes)
    return grid.on(n, data.train.n_classes, config.model)


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
    steps = Schedule.of(config, n_drawn(config, data.n_train, data.train.n_classes)).max_steps
    refuse_too_late(config, steps)
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


def _table(result: SweepResult, model: ModelName) -> str:
    """Return the candidates as CSV, each with the kind of model that it is."""
    table = result.table().drop("scores")
    return table.insert_column(0, pl.Series("model", [model] * len(table))).write_csv()


def _notes(grid: Grid, result: SweepResult, *, of_edges: bool) -> list[str]:
    """Return what there is to say beside the summary: of the last training, and of the grid."""
    final, n_classes = result.final, result.task.train.data.n_classes
    notes = []
    if of_edges and result.says_of_edges:
        notes = grid.edges((result.best.l2, result.best.learning_rate))
    if final.convergence is not None and not final.convergence.reached:
        notes.append(far_from_minimum(final.stop_reason, final.convergence))
    if final.stop_reason is StopReason.DIVERGED:
        notes.insert(0, f"The training of the chosen model {final.message}.")
    elif worse := worse_than_equal(final.final.train_loss or 0.0, final.config.model, n_classes):
        notes.insert(
            0,
            f"The training loss of the chosen model is {worse}. Take smaller learning rates, or "
            "standard scaling.",
        )
    return notes


def _check_folder(folder: Folder, *, force: bool) -> None:
    """Refuse a folder that holds something else than a sweep, or a sweep that is to stay."""
    path = folder.path
    if not folder.names <= {TABLE, RESULTS, MODEL, PAGE}:
        raise InputError(f"{path}: holds a study; name another folder.")
    foreign = [file.name for file in folder.foreign() if file.name != CHECKPOINT]
    if folder.is_new and foreign:
        raise InputError(
            f"{path}: holds {foreign[0]} and is not the folder of a sweep; name another folder."
        )
    folder.sweep_up()
    if folder.names:
        Checkpoint(path / CHECKPOINT, {}).remove()  # the sweep is done
        if not force:
            raise InputError(
                f"{path}: holds a sweep. Name another folder, or replace it with ",
                Argument("force", "True"), ".",
            )  # fmt: skip
        folder.clear()


def _digest(groups: NDArray[np.int64]) -> str:
    """Return what tells other groups: a checkpoint is of the same folds."""
    return hashlib.sha256(groups.tobytes()).hexdigest()
