"""Read the files of a training, whole or block by block."""

from __future__ import annotations

from dataclasses import dataclass

from onelayer.data import Dataset
from onelayer.data.files import Examples, read_examples
from onelayer.data.moments import Moments
from onelayer.errors import Argument, InputError
from onelayer.model import ModelName
from onelayer.workflow.as_model_takes import as_model_takes
from onelayer.workflow.block_examples import read_blocks
from onelayer.workflow.blocks import open_blocks
from onelayer.workflow.files import File, TrainingFiles
from onelayer.workflow.labels import match_labels
from onelayer.workflow.watch import Watch
from onelayer.workflow.whole_or_blocks import reads_in_blocks


@dataclass(frozen=True, eq=False)
class Given:
    """What the training file holds, and what is known of examples that were read in blocks."""

    examples: Examples
    fingerprint: str | None = None
    moments: Moments | None = None


def read_training(files: TrainingFiles, model: ModelName, window: int, watch: Watch) -> Given:
    """Return the examples of the training file."""
    if not reads_in_blocks(files.train, files.memory, files.cluster):
        with watch.stage(f"Reading {files.train}"):
            examples = read_examples(
                files.train, target=files.target, labels=files.labels, size=files.size,
                drop=files.drop, groups=files.groups, gaps=True,
                label_matrix=model == "multilabel",
            )  # fmt: skip
            return Given(examples)
    opened = open_blocks(
        files.train, files.memory, files.cluster,
        labels=files.labels, target=files.target, drop=files.drop,
        beside=[] if files.groups is None else [files.groups], size=files.size,
        impute=files.impute,
    )  # fmt: skip
    opened.check_room(window)
    watch.say(opened.about)
    with watch.reading(f"Reading {files.train}") as told:
        found = read_blocks(opened, told, groups=files.groups, window=window)
    _check_kind(found.examples, model)
    return Given(found.examples, found.fingerprint, found.moments)


def _check_kind(examples: Examples, model: ModelName) -> None:
    """Refuse labels in blocks of another kind than a model takes."""
    assert examples.y is not None
    if (examples.y.ndim == 2) != (model == "multilabel"):
        kind = "a matrix of labels" if examples.y.ndim == 2 else "one label an example"
        raise InputError(
            Argument("model"), f": {model} was given, and {examples.source} has {kind}."
        )


def read_validation(
    files: TrainingFiles, examples: Examples, like: Dataset, watch: Watch
) -> Dataset:
    """Return the examples of a file, read as the training file was."""
    file = files.validation
    assert isinstance(file, File)
    how = examples.reading()
    if reads_in_blocks(file.path, None, files.cluster):
        opened = open_blocks(
            file.path, files.memory, files.cluster, labels=file.labels, usual_target=how["target"],
            features=how["features"], size=files.size, impute=how["fill"] is not None,
        )  # fmt: skip
        opened.check_room()
        watch.say(opened.about)
        with watch.reading(f"Reading {file.path}") as told:
            given = read_blocks(opened, told).examples
    else:
        how |= {"size": files.size, "label_matrix": like.has_label_matrix}
        with watch.stage(f"Reading {file.path}"), as_model_takes():
            given = read_examples(file.path, labels=file.labels, part="test", **how)
    labels = match_labels(given, like.classes)
    return Dataset(given.X, labels, classes=like.classes, scaling=like.scaling)
