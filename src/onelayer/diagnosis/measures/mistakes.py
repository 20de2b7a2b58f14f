"""What a model takes for what: counts of classes, and the surest mistakes with their images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.data.drawings import resampled
from onelayer.data.labels import Label
from onelayer.diagnosis.exhibits import MOST_ROWS, Bars, Exhibit
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.measures.image_sheet import ImageSheet, Levels
from onelayer.diagnosis.subjects.examples import dense

MOST_OF_A_PAIR = 12
MOST_CLASSES, MOST_PAIRS = 20, 20
"""All pairs of so many classes are kept, of more classes so many of the most frequent."""

LISTED, VALUES = 600, 220_000
"""So many mistakes are listed at most, and so many values of their images kept."""

LONGEST_SIDE, SHADES = 64, 32
"""Larger images are kept smaller; so many shades of a colour are enough to look at."""


@dataclass(frozen=True)
class Confused:
    """How many examples of a class are taken for another, both by their places in `classes`."""

    label: int
    predicted: int
    count: int


@dataclass(frozen=True)
class Mistake:
    """A validation example that is not right.

    Attributes
    ----------
    row : int
        Among all validation examples, from 0.
    label, predicted : int
        Places in `classes`.
    probability : float
        That the model gives the class that it predicts.
    """

    row: int
    label: int
    predicted: int
    probability: float


@dataclass(frozen=True)
class Mistakes(Measurement):
    """Which classes are taken for which.

    Attributes
    ----------
    classes : tuple of labels
    sizes, right : tuple of int
        Of each class: its validation examples, and those of them that are right.
    pairs : tuple of Confused
        The most frequent first.
    mistakes : tuple of Mistake
        The surest first: of each pair at most `MOST_OF_A_PAIR`.
    images : ImageSheet or None
        Of the mistakes, in their order, where examples are images.
    """

    code: ClassVar[str] = "OL305"
    check: ClassVar[str] = "mistakes"
    title: ClassVar[str] = "Mistakes, and the classes that are taken for others"

    classes: tuple[Label, ...]
    sizes: tuple[int, ...]
    right: tuple[int, ...]
    pairs: tuple[Confused, ...]
    mistakes: tuple[Mistake, ...]
    images: ImageSheet | None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the most frequent confusions."""
        rows = tuple(
            (f"{self.classes[p.label]} taken for {self.classes[p.predicted]}", "",
             100 * p.count / max(self.sizes[p.label], 1))
            for p in self.pairs[:MOST_ROWS]
        )  # fmt: skip
        caption = f"The most frequent first; {self.wrong:,} of {self.examples:,} are wrong."
        axis = "of the validation examples of the class (%)"
        return (Bars("What is taken for what", caption, axis, rows),) if rows else ()

    @property
    def examples(self) -> int:
        """How many validation examples there are."""
        return sum(self.sizes)

    @property
    def wrong(self) -> int:
        """How many of them are not right."""
        return self.examples - sum(self.right)

    @property
    def is_whole(self) -> bool:
        """Whether `pairs` are all that there are."""
        return len(self.classes) <= MOST_CLASSES

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many of each class, in rows, are taken for each, in columns, where `is_whole`."""
        counts = np.diag(self.right)
        for pair in self.pairs:
            counts[pair.label, pair.predicted] = pair.count
        return counts


def mistakes_of(
    probabilities: NDArray[np.float64],
    targets: NDArray[np.integer],
    rows: NDArray[np.int64],
    classes: tuple[Label, ...],
    validation: Dataset,
) -> Mistakes:
    """Return the mistakes of a model.

    Parameters
    ----------
    probabilities : (n, n_classes) array
        Of validation examples.
    targets : (n,) array
        Their classes.
    rows : (n,) array
        Their places in `Mistake.row`.
    validation : Dataset
        The examples.
    """
    predicted = probabilities.argmax(axis=1)
    sizes = np.bincount(targets, minlength=len(classes))
    right = np.bincount(targets[predicted == targets], minlength=len(classes))
    wrong = np.flatnonzero(predicted != targets)
    sure = probabilities[wrong, predicted[wrong]]
    wrong = wrong[np.argsort(-sure, kind="stable")]
    of_pair: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place in wrong.tolist():
        of_pair[int(targets[place]), int(predicted[place])].append(place)
    pairs = sorted(of_pair, key=lambda pair: (-len(of_pair[pair]), pair))
    pairs = pairs if len(classes) <= MOST_CLASSES else pairs[:MOST_PAIRS]
    shape = _shape(validation)
    most = LISTED
    if shape is not None:
        smaller = _shown_shape(shape)
        most = min(most, max(MOST_OF_A_PAIR, VALUES // smaller.n_features))
    listed = {*wrong[:MOST_OF_A_PAIR].tolist()}
    for place in _by_turns([of_pair[pair][:MOST_OF_A_PAIR] for pair in pairs]):
        if len(listed) >= most:
            break
        listed.add(place)
    kept = np.array([place for place in wrong.tolist() if place in listed], np.int64)
    return Mistakes(
        classes,
        tuple(sizes.tolist()),
        tuple(right.tolist()),
        tuple(Confused(*pair, len(of_pair[pair])) for pair in pairs),
        tuple(
            Mistake(
                int(rows[place]), int(targets[place]), int(predicted[place]),
                round(float(probabilities[place, predicted[place]]), 6),
            )
            for place in kept
        ),
        _images(validation, kept, shape) if shape is not None and len(kept) else None,
    )  # fmt: skip


def _by_turns(lists: list[list[int]]) -> Iterator[int]:
    """Yield the first of each, then the second of each, and so on."""
    for some in zip_longest(*lists):
        yield from (place for place in some if place is not None)


def _shape(data: Dataset) -> ImageShape | None:
    if data.image_shape is None:
        return None
    height, width = data.image_shape
    return ImageShape(height, width, data.n_features // (height * width))


def _shown_shape(shape: ImageShape) -> ImageShape:
    factor = max(1, -(-max(shape.height, shape.width) // LONGEST_SIDE))
    return ImageShape(-(-shape.height // factor), -(-shape.width // factor), shape.channels)


def _images(data: Dataset, rows: NDArray[np.int64], shape: ImageShape) -> ImageSheet:
    """Return the images of some examples, large ones smaller."""
    order = np.argsort(rows)
    raw = np.empty((len(rows), shape.n_features), np.float64)
    values = dense(data, rows[order])
    raw[order] = values
    levels = Levels.of(values, SHADES - 1)
    small = _shown_shape(shape)
    if small == shape:
        return ImageSheet.of(raw, shape, levels)
    grid = [
        (0.0, old / new, new)
        for old, new in ((shape.height, small.height), (shape.width, small.width))
    ]
    images = raw.reshape(-1, shape.height, shape.width, shape.channels)
    smaller = np.stack([resampled(image, *grid) for image in images])
    return ImageSheet.of(smaller, small, levels)
