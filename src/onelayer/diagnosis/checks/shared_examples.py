"""OL206: validation examples that training has seen, exactly or nearly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Bars, Exhibit
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.measures.equal_rows import equal_rows
from onelayer.diagnosis.measures.near_rows import NearRows
from onelayer.diagnosis.statistics import difference_interval
from onelayer.diagnosis.subjects.examples import (
    Rows,
    SharedData,
    shared_data,
)  # fmt: skip
from onelayer.diagnosis.words import count, percent
from onelayer.engines import one_blas_thread
from onelayer.study import RunOutcome
from onelayer.words import listed

MATTERS = 0.01
"""A smaller share of known examples moves an accuracy by less than a percentage point."""

CONFIDENCE = 0.999
SAID = 5


@dataclass(frozen=True)
class PairedAccuracy:
    """A run's accuracy on the validation examples that training has too, and on the rest."""

    run: str
    accuracy: float
    on_shared: float
    on_rest: float | None


@dataclass(frozen=True)
class SharedExamples(Measurement):
    """How many validation examples are in training as well.

    Rows with hardly a value that differs from their first do not count.

    Attributes
    ----------
    validation, train : int
        How many examples were compared exactly.
    shared : int
        Validation examples that are equal to a training example.
    rows : tuple of (int, int)
        Of the first few: the row in validation, and the one in training; counted from 0.
    repeated : float
        The share of training examples that are equal to another one of training.
    excess_interval : (float, float)
        Of 99.9%, for the share of validation examples that are shared less the share of training
        examples that are repeated: 0 were the parts drawn at random.
    near : int
        Of those examined by distance, validation examples with a near duplicate in training that is
        not equal.
    examined : int
    near_rows : tuple of (int, int)
    near_within : int
        Near duplicates in training of `examined_within` training examples.
    examined_within : int
    accuracies : tuple of PairedAccuracy
        Of each run, on the equal ones and the rest; empty where there are none.
    """

    code: ClassVar[str] = "OL206"
    check: ClassVar[str] = "shared-examples"
    title: ClassVar[str] = "Validation examples that are in training"

    validation: int
    train: int
    shared: int
    rows: tuple[tuple[int, int], ...]
    repeated: float
    excess_interval: tuple[float, float]
    near: int
    examined: int
    near_rows: tuple[tuple[int, int], ...]
    near_within: int
    examined_within: int
    accuracies: tuple[PairedAccuracy, ...] = ()

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return how often either part repeats training."""
        equal, near = "equal to a training example", "nearly equal to one"
        rows = (
            (equal, "validation", 100 * self.shared / self.validation),
            (equal, "training, to another", 100 * self.repeated),
            (near, "validation", 100 * self.near / max(self.examined, 1)),
            (near, "training, to another", 100 * self.near_within / max(self.examined_within, 1)),
        )
        caption = (
            f"Near ones were sought of {count(self.examined, 'validation example')}. Parts that "
            "are drawn at random repeat training alike."
        )
        return (Bars("Examples that training has", caption, "of the examples (%)", rows),)


def look(context: Context) -> list[Finding]:
    """Compare the parts of each data set."""
    with one_blas_thread():
        return [_finding(context, data) for data in shared_data(context)]


def _finding(context: Context, data: SharedData) -> Finding:
    pairs, repeated = equal_rows(data.train, data.validation)
    near = NearRows.of(data, {int(v) for v, _ in pairs})
    n, m, shared = data.train.n_examples, data.validation.n_examples, len(pairs)
    excess = difference_interval(shared / m, m, repeated, n, CONFIDENCE)
    measurement = SharedExamples(
        m, n, shared, tuple((int(v), int(t)) for v, t in pairs[:SAID]), repeated, excess,
        len(near.pairs), near.examined, tuple(near.pairs[:SAID]), near.within,
        near.examined_within, _accuracies(context, data, pairs[:, 0]),
    )  # fmt: skip
    parts = f"the {m:,} validation examples of {data.who}"
    said = []
    if shared:
        said.append(_equal_words(measurement, parts, data.runs[0].called))
    near_low = 0.0
    if near.pairs:
        share, within = len(near.pairs) / near.examined, near.within / max(near.examined_within, 1)
        near_low, _ = difference_interval(
            share, near.examined, within, max(near.examined_within, 1), CONFIDENCE
        )
        said.append(
            f"Of {near.examined:,} that were examined by distance {len(near.pairs):,} have a near "
            f"duplicate in training ({_row_words(near.pairs)}), as {near.within:,} of "
            f"{near.examined_within:,} training examples have."
        )
    if not said:
        statement = (
            f"None of {parts} is equal to one of the {n:,} training examples, and none of "
            f"{near.examined:,} that were examined has a near duplicate there."
        )
        return CHECK.clear(data.names, statement, measurement)
    # Images are never equal by chance; rows of tables are, and then training repeats as often.
    leaks = shared / m >= MATTERS and (data.is_image or excess[0] > 0)
    nearly = len(near.pairs) / max(near.examined, 1) >= MATTERS and near_low > 0
    if leaks or nearly:
        advice = (
            "Remove duplicates before the data is split, and keep what belongs together in one "
            "part."
        )
        return CHECK.found(data.names, " ".join(said), measurement, advice=advice)
    if not (data.is_image and shared) and excess[0] <= 0 and near_low <= 0:
        said.append("Training examples repeat one another as often: a random split explains it.")
        return CHECK.clear(data.names, " ".join(said), measurement)
    said.append(
        f"That is less than {percent(MATTERS, 0)} of the examples, and moves an accuracy by less."
    )
    return CHECK.found(data.names, " ".join(said), measurement, severity=Severity.INFO)


def _equal_words(m: SharedExamples, parts: str, called: str) -> str:
    words = (
        f"Of {parts} {m.shared:,} ({percent(m.shared / m.validation, 1)}) "
        f"{'is' if m.shared == 1 else 'are'} equal to a training example ({_row_words(m.rows)}); "
        f"of the training examples {percent(m.repeated, 1)} repeat another."
    )
    a = m.accuracies[0]
    rest = "" if a.on_rest is None else f", on the rest {percent(a.on_rest)}"
    return f"{words} The accuracy of {called} on them is {percent(a.on_shared)}{rest}."


def _row_words(pairs: tuple[tuple[int, int], ...] | list[tuple[int, int]]) -> str:
    return listed([f"row {v} is row {t} of training" for v, t in pairs[:3]])


def _accuracies(context: Context, data: SharedData, rows: Rows) -> tuple[PairedAccuracy, ...]:
    if not len(rows):
        return ()

    def paired(run: RunOutcome) -> PairedAccuracy:
        correct = context.correct(run)
        if correct.ndim > 1:  # of an example with several labels, all are to be right
            correct = np.asarray(correct.all(axis=1))
        is_shared = np.zeros(len(correct), bool)
        is_shared[rows] = True
        rest = None if is_shared.all() else float(correct[~is_shared].mean())
        return PairedAccuracy(run.name, float(correct.mean()), float(correct[rows].mean()), rest)

    return tuple(paired(run) for run in data.runs)


CHECK = Check(
    SharedExamples,
    look,
    "Equal rows by a hash of 64 bits, compared; near ones among random projections of a sample, "
    "where the nearest training row is less than a quarter as far as the next, compared with how "
    "often training rows have such a neighbour.",
    ("were the parts drawn at random, validation examples would have duplicates in training as "
     "often as training examples do",),
    covers="99.9%, for the share of validation examples that are in training less that of training "
        "examples that repeat, over all examples like these",
    takes_blocks=False,
    looks_beside=True,
)  # fmt: skip
