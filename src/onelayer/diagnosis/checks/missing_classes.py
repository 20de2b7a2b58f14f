"""OL009: classes that are missing from many batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Rows, Windows, order_by_law, row_blocks
from onelayer.data.labels import Label
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Bars, Exhibit
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.statistics import log_choose
from onelayer.diagnosis.subjects.stepped import has_steps
from onelayer.diagnosis.words import count, percent
from onelayer.study import RunOutcome
from onelayer.training import TrainConfig
from onelayer.training.draws import Draws
from onelayer.words import first_few

MANY = 0.5
"""A class that is missing from so large a share of the batches is missing from many."""

MOST = 0.9
"""And where that is so large in random order too, the batches are too small for the class."""

SHOWN = 12
"""Classes in the figure, the worst."""

MOST_BATCHES = 2000
"""Of an epoch, that are looked at."""


@dataclass(frozen=True)
class Missing:
    """One class: how many examples it has, and from which share of the batches it is missing.

    Attributes
    ----------
    label : label
    examples : int
    share : float
        Of the batches of the first epoch.
    expected : float
        In a random order, by the hypergeometric distribution.
    longest : int
        The most batches in a row without it.
    """

    label: Label
    examples: int
    share: float
    expected: float
    longest: int


@dataclass(frozen=True)
class MissingClasses(Measurement):
    """The classes that are missing from many batches, the worst first.

    Attributes
    ----------
    batch_size, batches, classes : int
        Batches that were looked at, and classes that have examples.
    missing : tuple of Missing
        Those that are missing from at least half of the batches; otherwise the worst one.
    """

    code: ClassVar[str] = "OL009"
    check: ClassVar[str] = "missing-classes"
    title: ClassVar[str] = "Classes missing from many batches"

    batch_size: int
    batches: int
    classes: int
    missing: tuple[Missing, ...]

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return from how many batches each class is missing."""
        rows = tuple(
            (str(each.label), series, 100 * share)
            for each in self.missing[:SHOWN]
            for series, share in (("here", each.share), ("in a random order", each.expected))
        )
        caption = f"Of {count(self.batches, 'batch', 'batches')} of {self.batch_size} examples."
        return (Bars("Batches without a class", caption, "of the batches (%)", rows),)


def look(context: Context) -> list[Finding]:
    """Ask once for all runs with the same batches."""
    groups: dict[object, list[RunOutcome]] = {}
    for run in context.outcome.runs:
        config = run.record.config
        if has_steps(run) and run.record.model != "multilabel" and run.record.steps > 0:
            drawn = config.examples_per_class, config.draw
            key = run.run.selection, drawn, config.order, config.seed, config.batch_size
            groups.setdefault((*key, config.drop_last), []).append(run)
    return [_finding(context, runs) for runs in groups.values()]


def missing_classes(context: Context, run: RunOutcome) -> MissingClasses:
    """Count the classes of the batches of a run's first epoch."""
    config, (train, _) = run.record.config, context.parts(run)
    rows = Draws(train, None).rows(config, None)
    targets = train.targets if rows is None else train.targets[rows]
    n, size, k = len(targets), min(config.batch_size, len(targets)), train.n_classes
    cut = _batches(config, train, targets)
    batches = min(run.record.batches_per_epoch, len(cut))
    some = np.unique(np.linspace(0, batches - 1, min(batches, MOST_BATCHES)).astype(int))
    there = np.zeros((len(some), k), bool)
    for i, batch in enumerate(some):
        there[i, targets[cut[batch]]] = True
    counts = np.bincount(targets, minlength=k)
    present = np.flatnonzero(counts)
    shares = 1 - there.mean(axis=0)
    worst = sorted(present.tolist(), key=lambda c: (-shares[c], counts[c]))
    chosen = [c for c in worst if shares[c] >= MANY] or worst[:1]
    missing = tuple(
        Missing(
            train.classes[c], int(counts[c]), float(shares[c]),
            chance_of_none(n, int(counts[c]), size), _longest_gap(there[:, c]),
        )
        for c in chosen
    )  # fmt: skip
    return MissingClasses(size, len(some), len(present), missing)


def _batches(config: TrainConfig, train: Dataset, targets: NDArray[np.integer]) -> list[Rows]:
    """Return the examples of each batch of the first epoch, by their numbers among the targets."""
    n, size = len(targets), config.batch_size
    if config.order != "blocks" or config.solver == "optimum":
        order = order_by_law(config.order, config.seed, 0, targets, size)
        return [order[rows] for rows in row_blocks(n, size)]
    cut = [rows.stop - rows.start for rows in row_blocks(n, config.block_size)]
    windows = Windows(tuple(train.block_lengths or cut), config.window, config.seed)
    begins, found = np.cumsum([0, *windows.lengths]), []
    for window in windows.of_epoch(0):
        numbers = np.concatenate([np.arange(begins[b], begins[b + 1]) for b in window.blocks])
        mixed = numbers[windows.rows(window)]
        found += [mixed[rows] for rows in row_blocks(len(mixed), size)]
        if config.drop_last and len(found[-1]) < size:
            found.pop()
    return found


def chance_of_none(n: int, of_class: int, size: int) -> float:
    """Return the probability that so many of n examples, drawn at random, hold none of a class."""
    if of_class + size > n:
        return 0.0
    return float(np.exp(log_choose(n - of_class, size) - log_choose(n, size)))


def _longest_gap(there: np.ndarray) -> int:
    edges = np.flatnonzero(np.concatenate([[True], there, [True]]))
    return int(np.diff(edges).max()) - 1


def _finding(context: Context, runs: list[RunOutcome]) -> Finding:
    names, measured = tuple(run.name for run in runs), missing_classes(context, runs[0])
    worst = measured.missing[0]
    label = f"the class {worst.label!r}, of {count(worst.examples, 'example')},"
    where = (
        f"{label} is missing from {percent(worst.share, 0)} of the "
        f"{count(measured.batches, 'batch', 'batches')} of {measured.batch_size:,} examples that "
        f"{first_few([run.called for run in runs], str)} make of an epoch "
        f"({percent(worst.expected, 0)} are expected in "
        "random order)"
    )
    where = where[0].upper() + where[1:]
    if worst.share < MANY:
        return CHECK.clear(names, f"{where}: no class is missing from more.", measured)
    said = (
        f"{where}, up to {count(worst.longest, 'batch', 'batches')} in a row. "
        f"{len(measured.missing)} of {count(measured.classes, 'class', 'classes')} are missing "
        "from half of the batches or more."
    )
    if worst.expected < MANY:
        advice = "Take order = epoch, or shuffle the file (see OL008)."
    else:
        wanted = _enough(runs[0], worst, measured.batch_size)
        advice = (
            f"Take batches of about {wanted:,} examples, with which half of them would have it."
        )
    severity = Severity.WARNING if worst.expected >= MOST else Severity.INFO
    return CHECK.found(names, said, measured, severity=severity, advice=advice)


def _enough(run: RunOutcome, worst: Missing, size: int) -> int:
    """Return the batch size, doubled from a run's, with which a class is in most batches."""
    n = run.record.n_train
    while size < n and chance_of_none(n, worst.examples, size) > MANY:
        size *= 2
    return min(size, n)


CHECK = Check(
    MissingClasses, look, "Counts of classes in the batches of the first epoch, by the run's order."
)
