"""OL208: classes that have no or hardly any examples in a part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.data.labels import Label
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import MOST_ROWS, Bars, Exhibit
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.subjects.examples import SharedData, shared_data
from onelayer.diagnosis.words import count
from onelayer.words import listed

FEW_TRAINING = 10
FEW_VALIDATION = 5
"""With fewer a class's recall cannot be told: one example is more than 20 percentage points."""


@dataclass(frozen=True)
class ClassCount:
    """How many examples a class has in either part."""

    label: Label
    train: int
    validation: int


@dataclass(frozen=True)
class ClassCounts(Measurement):
    """The examples of each class; with a matrix of labels, those that have the label."""

    code: ClassVar[str] = "OL208"
    check: ClassVar[str] = "class-counts"
    title: ClassVar[str] = "A class that is missing from a part, or nearly"

    classes: tuple[ClassCount, ...]

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the counts of the rarest classes."""
        rarest = sorted(self.classes, key=lambda c: min(c.train, c.validation))[:MOST_ROWS]
        rows = tuple(
            (f"{c.label}", part, float(n))
            for c in rarest for part, n in (("training", c.train), ("validation", c.validation))
        )  # fmt: skip
        caption = (
            f"The {len(rarest)} rarest of {count(len(self.classes), 'class', 'classes')}; the "
            f"rarest, {rarest[0].label}, has {rarest[0].train:,} and {rarest[0].validation:,}."
        )
        return (Bars("Examples of each class", caption, "examples", rows),)


def look(context: Context) -> list[Finding]:
    """Report the classes of each data set that have too few examples."""
    return [_finding(data) for data in shared_data(context)]


def _finding(data: SharedData) -> Finding:
    labels = data.train.classes
    pairs = zip(labels, counts(data.train, labels), counts(data.validation, labels), strict=True)
    classes = tuple(ClassCount(label, int(t), int(v)) for label, t, v in pairs)
    measurement = ClassCounts(classes)
    said = [
        _said([c for c in classes if c.train == 0], "no training example", "it is never predicted"),
        _said([c for c in classes if c.validation == 0], "no validation example",
              "the accuracy says nothing of it"),
        _said([c for c in classes if 0 < c.train < FEW_TRAINING],
              f"fewer than {FEW_TRAINING} training examples", "hardly anything can be learnt"),
        _said([c for c in classes if 0 < c.validation < FEW_VALIDATION],
              f"fewer than {FEW_VALIDATION} validation examples", "its recall cannot be told"),
    ]  # fmt: skip
    if not any(said):
        least = min(classes, key=lambda c: min(c.train, c.validation))
        statement = (
            f"Each of the {len(classes):,} classes of {data.who} has at least "
            f"{count(FEW_TRAINING, 'training example')} and {FEW_VALIDATION} validation examples; "
            f"the fewest has {least.label}, {least.train:,} and {least.validation:,}."
        )
        return CHECK.clear(data.names, statement, measurement)
    statement = f"In the data of {data.who}: {'; '.join(filter(None, said))}."
    advice = (
        "Split so that each class is in both parts (stratified), collect more examples of these "
        "classes, or leave them out."
    )
    return CHECK.found(data.names, statement, measurement, advice=advice)


def _said(classes: list[ClassCount], what: str, so: str) -> str:
    if not classes:
        return ""
    names = listed([f"{c.label}" for c in classes], 6)
    return f"{'class' if len(classes) == 1 else 'classes'} {names} with {what} ({so})"


def counts(data: Dataset, labels: tuple[Label, ...]) -> NDArray[np.int64]:
    """Return how many examples each of these classes has in a part."""
    if data.has_label_matrix:
        return np.asarray(data.encode(labels).sum(axis=0, dtype=np.int64))
    return np.bincount(data.encode(labels), minlength=len(labels))


CHECK = Check(ClassCounts, look, "Counted.")
