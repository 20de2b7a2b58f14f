"""Few-shot draws: some examples of each class, by the number of the draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from onelayer.data import Dataset, Rows
from onelayer.errors import Argument, InputError
from onelayer.training.config import TrainConfig


class Draws:
    """The rows that runs train on: the same object for runs that train on the same.

    Parameters
    ----------
    data : Dataset
    rows : array of int64 or None
        The examples that take part; None: all.
    """

    def __init__(self, data: Dataset, rows: Rows | None) -> None:
        self._data, self._rows = data, rows
        self._drawn: dict[tuple[int, int, int], Rows] = {}

    def rows(self, config: TrainConfig, weights: ArrayLike | None) -> Rows | None:
        """Return the rows that a run trains on, given the weights of all examples; None: all."""
        if config.examples_per_class is None:
            return self._rows
        key = config.examples_per_class, config.draw, id(weights)
        if key not in self._drawn:
            self._drawn[key] = drawn_rows(self._data, *key[:2], self._rows, weights)
        return self._drawn[key]


def drawn_rows(
    data: Dataset, per_class: int, draw: int, rows: Rows | None, weights: ArrayLike | None
) -> Rows:
    """Return so many examples of each class, drawn among those that count.

    A pure function. An example's place in the queue of its class depends on the draw and on the
    examples of the class alone: a larger draw of the same number holds the smaller one.

    Parameters
    ----------
    data : Dataset
    per_class, draw : int
    rows : array of int64 or None
        The examples that take part; None: all.
    weights : array, shape (n,), or None
        Those of weight 0 are not drawn.

    Returns
    -------
    array of int64, shape (n_classes * per_class,)
        In the order of the examples.

    Raises
    ------
    InputError
        If a class has fewer.
    """
    rows = np.arange(data.n_examples) if rows is None else np.sort(rows)
    if weights is not None:
        rows = rows[np.asarray(weights)[rows] > 0]
    drawn = []
    for k, label in enumerate(data.classes):
        own = rows[data.targets[rows] == k]
        if len(own) < per_class:
            raise InputError(
                Argument("examples_per_class"),
                f": {per_class:,} was given; the class {label!r} has {len(own):,} examples to draw "
                "from. Take as many, or leave the class out.",
            )
        generator = np.random.Generator(np.random.Philox(key=[draw, k]))
        drawn.append(own[generator.permutation(len(own))[:per_class]])
    return np.sort(np.concatenate(drawn))


def n_drawn(config: TrainConfig, n_examples: int, n_classes: int) -> int:
    """Return how many of so many examples a run trains on."""
    per_class = config.examples_per_class
    return n_examples if per_class is None else per_class * n_classes


def refuse_balanced(class_weight: object, per_class: int | None) -> None:
    """Refuse weights that balance classes for draws, which are balanced already."""
    if per_class is not None and isinstance(class_weight, str):
        raise InputError(
            Argument("class_weight"), f": {class_weight!r} was given with ",
            Argument("examples_per_class"), ", which draws as many of each class; leave one out.",
        )  # fmt: skip
