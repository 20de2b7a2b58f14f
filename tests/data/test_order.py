from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onelayer.data import OrderName, epoch_order, order_by_law
from onelayer.errors import InputError


@given(seed=st.integers(0, 2**128 - 1), epoch=st.integers(0, 10**6), n=st.integers(0, 200))
def test_order_is_a_permutation_and_pure(seed: int, epoch: int, n: int) -> None:
    order = epoch_order(seed, epoch, n)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(n))
    np.testing.assert_array_equal(epoch_order(seed, epoch, n), order)


def test_order_does_not_depend_on_numpys_global_state() -> None:
    before = epoch_order(3, 4, 50)
    np.random.default_rng().random(10)
    epoch_order(3, 3, 50)
    np.testing.assert_array_equal(epoch_order(3, 4, 50), before)


def test_every_seed_and_epoch_has_its_own_order() -> None:
    # 2**32 and its multiples: a seed beyond 32 bits must not run into the epoch's place.
    seeds = [0, 1, 7, 2**32, 7 + 5 * 2**32, 2**64]
    orders = {tuple(epoch_order(seed, epoch, 100)) for seed in seeds for epoch in range(10)}
    assert len(orders) == len(seeds) * 10


def test_pinned_orders() -> None:
    """A change here changes the result of every shuffled run."""
    assert epoch_order(0, 0, 8).tolist() == [5, 3, 0, 1, 2, 4, 7, 6]
    assert epoch_order(0, 1, 8).tolist() == [6, 3, 4, 7, 2, 0, 1, 5]
    assert epoch_order(1, 0, 8).tolist() == [4, 7, 1, 5, 2, 3, 0, 6]


def test_positions_are_equally_likely() -> None:
    counts = np.zeros((4, 4))
    for epoch in range(2000):
        counts[np.arange(4), epoch_order(0, epoch, 4)] += 1
    # Each count is binomial(2000, 1/4): 500 with a standard deviation of 19.
    assert np.abs(counts - 500).max() < 5 * 19.4


@pytest.mark.parametrize("epoch", [0, 1, 99])
def test_unshuffled_order_counts_up(epoch: int) -> None:
    order = epoch_order(5, epoch, 6, shuffle=False)
    assert order.dtype == np.int64
    assert order.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((-1, 0, 5), "seed"), ((0, -1, 5), "epoch"), ((0, 0, -5), "n"), ((0.5, 0, 5), "seed")],
)
def test_bad_numbers_are_named(arguments: tuple[int, int, int], name: str) -> None:
    with pytest.raises(InputError, match=f"^{name}: .*whole number"):
        epoch_order(*arguments)


def test_numpy_integers_are_accepted() -> None:
    arguments: list[Any] = [np.int64(0), np.uint8(0), np.int32(8)]
    assert epoch_order(*arguments).tolist()[:3] == [5, 3, 0]


TARGETS = np.array([2, 0, 1, 0, 2, 1, 1, 0, 2, 0, 1])
LAWS: tuple[OrderName, ...] = ("file", "class", "once", "batches", "epoch")


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("epoch", [0, 7])
def test_every_law_gives_permutations(law: OrderName, epoch: int) -> None:
    order = order_by_law(law, 3, epoch, TARGETS, 4)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(11))


def test_laws_say_what_epochs_share() -> None:
    orders = {law: [order_by_law(law, 3, e, TARGETS, 2).tolist() for e in range(5)] for law in LAWS}
    distinct = {law: len({tuple(order) for order in of_law}) for law, of_law in orders.items()}
    assert distinct == {"file": 1, "class": 1, "once": 1, "batches": 5, "epoch": 5}
    assert orders["file"][0] == list(range(11))
    assert orders["once"][0] == orders["epoch"][0] == epoch_order(3, 0, 11).tolist()
    assert orders["epoch"][4] == epoch_order(3, 4, 11).tolist()


def test_class_order_keeps_the_order_of_the_file_within_a_class() -> None:
    order = order_by_law("class", 0, 0, TARGETS, 4)
    assert order.tolist() == [1, 3, 7, 9, 2, 5, 6, 10, 0, 4, 8]


def test_batches_keep_their_contents_and_the_partial_one_its_place() -> None:
    order = order_by_law("batches", 3, 5, TARGETS, 4)
    assert sorted(order[:8].reshape(2, 4).tolist()) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert order[8:].tolist() == [8, 9, 10]
    assert order_by_law("batches", 3, 5, TARGETS, 20).tolist() == list(range(11))
