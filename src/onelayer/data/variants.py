"""Examples that are changed on purpose, for a study: fewer, rarer, wrong or one-sided.

Each function is pure, and returns a data set with the same classes and scaling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from onelayer.data.dataset import Dataset
from onelayer.data.labels import Label
from onelayer.data.rows import Rows
from onelayer.data.stratified import stratified_order
from onelayer.errors import InputError
from onelayer.words import first_few

_WRONG_LABELS = 1 << 32
"""Sets the draw of wrong labels apart from that of examples."""


def some_examples(data: Dataset, n: int, draw: int) -> Dataset:
    """Return `n` examples, drawn at random with the classes' shares, in the order they have here.

    A larger draw of the same number holds the smaller one.

    Raises
    ------
    InputError
        If there are fewer.
    """
    if n > data.n_examples:
        raise InputError(
            f"{n:,} were asked for, and there are {data.n_examples:,}; take at most as many."
        )
    return _rows(data, np.sort(stratified_order(data.targets, draw)[:n]))


def with_shares(data: Dataset, shares: Sequence[float], draw: int) -> Dataset:
    """Return the examples of each class of which a share is left, in the order they have here.

    Parameters
    ----------
    shares : sequence of float
        For each class, above 0 and at most 1; at least one example stays.

    Raises
    ------
    InputError
        If there is not one share a class, or the data has a matrix of labels.
    """
    if data.has_label_matrix:
        raise InputError("a matrix of labels has no examples of a class alone.")
    if len(shares) != data.n_classes:
        raise InputError(
            f"{len(shares)} were given for the {data.n_classes} classes {first_few(data.classes)}; "
            "give one number a class."
        )
    order = stratified_order(data.targets, draw)
    kept = []
    for k, share in enumerate(shares):
        own = order[data.targets[order] == k]
        kept.append(own[: max(round(share * len(own)), 1)])
    return _rows(data, np.sort(np.concatenate(kept)))


def balanced(data: Dataset) -> Dataset:
    """Return the examples so often that all classes have as many: the same as weighting them.

    Each example of a class stands once, or so often that the class comes up to the largest one, the
    first of them once more where that does not divide. Repetitions are spread over the file as the
    examples of the largest class are.
    """
    if data.has_label_matrix:
        raise InputError("a matrix of labels has no examples of a class alone.")
    own = [np.flatnonzero(data.targets == k) for k in range(data.n_classes)]
    most = max(map(len, own))
    rows = [np.resize(rows, most) for rows in own if len(rows)]
    place = [(np.arange(most) + 0.5) / most for _ in rows]
    order = np.argsort(np.concatenate(place), kind="stable")
    return _rows(data, np.concatenate(rows)[order])


def with_wrong_labels(data: Dataset, share: float, draw: int) -> tuple[Dataset, Rows]:
    """Return the examples, a share of them with the label of another class, each as likely.

    A larger share of the same draw makes the labels of the smaller one wrong too, and alike.

    Returns
    -------
    data : Dataset
    rows : array of int64
        Whose labels are wrong: `share` of all, rounded, in rising order.

    Raises
    ------
    InputError
        If the data has a matrix of labels.
    """
    if data.has_label_matrix:
        raise InputError("a matrix of labels has no wrong class; leave it out.")
    n, k = data.n_examples, data.n_classes
    generator = np.random.Generator(np.random.Philox(key=[draw, _WRONG_LABELS]))
    order = generator.permutation(n)
    shift = generator.integers(1, k, size=n)
    rows = np.sort(order[: round(share * n)])
    names = np.asarray(data.classes)
    y = data.y.copy()
    y[rows] = names[(data.targets[rows] + shift[rows]) % k]
    return replace(data, y=y), rows


def one_sided(data: Dataset, label: Label, begin: int, end: int) -> Dataset:
    """Return the examples so ordered that those of some places are all of one class.

    Those of other classes there change places with the next of that class after them, or, at the
    end of the file, from its beginning on.

    Parameters
    ----------
    label : label
        The class.
    begin, end : int
        The places, from the first to before the second.

    Raises
    ------
    InputError
        If there is no such class, or place, or there are fewer examples of the class.
    """
    if label not in data.classes or data.has_label_matrix:
        raise InputError(f"there is no class {label!r}; the classes are {first_few(data.classes)}.")
    own = data.targets == data.classes.index(label)
    n = data.n_examples
    if not 0 <= begin < end <= n:
        raise InputError(f"{begin} to before {end} are no places among {n:,} examples.")
    inside = np.arange(begin, end)
    others = inside[~own[inside]]
    outside = np.concatenate([np.arange(end, n), np.arange(begin)])
    taken = outside[own[outside]][: len(others)]
    if len(taken) < len(others):
        raise InputError(
            f"{end - begin:,} places were given, and the class {label!r} has "
            f"{np.count_nonzero(own):,} examples; give fewer places."
        )
    order = np.arange(n)
    order[others], order[taken] = taken, others
    return _rows(data, order)


def _rows(data: Dataset, rows: Rows) -> Dataset:
    return replace(data, X=data.X[rows], y=data.y[rows])
