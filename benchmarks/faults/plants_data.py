"""Faults of the data: scales, copies, leaks, labels and splits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from plant import Case, Plant, of
from sources import Material, material

from onelayer.data import Dataset
from onelayer.diagnosis import Finding

TRAIN = 0.7
ALL = ("digits", "mnist", "ISLR OJ", "DAAG spam7")
FEW_REPEATS = ("digits", "mnist", "AER HMDA", "modeldata credit_data")

Rows = NDArray[np.int64]
Right = Callable[[Sequence[Finding]], bool]


def _parts(m: Material) -> tuple[Rows, Rows]:
    """Return the rows that `split` trains on, and those that it validates on."""
    n = round(len(m.y) * TRAIN)
    return np.arange(n), np.arange(n, len(m.y))


def _case(m: Material, rng: np.random.Generator, is_right: Right) -> Case:
    return replace(of(m, rng), is_right=is_right)


def _with_column(m: Material, column: NDArray[np.float64]) -> Material:
    """Return the material with a further column, standardised: no image any more."""
    scaled = (column - column.mean()) / (column.std() or 1)
    return Material(np.column_stack([m.X, scaled]), m.y)


def _evidence(found: Sequence[Finding]) -> list[dict[str, object]]:
    return [f.measurement.as_json() for f in found if f.measurement is not None and f.is_warning]


def unscaled(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Measure half of the features in another unit."""
    m = material(source, rng)
    columns = rng.permutation(m.X.shape[1])[: m.X.shape[1] // 2]
    X = m.X.copy()
    X[:, columns] *= strength
    chosen = set(columns.tolist())
    return _case(
        Material(X, m.y, m.image_shape), rng,
        lambda found: any(e["largest"] in chosen for e in _evidence(found)),
    )  # fmt: skip


def constant(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Add a feature that varies in this share of the validation examples and never in training."""
    m = material(source, rng)
    column = np.zeros(len(m.y))
    _, validation = _parts(m)
    varies = rng.random(len(validation)) < strength
    column[validation[varies]] = rng.normal(size=varies.sum())
    number = m.X.shape[1]
    return _case(
        Material(np.column_stack([m.X, column]), m.y), rng,
        lambda found: any(number in e["varying"] for e in _evidence(found)),  # type: ignore[operator]
    )  # fmt: skip


def duplicate(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Add a feature of this correlation with another one, or with its negative.

    That is the correlation of values within three standard deviations: a few far ones would make
    one of the features whose other values have little to do with one another.
    """
    m = material(source, rng)
    # A feature that a few examples alone have is no plant: its copy would be no copy by chance.
    often = np.flatnonzero(np.mean(np.median(m.X, axis=0) != m.X, axis=0) > 0.1)
    original = int(rng.choice(often))
    column = m.X[:, original] - m.X[:, original].mean()
    most = 3 * column.std()
    column = column / np.clip(column, -most, most).std()
    noise = np.sqrt(1 / strength**2 - 1) * rng.normal(size=len(column))
    planted = _with_column(m, rng.choice([-1.0, 1.0]) * column + noise)
    pair = {original, m.X.shape[1]}

    def names_it(found: Sequence[Finding]) -> bool:
        pairs = [p for e in _evidence(found) for p in e["pairs"]]  # type: ignore[attr-defined]
        return any({p["first"], p["second"]} == pair for p in pairs)

    return _case(planted, rng, names_it)


def identifier(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Add the numbers of the rows of a table of which they are this share, in random order."""
    m = material(source, rng)
    numbers = rng.permutation(round(len(m.y) / strength))[: len(m.y)].astype(np.float64)
    number = m.X.shape[1]
    return _case(
        _with_column(m, numbers), rng,
        lambda found: any(e["identifiers"] == [number] for e in _evidence(found)),
    )  # fmt: skip


def leak(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Add a feature that is the class in this share of the examples, and else a random one."""
    m = material(source, rng)
    is_own = rng.random(len(m.y)) < strength
    classes = int(m.y.max()) + 1
    told = np.where(is_own, m.y, rng.integers(0, classes, len(m.y)))
    number = m.X.shape[1]
    return _case(
        _with_column(m, told + 0.01 * rng.normal(size=len(told))), rng,
        lambda found: any(e["feature"] == number for e in _evidence(found)),
    )  # fmt: skip


def shared(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Put training examples in the place of this share of the validation examples."""
    return _copied(rng, strength, source, 0.0)


def nearly_shared(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Put such copies with a noise of 2% of each feature's standard deviation."""
    return _copied(rng, strength, source, 0.02)


def _copied(rng: np.random.Generator, share: float, source: str, noise: float) -> Case:
    m = material(source, rng)
    train, validation = _parts(m)
    count = round(share * len(validation))
    to, copied = rng.permutation(validation)[:count], rng.permutation(train)[:count]
    X, y = m.X.copy(), m.y.copy()
    X[to] = X[copied] + noise * X.std(axis=0) * rng.normal(size=(count, X.shape[1]))
    y[to] = y[copied]
    key = "shared" if noise == 0 else "near"
    return _case(
        Material(X, y, m.image_shape), rng,
        lambda found: any(e[key] > 0 for e in _evidence(found)),  # type: ignore[operator]
    )  # fmt: skip


def learns_nothing(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Give two classes at random, the commoner one to this share of the examples."""
    m = material(source, rng)
    y = (rng.random(len(m.y)) > strength).astype(np.int64)
    return _case(Material(m.X, y, m.image_shape), rng, lambda found: bool(_evidence(found)))


def missing(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Take this share of a class's training examples away."""
    m = material(source, rng)
    label = int(rng.integers(int(m.y.max()) + 1))
    train, _ = _parts(m)
    members = train[m.y[train] == label]
    gone = members[: round(strength * len(members))]
    case = of(m, rng)
    rows = np.setdiff1d(train, gone)
    fewer = Dataset(
        case.train.X[rows], case.train.y[rows], case.train.classes, case.train.image_shape
    )
    return replace(
        case, train=fewer,
        is_right=lambda found: any(
            c["label"] == label and c["train"] < 10
            for e in _evidence(found) for c in e["classes"]  # type: ignore[attr-defined]
        ),
    )  # fmt: skip


def shifted(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Shift a quarter of the validation features by so many standard deviations."""
    m = material(source, rng)
    varies = np.flatnonzero(np.mean(np.median(m.X, axis=0) != m.X, axis=0) > 0.1)
    columns = rng.permutation(varies)[: max(2, len(varies) // 4)]
    X = m.X.copy()
    _, validation = _parts(m)
    X[np.ix_(validation, columns)] += strength * X[:, columns].std(axis=0)
    chosen = set(columns.tolist())
    return _case(
        Material(X, m.y, m.image_shape), rng,
        lambda found: any(e["telling_features"][0] in chosen for e in _evidence(found)),  # type: ignore[index]
    )  # fmt: skip


def other_classes(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Take this share of a class's validation examples away."""
    m = material(source, rng)
    label = int(rng.integers(int(m.y.max()) + 1))
    train, validation = _parts(m)
    members = validation[m.y[validation] == label]
    gone = members[: round(strength * len(members))]
    case = of(m, rng)
    rows = np.setdiff1d(validation, gone) - len(train)
    fewer = Dataset(
        case.validation.X[rows], case.validation.y[rows], case.validation.classes,
        case.validation.image_shape,
    )  # fmt: skip
    return replace(
        case, validation=fewer,
        is_right=lambda found: any(
            e["shifted_class"] == label or case.train.n_classes == 2 for e in _evidence(found)
        ),
    )  # fmt: skip


def flipped(rng: np.random.Generator, strength: float, source: str) -> Case:
    """Give this share of all examples the label of another class."""
    m = material(source, rng)
    classes = int(m.y.max()) + 1
    flips = rng.random(len(m.y)) < strength
    y = m.y.copy()
    y[flips] = (y[flips] + rng.integers(1, classes, flips.sum())) % classes

    def lists_them(found: Sequence[Finding]) -> bool:
        rows = [s["row"] for e in _evidence(found) for s in e["suspects"]]  # type: ignore[attr-defined]
        return bool(rows) and bool(np.mean(flips[rows]) >= 0.5)

    return _case(Material(m.X, y, m.image_shape), rng, lists_them)


PLANTS = [
    Plant("OL201", "half of the features in another unit",
          (3, 10, 30, 100), 100, unscaled),
    Plant("OL202", "constant in training, not in validation",
          (0.01, 0.05, 0.2, 1), 0.05, constant),
    Plant("OL203", "a feature twice", (0.999, 0.9998, 1), 0.9998, duplicate),
    Plant("OL204", "row numbers as a feature", (0.01, 0.05, 0.2, 1), 0.05,
          identifier),
    Plant("OL205", "a feature that is the label",
          (0.8, 0.9, 0.97, 0.99, 1), 0.99, leak,
          ("mnist", "AER HMDA", "ISLR OJ", "modeldata credit_data", "DAAG spam7")),
    Plant("OL206", "training examples in validation",
          (0.003, 0.01, 0.03, 0.1), 0.03, shared, FEW_REPEATS),
    Plant("OL206", "training examples in validation, with noise",
          (0.01, 0.03, 0.1), 0.1, nearly_shared, FEW_REPEATS),
    Plant("OL207", "labels at random", (0.5, 0.8, 0.9, 0.97), 0.5,
          learns_nothing, ALL),
    Plant("OL208", "a class taken out of training", (0.5, 0.9, 1), 1, missing,
          ALL),
    Plant("OL209", "a quarter of the features shifted in validation",
          (0.1, 0.3, 0.6, 1), 0.6, shifted),
    Plant("OL209", "a class taken out of validation", (0.2, 0.5, 0.8), 0.8,
          other_classes),
    Plant("OL210", "labels flipped", (0.02, 0.05, 0.1), 0.1, flipped,
          ("digits", "mnist", "AER HMDA", "openintro email", "DAAG spam7")),
]  # fmt: skip
