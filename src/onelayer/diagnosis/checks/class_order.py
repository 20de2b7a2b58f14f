"""OL008: batches that hold few classes at a time, because the examples are ordered by class."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.data import OrderName, order_by_law
from onelayer.data.labels import Label
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Exhibit, Grid
from onelayer.diagnosis.experiments.repeats import (
    COVERS,
    Change,
    affordable_steps,
    can_be_repeated,
    change,
    repeated,
    varied,
)
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.subjects.stepped import has_steps
from onelayer.diagnosis.words import count
from onelayer.study import RunOutcome
from onelayer.training import TrainConfig, TrainResult
from onelayer.training.draws import Draws

FIXED = ("file", "class", "batches")
"""Orders whose batches hold what the file has side by side."""

UNEVEN = 1.5
"""Batches whose chi-square is so many times that of a random order are ordered by class."""

CHANCE = 0.01
"""And no more than this share of random orders may be so uneven."""

PERMUTATIONS = 99
SHOWN_BATCHES, SHOWN_CLASSES = 40, 20
"""Whose counts are kept."""

MOST_ROWS = 100_000
FURTHER = 4
SECONDS = 5.0
"""That making one run again may take."""


@dataclass(frozen=True)
class ClassOrder(Measurement):
    """How unevenly the batches of an order hold the classes, and what a random order does.

    Attributes
    ----------
    order : str
    batch_size : int
    unevenness : float
        Pearson's chi-square of the counts of classes in full batches, as a multiple of its mean
        under random orders; at most about the batch size.
    p_value : float
        The share of 99 random orders, and this one, that are at least as uneven.
    classes_a_batch : float
        The mean number of classes in a batch.
    classes_at_random : float
        The same of random orders.
    tried : Change or None
        The run beside itself in random order; None where that was not tried.
    classes : tuple of label
    counts : tuple of tuple of int
        Examples of each class in the first of the batches, a tuple a class.
    """

    code: ClassVar[str] = "OL008"
    check: ClassVar[str] = "class-order"
    title: ClassVar[str] = "Batches ordered by class"

    order: str
    batch_size: int
    unevenness: Number
    p_value: float
    classes_a_batch: float
    classes_at_random: float
    tried: Change | None = None
    classes: tuple[Label, ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the counts."""
        caption = (
            f"{self.classes_a_batch:.3g} classes a batch on average, where random orders have "
            f"{self.classes_at_random:.3g}."
        )
        title = f"Classes in the first {len(self.counts[0]) if self.counts else 0} batches"
        labels = tuple(str(label) for label in self.classes)
        return (Grid(title, caption, "batch", "class", labels, self.counts),) if labels else ()

    @property
    def is_ordered(self) -> bool:
        """Whether the batches are more uneven than random ones."""
        return self.unevenness >= UNEVEN and self.p_value <= CHANCE


def look(context: Context) -> list[Finding]:
    """Ask the runs whose batches keep the order of the file."""
    runs = [
        run for run in context.outcome.runs
        if has_steps(run) and run.record.config.order in FIXED
        and run.record.model != "multilabel" and run.record.steps > 0
    ]  # fmt: skip
    measured = {run.name: m for run in runs if (m := _measured(context, run)) is not None}
    plans = {
        run.name: [_shuffled(context, run)]
        for run in runs
        if run.name in measured and measured[run.name].is_ordered and can_be_repeated(run)
    }
    results = repeated(context, plans) if plans else {}
    return [
        _finding(context, run, measured[run.name], results.get(run.name, []))
        for run in runs
        if run.name in measured
    ]


def _measured(context: Context, run: RunOutcome) -> ClassOrder | None:
    """Return how uneven a run's batches are; None where there are no two full ones to compare."""
    config, (train, _) = run.record.config, context.parts(run)
    law: OrderName = "class" if config.order == "class" else "file"
    rows = Draws(train, None).rows(config, None)
    key = run.run.selection, config.examples_per_class, config.draw, law, config.batch_size

    def measured() -> ClassOrder | None:
        targets = train.targets if rows is None else train.targets[rows]
        batches = min(len(targets), MOST_ROWS) // config.batch_size
        if batches < 2:
            return None
        order = order_by_law(law, 0, 0, targets, config.batch_size)
        whole = batches * config.batch_size
        # Where not all batches are looked at, those are that are evenly spread.
        starts = np.linspace(0, len(targets) // config.batch_size - 1, batches).astype(int)
        places = starts[:, None] * config.batch_size + np.arange(config.batch_size)
        return unevenness(targets[order[places.ravel()[:whole]]], config.batch_size, law)

    made = context.once(("class order", *key), measured)
    if made is None:
        return None
    return replace(made, order=config.order, classes=tuple(train.classes[: len(made.counts)]))


def unevenness(targets: NDArray[np.integer], batch_size: int, order: str) -> ClassOrder:
    """Compare the batches of some targets in their order with those of random orders."""
    rng = np.random.default_rng(0)
    own, classes = _chi_square(targets, batch_size)
    others = [_chi_square(rng.permutation(targets), batch_size) for _ in range(PERMUTATIONS)]
    chi = np.array([other for other, _ in others])
    mean = float(chi.mean())
    shown = targets[: SHOWN_BATCHES * batch_size]
    shown = shown[: len(shown) // batch_size * batch_size].reshape(-1, batch_size)
    counts = [(shown == k).sum(axis=1) for k in range(min(SHOWN_CLASSES, int(targets.max()) + 1))]
    return ClassOrder(
        order, batch_size, own / mean if mean > 0 else 1.0,
        (1 + int(np.sum(chi >= own))) / (1 + PERMUTATIONS), classes,
        float(np.mean([n for _, n in others])),
        counts=tuple(tuple(row.tolist()) for row in counts),
    )  # fmt: skip


def _chi_square(targets: NDArray[np.integer], batch_size: int) -> tuple[float, float]:
    """Return Pearson's chi-square of batches by classes, and the mean count of classes."""
    batches, width = len(targets) // batch_size, int(targets.max()) + 1
    cells = np.repeat(np.arange(batches), batch_size) * width + targets
    counts = np.bincount(cells, minlength=batches * width).reshape(batches, width)
    expected = counts.sum(axis=0) / batches
    there = expected > 0
    squares = (counts[:, there] - expected[there]) ** 2 / expected[there]
    return float(squares.sum()), float((counts > 0).sum(axis=1).mean())


def _shuffled(context: Context, run: RunOutcome) -> TrainConfig:
    config, record = run.record.config, run.record
    often = {} if config.early_stopping else {"evaluations_per_epoch": 1}
    affordable = affordable_steps(context, run, SECONDS, **often)
    steps = min(affordable, record.total_steps, FURTHER * record.steps)
    return varied(config, order="epoch", shuffle=True, max_steps=steps, **often)


def _finding(
    context: Context, run: RunOutcome, measured: ClassOrder, results: list[TrainResult]
) -> Finding:
    names = (run.name,)
    said = (
        f"The batches of {run.called} are {measured.unevenness:.2g} times as uneven in their "
        "classes "
        f"as those of random orders: {measured.classes_a_batch:.3g} classes a batch on average, "
        f"{measured.classes_at_random:.3g} at random"
    )
    if not measured.is_ordered:
        return CHECK.clear(names, f"{said}.", measured)
    if not results:
        return CHECK.found(
            names, f"{said}. What that costs was not tried.", measured, severity=Severity.INFO
        )
    result = results[0]
    tried = change(context, run, result.config, result.parameters)
    measured = replace(measured, tried=tried)
    steps = count(result.history.steps, "step")
    said += f". In random order, after {steps}, {tried.words}."
    made = [f"the run with order = epoch, {steps}"]
    if tried.matters:
        advice = "Take order = epoch, or shuffle the file."
        return CHECK.found(names, said, measured, advice=advice, tried=made)
    return CHECK.found(names, said, measured, severity=Severity.INFO, tried=made)


CHECK = Check(
    ClassOrder,
    look,
    "Counts of classes in batches beside those of random orders; where they are uneven, the run is "
    "made again in random order.",
    ("validation examples are a random sample of those to come",),
    covers=COVERS,
)
