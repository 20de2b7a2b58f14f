"""Use a trained model on files: predict their examples, or compare with their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from onelayer.data.blocks import select_rows
from onelayer.data.files import (
    Examples,
    formulas,
    read_examples,
    write_predictions,
    writing_predictions,
)
from onelayer.engines.cluster import Cluster
from onelayer.errors import Argument, InputError
from onelayer.inference import Classifier
from onelayer.workflow.as_model_takes import as_model_takes
from onelayer.workflow.block_examples import beside, read_blocks
from onelayer.workflow.blocks import Opened, open_blocks
from onelayer.workflow.labels import match_labels
from onelayer.workflow.watch import UNSEEN, Watch
from onelayer.workflow.whole_or_blocks import reads_in_blocks

_MOST_TEXTS = 50


@dataclass(frozen=True)
class Predicted:
    """What was written.

    Attributes
    ----------
    n : int
        Predictions.
    formulas : list of str
        Text that a spreadsheet would take for a formula, the first of it.
    """

    n: int
    formulas: list[str]


def predict_file(
    classifier: Classifier,
    data: str,
    out: Path,
    *,
    labels: str | None = None,
    key: Sequence[str] = (),
    proba: bool = False,
    memory: int | None = None,
    cluster: Cluster | None = None,
    watch: Watch = UNSEEN,
) -> Predicted:
    """Write the predictions for a file's examples; what is read in blocks is written so too.

    Parameters
    ----------
    labels : str, optional
        A file of labels; they are not used.
    key : sequence of str
        Columns of the data to write in front of the predictions.
    proba : bool
        Add a column with the probability of each class.
    memory : int, optional
        Read the data block by block, with at most about so many bytes of it in memory.
    cluster : Cluster, optional
        Whose workers read it and predict.

    Raises
    ------
    InputError
        If the data cannot be read or does not fit the model.
    OnelayerError
        If the predictions cannot be written.
    """
    if not reads_in_blocks(data, memory, cluster):
        with watch.stage(f"Predicting {data}"):
            examples = read_for(classifier, data, labels, need_labels=False, key=key)
            columns = _predictions(classifier, examples.X, examples.names, proba=proba)
            columns = _behind(examples.keys, columns)
            write_predictions(out, columns)
        return Predicted(examples.n_examples, formulas(out, columns))
    opened = _open(classifier, data, memory, cluster, labels=labels, beside=key, need_labels=False)
    opened.check_room()
    watch.say(opened.about)
    texts: dict[str, None] = {}
    count = len(opened.source.block_lengths)
    with watch.reading(f"Predicting {data}") as told, writing_predictions(out) as file:
        predict = partial(_predictions, classifier, names=None, proba=proba)
        for i, predicted in enumerate(opened.each(predict)):
            keys = beside(opened.source, key, i).to_dict() if key else {}
            columns = _behind(keys, predicted)
            file.write(columns)
            if len(texts) < _MOST_TEXTS:
                texts |= dict.fromkeys(formulas(out, columns))
            told(i + 1, count)
    return Predicted(sum(opened.source.block_lengths), list(texts)[:_MOST_TEXTS])


def _predictions(
    classifier: Classifier, X: Any, names: Sequence[str] | None, *, proba: bool
) -> dict[str, Any]:
    """Return the columns of predictions."""
    columns: dict[str, Any] = {} if names is None else {"name": np.array(names)}
    predicted = classifier.predict(X)
    if predicted.ndim == 2:
        columns |= {str(label): predicted[:, k] for k, label in enumerate(classifier.classes)}
    else:
        columns[classifier.target or "prediction"] = predicted
    if proba:
        probabilities = classifier.predict_proba(X)
        for k, label in enumerate(classifier.classes):
            columns[f"probability of {label}"] = probabilities[:, k]
    return columns


def _behind(keys: Mapping[str, Any], columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of predictions behind those that ride along."""
    both = [name for name in keys if name in columns]
    if both:
        raise InputError(
            Argument("key"), f": the predictions have a column {both[0]!r} of their own; rename "
            "that of the data.",
        )  # fmt: skip
    return {**keys, **columns}


@dataclass(frozen=True, eq=False)
class Labelled:
    """Examples to compare a model with.

    Attributes
    ----------
    X : array, CSR array or BlockMatrix
    y : array
        Labels in the type of the model's classes.
    left_out : int
        How many others there are, which are not of the run that made the model.
    """

    X: Any
    y: Any
    left_out: int


def read_labelled(
    classifier: Classifier,
    data: str,
    *,
    target: str | None = None,
    labels: str | None = None,
    memory: int | None = None,
    cluster: Cluster | None = None,
    watch: Watch = UNSEEN,
) -> Labelled:
    """Return a file's examples, to be compared with a model's predictions.

    Raises
    ------
    InputError
        If they cannot be read or do not fit the model.
    """
    if reads_in_blocks(data, memory, cluster):
        opened = _open(classifier, data, memory, cluster, labels=labels, target=target)
        opened.check_room()
        watch.say(opened.about)
        with watch.reading(f"Reading {data}") as told:
            examples = read_blocks(opened, told).examples
    else:
        with watch.stage(f"Reading {data}"):
            examples = read_for(classifier, data, labels, need_labels=True, target=target)
    examples, left_out = _as_in_study(classifier, examples, data)
    _check_kind(classifier, examples)
    return Labelled(examples.X, match_labels(examples, classifier.classes), left_out)


def _check_kind(classifier: Classifier, examples: Examples) -> None:
    assert examples.y is not None
    if (examples.y.ndim == 2) != (classifier.model == "multilabel"):
        kind = "a matrix of labels" if examples.y.ndim == 2 else "one label an example"
        raise InputError(f"{examples.source}: has {kind}, and the model is {classifier.model}.")


def _as_in_study(classifier: Classifier, examples: Examples, data: str) -> tuple[Examples, int]:
    """Return the examples that a study's run validated on, and how many others there are.

    Those are the first ones of its source, and of its classes. Models that no study made take all.
    """
    origin, labels = classifier.data, examples.y
    if "study" not in origin or labels is None:
        return examples, 0
    n = len(labels)
    if data == origin["source"]:
        n = min(n, origin["validation"])
    known = set(map(str, classifier.classes))
    rows = np.flatnonzero([str(label) in known for label in labels[:n].tolist()])
    if len(rows) == len(labels):
        return examples, 0
    names = None if examples.names is None else tuple(examples.names[i] for i in rows)
    some = replace(examples, X=select_rows(examples.X, rows), y=labels[rows], names=names)
    return some, len(labels) - len(rows)


def read_for(
    classifier: Classifier,
    data: str,
    labels: str | None,
    *,
    need_labels: bool,
    target: str | None = None,
    key: Sequence[str] = (),
) -> Examples:
    """Read a file as the model's training file was read."""
    names = classifier.feature_names
    with as_model_takes():
        return read_examples(
            data,
            target=target or classifier.target,
            labels=labels,
            key=key,
            size=classifier.data.get("size"),
            features=names,
            image_shape=classifier.image_shape,
            channels=classifier.channels if classifier.image_shape else None,
            fill=classifier.fill,
            need_labels=need_labels,
            label_matrix=classifier.model == "multilabel",
            part="test",
        )


def _open(
    classifier: Classifier, data: str, memory: int | None, cluster: Cluster | None, **how: Any
) -> Opened:
    """Open what is read block by block, as the model's training file was read."""
    opened = open_blocks(
        data,
        memory,
        cluster,
        usual_target=classifier.target,
        features=classifier.feature_names,
        **how,
    )
    if opened.source.n_features != classifier.n_features:
        raise InputError(
            f"{data}: has {opened.source.n_features} features, the model {classifier.n_features}; "
            "give data with the model's features."
        )
    return opened
