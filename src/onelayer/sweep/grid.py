"""The values that a sweep tries."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.errors import Argument, InputError
from onelayer.model import ModelName
from onelayer.training.feature_ranges import FeatureRange, as_range, is_list_of_ranges

AXES = ("l2", "learning_rate")
MOST_CANDIDATES = 100_000


def penalty_of(C: float, n: float, n_classes: int, model: ModelName = "softmax") -> float:
    """Return the penalty that is as strong as scikit-learn's C on n examples.

    C weighs the sum of the losses, not their mean: l2 = 1 / (2 C n). The two outputs of a softmax
    model share the weights of the one that scikit-learn has for two classes, w / 2 and -w / 2,
    whose squares add up to half of its own: they take twice as much. Two labels share nothing.
    """
    share = model == "softmax" and n_classes == 2
    return (2 if share else 1) / (2 * C * n)


def penalties_for(n: float, n_classes: int, model: ModelName = "softmax") -> tuple[float, ...]:
    """Return the penalties that are tried where none are given: `LogisticRegressionCV`'s ten."""
    return tuple(penalty_of(C, n, n_classes, model) for C in np.logspace(4, -4, 10).tolist())


@dataclass(frozen=True)
class Grid:
    """All combinations of some penalties and some learning rates, each in rising order.

    And those with some ranges of features, in the order given; None: what the configuration says.
    Without penalties there is nothing to combine; see `on`.
    """

    l2: tuple[float, ...]
    learning_rate: tuple[float, ...]
    features: tuple[FeatureRange | None, ...] = (None,)

    @classmethod
    def of(cls, l2: Any, learning_rate: Any, features: Any = None) -> Grid:
        """Return the grid of numbers, lists or arrays, and of one range of features or a list.

        A penalty of None leaves it to `on` to choose some.

        Raises
        ------
        InputError
            If one of them is empty, or holds something else than numbers, or ranges.
        """
        penalties = () if l2 is None else _axis("l2", l2)
        grid = cls(penalties, _axis("learning_rate", learning_rate), _ranges(features))
        count = max(len(penalties), 1) * len(grid.learning_rate) * len(grid.features)
        if count > MOST_CANDIDATES:
            raise InputError(
                f"{count:,} candidates were given; more than {MOST_CANDIDATES:,} are a slip of the "
                "hand: take fewer values."
            )
        return grid

    def on(self, n: float, n_classes: int, model: ModelName) -> Grid:
        """Return the grid with penalties that suit so many examples, where it has none."""
        return self if self.l2 else replace(self, l2=penalties_for(n, n_classes, model))

    def candidates(self) -> list[dict[str, Any]]:
        """Return the options of each candidate, range after range of features."""
        ranges = [{} if own is None else {"features": own} for own in self.features]
        return [
            own | {"l2": l2, "learning_rate": rate}
            for own in ranges
            for l2, rate in self.combinations()
        ]

    def combinations(self) -> list[tuple[float, float]]:
        """Return all pairs of a penalty and a learning rate, penalty after penalty."""
        return list(product(self.l2, self.learning_rate))

    def edges(self, best: tuple[float, float | None]) -> list[str]:
        """Say where a better value may lie outside; a penalty of 0 has nothing below it."""
        notes = []
        for name, values, value in zip(AXES, (self.l2, self.learning_rate), best, strict=True):
            if len(values) == 1 or value == 0 or value not in (values[0], values[-1]):
                continue
            lowest = value == values[0]
            notes.append(
                f"The best {name}, {value:g}, is the {'lowest' if lowest else 'highest'} of the "
                f"{len(values)} given: a {'lower' if lowest else 'higher'} one may be better. "
                "Extend the grid there."
            )
        return notes


def _ranges(given: Any) -> tuple[FeatureRange | None, ...]:
    several = is_list_of_ranges(given)
    try:
        ranges = [as_range(own) for own in (given if several else [given])]
    except ValueError as error:
        raise InputError(
            Argument("features"), f": {given!r} was given; each {error}."
            if several else f": {given!r} was given; it {error}.",
        ) from None  # fmt: skip
    if not ranges:
        raise InputError(Argument("features"), ": an empty list was given; give a range.")
    return tuple(dict.fromkeys(ranges))


def _axis(name: str, given: Any) -> tuple[float, ...]:
    if isinstance(given, list | tuple) and any(isinstance(own, str) for own in given):
        return tuple(sorted({value for own in given for value in _axis(name, own)}))
    try:
        numbers = _spelled(given) if isinstance(given, str) else given
        values = np.unique(np.atleast_1d(np.asarray(numbers, np.float64)))
    except (TypeError, ValueError):
        values = np.array([])
    if values.ndim != 1 or not len(values):
        raise InputError(
            Argument(name),
            f": {given!r} was given; give a number, some in a list, or logspace(-6, 0, 7).",
        )
    return tuple(values.tolist())


def _spelled(text: str) -> NDArray[np.float64]:
    """Return the numbers of "0.01,0.1", or of "logspace(-6, 0, 7)": seven from 1e-6 to 1."""
    spaced = re.fullmatch(r"\s*logspace\(([^,]+),([^,]+),([^,]+)\)\s*", text)
    if spaced is None:
        return np.array([float(number) for number in text.split(",")])
    # Of more values than candidates the logarithms alone could fill the memory.
    count = min(int(spaced[3]), MOST_CANDIDATES + 1)
    return np.logspace(float(spaced[1]), float(spaced[2]), count)
