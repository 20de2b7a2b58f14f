"""Examples that are changed on purpose, and parts that are drawn: what is left as it was."""

from __future__ import annotations

import numpy as np
import pytest

from onelayer.data import Dataset, Scaling
from onelayer.data.parts import random_parts
from onelayer.data.stratified import stratified_order
from onelayer.data.variants import (
    balanced,
    one_sided,
    some_examples,
    with_shares,
    with_wrong_labels,
)
from onelayer.errors import InputError

COUNTS = (60, 30, 9)


def made(counts: tuple[int, ...] = COUNTS, seed: int = 0) -> Dataset:
    """Examples of three classes, mixed, whose one feature is their number."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([7, 5, 3], counts))
    X = np.arange(len(y), dtype=np.float64)[:, np.newaxis]
    return Dataset(X, y, classes=(7, 5, 3), scaling=Scaling(0.5, 1.0))


def rows(data: Dataset) -> list[int]:
    return [int(x) for x in data.X[:, 0]]


@pytest.mark.parametrize("seed", [0, 5])
def test_every_beginning_of_the_order_is_stratified(seed: int) -> None:
    data = made()
    order = stratified_order(data.targets, seed)
    assert sorted(order) == list(range(99))
    for n in range(1, 100):
        counts = np.bincount(data.targets[order[:n]], minlength=3)
        assert np.all(np.abs(counts - n * np.array(COUNTS) / 99) < 2)


def test_orders_of_two_seeds_differ_and_are_no_file_order() -> None:
    targets = made().targets
    first, second = (stratified_order(targets, seed) for seed in (0, 1))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, np.arange(99))


def test_random_parts_share_no_example_and_keep_the_order_of_the_source() -> None:
    data = made()
    train, validation = data.first(60), Dataset(
        data.X[60:], data.y[60:], classes=data.classes, scaling=data.scaling
    )  # fmt: skip
    a, b = random_parts(train, validation, 50, 40, seed=3)
    assert (a.n_examples, b.n_examples) == (50, 40)
    assert not {*rows(a)} & {*rows(b)}
    assert rows(a) == sorted(rows(a))
    assert any(row >= 60 for row in rows(a))
    assert any(row < 60 for row in rows(b))
    for part in (a, b):
        assert np.array_equal(part.y, data.y[rows(part)])
        assert part.scaling == data.scaling
    smaller, _ = random_parts(train, validation, 50, 10, seed=3)
    assert rows(smaller) == rows(a)
    with pytest.raises(InputError, match="the source has 99 in all"):
        random_parts(train, validation, 60, 40, seed=3)


def test_a_larger_draw_holds_the_smaller_one() -> None:
    data = made()
    few, many = (some_examples(data, n, draw=2) for n in (20, 50))
    assert {*rows(few)} < {*rows(many)}
    assert rows(many) == sorted(rows(many))
    assert rows(some_examples(data, 20, draw=1)) != rows(few)
    with pytest.raises(InputError, match="there are 99"):
        some_examples(data, 100, draw=0)


def test_wrong_labels_are_so_many_wrong_and_all_else_is_as_it_was() -> None:
    data = made((200, 200, 200))
    noisy, wrong = with_wrong_labels(data, 0.15, draw=0)
    assert len(wrong) == 90
    assert np.array_equal(np.flatnonzero(noisy.y != data.y), wrong)
    assert noisy.X is data.X or np.array_equal(noisy.X, data.X)
    assert (noisy.classes, noisy.scaling) == (data.classes, data.scaling)
    more, wrong_too = with_wrong_labels(data, 0.4, draw=0)
    assert {*wrong} < {*wrong_too}
    assert np.array_equal(more.y[wrong], noisy.y[wrong])
    assert {*with_wrong_labels(data, 0.15, draw=1)[1]} != {*wrong}


def test_wrong_labels_are_of_each_other_class_as_often() -> None:
    data = made((3000, 3000, 3000))
    noisy, wrong = with_wrong_labels(data, 1.0, draw=0)
    assert len(wrong) == 9000
    pairs = np.zeros((3, 3))
    np.add.at(pairs, (data.targets, noisy.targets), 1)
    assert np.all(np.diag(pairs) == 0)
    assert np.all(np.abs(pairs[~np.eye(3, dtype=bool)] - 1500) < 150)


def test_shares_of_classes() -> None:
    data = with_shares(made(), (1.0, 0.5, 0.01), draw=0)
    assert np.bincount(data.targets).tolist() == [60, 15, 1]
    assert rows(data) == sorted(rows(data))
    with pytest.raises(InputError, match="2 were given for the 3 classes"):
        with_shares(made(), (1.0, 0.5), draw=0)


def test_balanced_repeats_examples_of_rare_classes_alone() -> None:
    data = made()
    even = balanced(data)
    assert np.bincount(even.targets).tolist() == [60, 60, 60]
    often = np.bincount(rows(even), minlength=99)
    assert np.all(often[data.targets == 0] == 1)
    assert np.all(often[data.targets == 1] == 2)
    assert {*often[data.targets == 2]} == {6, 7}
    # No stretch of the file holds one class alone.
    assert all(len({*even.y[i : i + 9]}) == 3 for i in range(0, 171, 9))


def test_one_sided_places_hold_one_class_and_nothing_is_lost() -> None:
    data = made()
    batch = one_sided(data, 5, 80, 95)
    assert {*batch.y[80:95]} == {5}
    assert sorted(rows(batch)) == list(range(99))
    assert np.array_equal(batch.y, data.y[rows(batch)])
    moved = [i for i, row in enumerate(rows(batch)) if row != i]
    assert len([i for i in moved if not 80 <= i < 95]) == len([i for i in moved if 80 <= i < 95])
    for bad, said in (((9, 0, 5), "no class 9"), ((5, 0, 100), "no places"), ((3, 0, 20), "has 9")):
        with pytest.raises(InputError, match=said):
            one_sided(data, *bad)
