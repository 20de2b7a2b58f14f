"""How the metrics of a model look in a terminal."""

from __future__ import annotations

import math

import numpy as np
from rich.table import Table
from rich.text import Text

from onelayer.cli.progress import say
from onelayer.cli.terminal import Terminal, visible
from onelayer.inference import ClassMetrics, LabelMetrics, Metrics
from onelayer.words import first_few, fixed, number_of, shortened

MOST_CLASSES_SHOWN = 20
"""More do not fit a terminal; the worst classes and the most frequent confusions are listed."""

WORST = 5
"""So many of the worst are listed."""

LEAST_OF_NAME = 8
"""A name that is cut to fewer characters than this says nothing."""


def print_metrics(console: Terminal, metrics: Metrics, top_k: int | None = None) -> None:
    """Print all of them: some lines, and a table each for classes, confusions and calibration."""
    say(
        console,
        f"{number_of(metrics.n, 'example')}: accuracy {metrics.accuracy:.2%}, log loss "
        f"{fixed(metrics.log_loss)}, calibration error {metrics.calibration_error:.4f}.",
    )
    top = "" if top_k is None else (
        f"; the class is among the {top_k} most probable for {metrics.top_k_accuracy(top_k):.2%}"
    )  # fmt: skip
    mean = f"{metrics.balanced_accuracy:.2%}"
    say(console, f"Balanced accuracy, the mean over the classes, {mean}{top}.")
    if differs_visibly(metrics.log_loss, metrics.clipped_log_loss):
        say(
            console,
            f"This log loss is the exact one. scikit-learn's log_loss prints "
            f"{fixed(metrics.clipped_log_loss)}: it clips probabilities that are nearly 0 or 1.",
        )
    each = "" if len(metrics.classes) == 2 else ", the mean over the classes, each against the rest"
    say(console, f"ROC AUC {_number(metrics.roc_auc)}{each}.")
    say(
        console,
        f"Always saying {first_few([metrics.most_frequent])}, the most frequent class of these "
        f"examples, is right for {metrics.baseline_accuracy:.2%}.",
    )
    console.print_table(_by_class(metrics))
    console.print_table(_confusion(metrics, console.width))
    console.print_table(_calibration(metrics))


def print_label_metrics(console: Terminal, metrics: LabelMetrics) -> None:
    """Print those of a multilabel model: a line, and a row for each label."""
    say(
        console,
        f"{number_of(metrics.n, 'example')}: {metrics.accuracy:.2%} have all their labels right, "
        f"log loss {fixed(metrics.log_loss)}; {metrics.mean_label_accuracy:.2%} of the single "
        "labels are right.",
    )
    shown = list(zip(metrics.by_label, metrics.label_accuracy, strict=True))
    title = None
    if len(shown) > MOST_CLASSES_SHOWN:
        shown = sorted((c for c in shown if c[0].f1 is not None), key=lambda c: _f1(c[0]))[:WORST]
        title = f"The {len(shown)} lowest F1 of {len(metrics.by_label):,} labels, and the means"
    table = Table(title=title, box=None, title_justify="left")
    table.add_column("label", header_style="bold", no_wrap=True)
    for heading in ("examples", "accuracy", "precision", "recall", "F1"):
        table.add_column(heading, justify="right", header_style="bold")
    for found, accuracy in shown:
        values = map(_number, (accuracy, found.precision, found.recall, found.f1))
        table.add_row(str(found.label), f"{found.n:,}", *values)
    mean = _number(metrics.mean_label_accuracy)
    for name, means in (("mean (macro)", metrics.macro), ("all pairs (micro)", metrics.micro)):
        table.add_row(name, "", mean, *map(_number, means.values()), style="bold")
    console.print_table(table)


def differs_visibly(exact: float, other: float) -> bool:
    """Return whether two losses as they are printed differ in three significant digits."""
    if fixed(exact) == fixed(other):
        return False
    largest = max(abs(exact), abs(other))
    return abs(exact - other) >= 0.5 * 10.0 ** (math.floor(math.log10(largest)) - 2)


def _by_class(metrics: Metrics) -> Table:
    """Return a row a class, or the worst classes where there are many; and the means."""
    shown = metrics.by_class
    title = None
    if len(shown) > MOST_CLASSES_SHOWN:
        shown = tuple(sorted((c for c in shown if c.f1 is not None), key=_f1)[:WORST])
        title = f"The {len(shown)} lowest F1 of {len(metrics.classes):,} classes, and the means"
    table = Table(title=title, box=None, title_justify="left")
    table.add_column("class", header_style="bold", no_wrap=True)
    for heading in ("examples", "precision", "recall", "F1"):
        table.add_column(heading, justify="right", header_style="bold")
    for found in shown:
        values = map(_number, (found.precision, found.recall, found.f1))
        table.add_row(str(found.label), f"{found.n:,}", *values)
    table.add_row("mean (macro)", "", *map(_number, metrics.macro.values()), style="bold")
    return table


def _f1(found: ClassMetrics) -> float:
    return found.f1 or 0.0


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _confusion(metrics: Metrics, width: int) -> Table:
    """Return the matrix if its counts, and something of each name, have room; else a list."""
    labels = [visible(str(label)) for label in metrics.classes]
    counts = [[f"{n:,}" for n in row] for row in metrics.confusion.tolist()]
    name = min(max(map(len, labels)), LEAST_OF_NAME)
    columns = [max(name, *map(len, column)) for column in zip(*counts, strict=True)]
    if len(labels) > MOST_CLASSES_SHOWN or sum(columns) + name + 2 * (len(labels) + 1) > width:
        return _worst_confusions(metrics)
    table = Table(title="Rows: true, columns: predicted", box=None, title_justify="left")
    table.add_column("", style="bold", no_wrap=True, max_width=width // 3)
    share = (width - width // 3) // len(labels) - 2
    for label, column in zip(labels, columns, strict=True):
        room = max(share, column)
        longest = max(map(len, label.split()), default=0)
        heading = label if longest <= room else shortened(label, room)
        table.add_column(
            heading, justify="right", header_style="bold", no_wrap=True, min_width=column
        )
    for k, row in enumerate(counts):
        cells = (Text(n, style="bold" if j == k else "") for j, n in enumerate(row))
        table.add_row(labels[k], *cells)
    return table


def _worst_confusions(metrics: Metrics) -> Table:
    table = Table(title="Most frequent confusions", box=None, title_justify="left")
    table.add_column("true", header_style="bold", no_wrap=True)
    table.add_column("predicted", header_style="bold", no_wrap=True)
    table.add_column("examples", header_style="bold", justify="right")
    wrong = metrics.confusion.copy()
    np.fill_diagonal(wrong, 0)
    for flat in np.argsort(-wrong, axis=None, kind="stable")[:10]:
        true, predicted = np.unravel_index(flat, wrong.shape)
        if wrong[true, predicted]:
            labels = metrics.classes[true], metrics.classes[predicted]
            table.add_row(*map(str, labels), f"{wrong[true, predicted]:,}")
    return table


def _calibration(metrics: Metrics) -> Table:
    table = Table(title="Calibration of the top probability", box=None, title_justify="left")
    for heading in ("probability", "examples", "mean", "right"):
        table.add_column(heading, justify="right", header_style="bold")
    for part in metrics.calibration:
        if part.confidence is not None and part.accuracy is not None:
            table.add_row(
                f"{part.low:.1f}–{part.high:.1f}", f"{part.n:,}", f"{part.confidence:.1%}",
                f"{part.accuracy:.1%}",
            )  # fmt: skip
    return table
