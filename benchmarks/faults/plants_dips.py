"""Dips with a cause: a batch's composition, the order of the batches, single examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from plant import Case, Plant, safe_rate
from sources import material, parts

from onelayer.data import Dataset
from onelayer.diagnosis import Finding
from onelayer.diagnosis.experiments.replay import EveryStep, at_every_step
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.training import TrainConfig
from onelayer.training import train as train_steps

BATCH = {"digits": 40, "mnist": 40, "scikit-learn breast_cancer": 20, "AER CreditCard": 32}
"""Examples in a batch: some 20 to 30 batches in an epoch."""

STRETCH, EPOCHS = 6, 25

OWN_DIP = 0.25
"""Of the loss: a run whose batches do more than that by themselves is no place for a plant."""

CALM = 0.25
"""Of the rate at which oscillation begins. The columns of tables go along with one another so much
that with this one a single batch does next to nothing: there it is the whole."""


def composition(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Let a share of one batch be of one class, and have one wrong label."""
    train, validation, labels, size = _in_batches(rng, source)
    batch = int(rng.integers(len(labels) // size))
    # Examples of one class take the places of others, and what stood there goes where they were.
    rows = batch * size + rng.permutation(size)[: round(strength * size)]
    one = int(rng.integers(train.n_classes))
    outside = np.setdiff1d(np.flatnonzero(labels == one), np.arange(len(labels))[rows])
    given = rng.permutation(outside)[: len(rows)]
    place = np.arange(len(labels))
    place[rows[: len(given)]], place[given] = given, rows[: len(given)]
    labels = labels[place]
    labels[rows] = (one + 1) % train.n_classes
    train = Dataset(train.X[place], labels, train.classes, train.image_shape)
    return _case(rng, train, validation, size, _says("composition", batch))


def order(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Let some batches in a row hold mostly one class, which the others then have less of."""
    train, validation, labels, size = _in_batches(rng, source, two=True)
    first = int(rng.integers(1, len(labels) // size - STRETCH))
    stretch = np.arange(first * size, (first + STRETCH) * size)
    rest = np.setdiff1d(np.arange(len(labels)), stretch)
    # Swap examples in and out until the stretch has its share of the first class.
    want = round(strength * len(stretch))
    others = rng.permutation(stretch[labels[stretch] != 0])
    firsts = rng.permutation(rest[labels[rest] == 0])
    swap = min(max(want - int(np.sum(labels[stretch] == 0)), 0), len(others), len(firsts))
    place = np.arange(len(labels))
    place[others[:swap]], place[firsts[:swap]] = firsts[:swap], others[:swap]
    X = train.X[place]
    train = Dataset(X, labels[place], train.classes, train.image_shape)
    return _case(rng, train, validation, size, _says("order"))


def examples(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Put in one example twice, so many times as long as the others, with two different labels.

    No model can have both right, and whichever comes later in an epoch wins until the other.
    """
    train, validation, labels, size = _in_batches(rng, source)
    first, second = (int(row) for row in rng.permutation(len(labels))[:2])
    X = np.array(train.X)
    typical = float(np.median(np.linalg.norm(X, axis=1)))
    X[first] *= strength * typical / np.linalg.norm(X[first])
    X[second], labels[second] = X[first], (labels[first] + 1) % train.n_classes
    changed = Dataset(X, labels, train.classes)
    is_right = _says("examples", first // size, second // size)
    return _case(rng, changed, validation, size, is_right, like=train)


def _in_batches(
    rng: np.random.Generator, source: str, *, two: bool = False
) -> tuple[Dataset, Dataset, np.ndarray, int]:
    """Return parts without dips of their own, the training labels to change, and a batch's size.

    Of tables at so high a rate one in some has such a dip: it may be larger than the planted one.
    """
    # Of MNIST no more than of the digits: it has twelve times as many features.
    n = 2_000 if source == "mnist" else 4_000
    size = BATCH[source]
    while True:
        found = material(source, rng, n)
        y = np.where(found.y >= 5, 1, 0) if two and found.y.max() > 1 else found.y
        n_train = round(0.65 * len(y)) // size * size
        train, validation = parts(found.X, y, n_train, found.image_shape)
        if train.image_shape or not _dips(train, validation, size):
            return train, validation, np.array(train.y), size


def _dips(train: Dataset, validation: Dataset, size: int) -> bool:
    """Whether the loss is high after some batch of a healthy run, in the mean over its epochs."""
    run = at_every_step(_config(train, size, 0), EPOCHS)
    again = EveryStep.of(train_steps(train, validation, run, 1, evaluate_train=False))
    return bool(again.levels().mean(axis=0).max() > OWN_DIP * np.median(again.val_loss[1:]))


def _config(like: Dataset, size: int, seed: int) -> TrainConfig:
    share = CALM if like.image_shape else 1.0
    return TrainConfig(
        learning_rate=safe_rate(like, share), batch_size=size, max_epochs=EPOCHS, order="file",
        seed=seed,
    )  # fmt: skip


def _case(
    rng: np.random.Generator,
    train: Dataset,
    validation: Dataset,
    size: int,
    is_right: Callable[[Sequence[Finding]], bool],
    like: Dataset | None = None,
) -> Case:
    config = _config(like or train, size, int(rng.integers(1_000_000)))
    return Case(train, validation, {"run": config}, is_right)


def _says(verdict: str, *batches: int) -> Callable[[Sequence[Finding]], bool]:
    def is_right(findings: Sequence[Finding]) -> bool:
        measured = findings[0].measurement
        assert isinstance(measured, AccuracyDips)
        return measured.verdict == verdict and (not batches or measured.batch in batches)

    return is_right


ALL = tuple(BATCH)
LARGE = ("digits", "mnist", "AER CreditCard")
"""Where a stretch of batches, or two examples, move the accuracy at all."""

PLANTS = [
    Plant("OL102", "wrong labels in one batch", (0.2, 0.4, 0.8), 0.8, composition, ALL),
    Plant("OL102", "a stretch of one class", (0.7, 0.85, 1.0), 1.0, order, LARGE),
    Plant("OL102", "two contradicting examples", (5, 15, 40), 40, examples, LARGE),
]
