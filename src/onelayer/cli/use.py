"""`onelayer predict` and `onelayer evaluate`: a model file, used on other files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from onelayer.cli.measured import print_label_metrics, print_metrics
from onelayer.cli.out import check_out
from onelayer.cli.progress import say
from onelayer.cli.terminal import Terminal, print_json
from onelayer.cli.watching import watched
from onelayer.engines.cluster import Cluster
from onelayer.errors import Argument, InputError
from onelayer.inference import Classifier
from onelayer.inference.top_k import check_k
from onelayer.words import first_few, number_of
from onelayer.workflow.evaluate import read_labelled
from onelayer.workflow.predict import predict_file


def run_predict_command(
    model: Path,
    data: str,
    *,
    labels: str | None,
    key: list[str],
    memory: int | None,
    cluster: Cluster | None,
    out: Path,
    proba: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Run the command; see `onelayer predict --help`."""
    out = check_out(out, (".csv", ".parquet"), force=force, reads=(model, data, labels))
    console = Terminal(quiet=quiet)
    done = predict_file(
        Classifier.load(model), data, out, labels=labels, key=key, proba=proba, memory=memory,
        cluster=cluster, watch=watched(console),
    )  # fmt: skip
    say(console, f"{number_of(done.n, 'prediction')}: {out}")
    if done.formulas:
        say(
            console,
            "Warning: a spreadsheet would take text in this file for formulas: "
            f"{first_few(done.formulas)}. Import it as text, or write .parquet.",
        )


def run_evaluate_command(
    model: Path,
    data: str,
    *,
    target: str | None,
    labels: str | None,
    top_k: int | None,
    memory: int | None,
    cluster: Cluster | None,
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
    given = read_labelled(
        classifier, data, target=target, labels=labels, memory=memory, cluster=cluster,
        watch=watched(console),
    )  # fmt: skip
    with console.status(f"Evaluating on {data}"):
        if classifier.model == "multilabel":
            by_label = classifier.evaluate_labels(given.X, given.y)
            show: Callable[[], None] = partial(print_label_metrics, console, by_label)
            document: Callable[[], dict[str, Any]] = by_label.as_json
        else:
            metrics = classifier.evaluate(given.X, given.y)
            show = partial(print_metrics, console, metrics, top_k)
            document = partial(metrics.as_json, top_k)
    if given.left_out:
        say(
            console,
            f"{given.left_out:,} examples are not of the run that made this model: left out.",
        )
    if not quiet:
        show()
    if as_json:
        print_json(document())
