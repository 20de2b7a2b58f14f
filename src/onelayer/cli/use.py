"""`onelayer predict` and `onelayer evaluate`: a model file, used on other files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from onelayer.cli.measured import print_label_metrics, print_metrics
from onelayer.cli.out import check_out
from onelayer.cli.progress import say
from onelayer.cli.terminal import Terminal, print_json
from onelayer.data.files import Examples, formulas, read_examples, write_predictions
from onelayer.errors import Argument, InputError
from onelayer.inference import Classifier
from onelayer.inference.top_k import check_k
from onelayer.words import first_few
from onelayer.workflow.files import match_labels


def run_predict_command(
    model: Path,
    data: str,
    *,
    labels: str | None,
    key: list[str],
    out: Path,
    proba: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Run the command; see `onelayer predict --help`."""
    out = check_out(out, (".csv", ".parquet"), force=force)
    console = Terminal(quiet=quiet)
    classifier = Classifier.load(model)
    with console.status(f"Predicting {data}"):
        examples = read_for(classifier, data, labels, need_labels=False, key=key)
        columns: dict[str, Any] = {}
        if examples.names is not None:
            columns["name"] = np.array(examples.names)
        predicted = classifier.predict(examples.X)
        if predicted.ndim == 2:
            columns |= {str(label): predicted[:, k] for k, label in enumerate(classifier.classes)}
        else:
            columns[classifier.target or "prediction"] = predicted
        if proba:
            probabilities = classifier.predict_proba(examples.X)
            for k, label in enumerate(classifier.classes):
                columns[f"probability of {label}"] = probabilities[:, k]
        columns = _behind(examples.keys, columns)
        write_predictions(out, columns)
    say(console, f"{examples.n_examples:,} predictions: {out}")
    if text := formulas(out, columns):
        say(
            console,
            f"Warning: a spreadsheet would take text in this file for formulas: {first_few(text)}. "
            "Import it as text, or write .parquet.",
        )


def _behind(keys: Mapping[str, Any], columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of predictions behind those that ride along."""
    both = [name for name in keys if name in columns]
    if both:
        raise InputError(
            Argument("key"), f": the predictions have a column {both[0]!r} of their own; rename "
            "that of the data.",
        )  # fmt: skip
    return {**keys, **columns}


def run_evaluate_command(
    model: Path,
    data: str,
    *,
    target: str | None,
    labels: str | None,
    top_k: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the command; see `onelayer evaluate --help`."""
    console = Terminal(quiet=quiet)
    classifier = Classifier.load(model)
    if top_k is not None and classifier.model == "multilabel":
        raise InputError(Argument("top_k"), ": with several labels an example there is no top.")
    if top_k is not None:
        check_k(top_k, len(classifier.classes), "top_k")
    with console.status(f"Evaluating on {data}"):
        examples = read_for(classifier, data, labels, need_labels=True, target=target)
        examples, left_out = _as_in_study(classifier, examples, data)
        y = match_labels(examples, classifier.classes)
        if classifier.model == "multilabel":
            by_label = classifier.evaluate_labels(examples.X, y)
            show: Callable[[], None] = partial(print_label_metrics, console, by_label)
            document: Callable[[], dict[str, Any]] = by_label.as_json
        else:
            metrics = classifier.evaluate(examples.X, y)
            show = partial(print_metrics, console, metrics, top_k)
            document = partial(metrics.as_json, top_k)
    if left_out:
        say(console, f"{left_out:,} examples are not of the run that made this model: left out.")
    if not quiet:
        show()
    if as_json:
        print_json(document())


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
    some = replace(examples, X=examples.X[rows], y=labels[rows], names=names)
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
