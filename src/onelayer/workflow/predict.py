"""Predict the examples of a file by a trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from onelayer.data.files import (
    formulas,
    write_predictions,
    writing_predictions,
)
from onelayer.engines.cluster import Cluster
from onelayer.errors import Argument, InputError
from onelayer.inference import Classifier
from onelayer.workflow.as_trained import open_for, read_for
from onelayer.workflow.block_examples import beside
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
    opened = open_for(
        classifier, data, memory, cluster, labels=labels, beside=key, need_labels=False
    )
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
