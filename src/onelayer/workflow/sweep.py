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
from onelayer.sweep import LOG_LOSS, Grid, SweepResult, score_named
from onelayer.training import (
    Checkpoint,
    StopReason,
    TrainConfig,
    as_classifier,
    warm_up,
)
from onelayer.training.checks import check_choice
from onelayer.training.draws import refuse_balanced
from onelayer.training.idle import refuse_idle
from onelayer.training.result import worse_than_equal
from onelayer.words import number_of
from onelayer.workflow.files import TrainingFiles
from onelayer.workflow.order import check_blocks, visiting_blocks
from onelayer.workflow.splits import rare_class, scored_on, split
from onelayer.workflow.sweep_folder import CHECKPOINT, MODEL, PAGE, RESULTS, TABLE, check_folder
from onelayer.workflow.train_grid import planned_steps, suited, train_grid
from onelayer.workflow.training_data import TrainingData, read_training_data, what_prediction_needs
from onelayer.workflow.watch import KERNELS, UNSEEN, Watch
from onelayer.workflow.words import classes_in_words, far_from_minimum, remarks


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
    planned_steps(data, config)
    exact = config.solver == "optimum"
    splits = None if folds is None else split(data, folds, with_all_classes=exact)
    with Folder.lock(out) as folder:
        check_folder(folder, force=force)
        candidates = len(grid.candidates())
        with watch.stage(KERNELS):
            warm_up(data.train, data.validation or data.train, [config] * candidates, threads)
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


def _digest(groups: NDArray[np.int64]) -> str:
    """Return what tells other groups: a checkpoint is of the same folds."""
    return hashlib.sha256(groups.tobytes()).hexdigest()
