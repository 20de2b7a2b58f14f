"""Precision, recall and F1 of each class, from a confusion matrix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.data.labels import Label


@dataclass(frozen=True)
class ClassMetrics:
    """How well one class is found; a value is None where it is a fraction of nothing.

    Attributes
    ----------
    label : label
    n : int
        Number of examples of the class.
    precision : float or None
        The share that is of the class among what is predicted as such; None if nothing is.
    recall : float or None
        The share that is predicted as such among what is of the class; None if nothing is.
    f1 : float or None
        Their harmonic mean, 2 TP / (2 TP + FP + FN): 0 for a class that is never predicted; None
        if there is no example of it either.
    """

    label: Label
    n: int
    precision: float | None
    recall: float | None
    f1: float | None

    @classmethod
    def of(cls, label: Label, hits: int, present: int, predicted: int) -> ClassMetrics:
        """Return the metrics by counts: examples of the class found, there, and said to be."""
        shares = (
            _share(hits, predicted),
            _share(hits, present),
            _share(2 * hits, present + predicted),
        )
        return cls(label, present, *shares)


def class_metrics(
    classes: Iterable[Label], confusion: NDArray[np.integer]
) -> tuple[ClassMetrics, ...]:
    """Return the metrics of each class, from counts by true (rows) and predicted class."""
    right = confusion.diagonal().tolist()
    present, predicted = confusion.sum(axis=1).tolist(), confusion.sum(axis=0).tolist()
    return tuple(
        ClassMetrics.of(*counts) for counts in zip(classes, right, present, predicted, strict=True)
    )


def balanced_accuracy(
    targets: NDArray[np.integer], right: NDArray[np.float64], weights: NDArray[np.float64] | None
) -> float:
    """Return the mean, over the classes with examples that count, of the share that is right.

    Parameters
    ----------
    targets : array, shape (n,)
        Class indices.
    right : array, shape (n,)
        1 where an example is predicted right, 0 elsewhere.
    weights : array, shape (n,), or None
        How much each example counts; None: all the same.
    """
    present = np.bincount(targets, weights)
    hits = np.bincount(targets, right if weights is None else right * weights)
    there = present > 0
    return float((hits[there] / present[there]).mean())


def mean_of_defined(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are there; None if none is."""
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
