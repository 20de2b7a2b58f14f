"""Read examples with labels, to compare a trained model with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from onelayer.data.blocks import select_rows
from onelayer.data.files import (
    Examples,
)
from onelayer.engines.cluster import Cluster
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.workflow.as_trained import open_for, read_for
from onelayer.workflow.block_examples import read_blocks
from onelayer.workflow.labels import match_labels
from onelayer.workflow.watch import UNSEEN, Watch
from onelayer.workflow.whole_or_blocks import reads_in_blocks


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
        opened = open_for(classifier, data, memory, cluster, labels=labels, target=target)
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
