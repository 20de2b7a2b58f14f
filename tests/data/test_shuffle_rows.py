"""The permutation of rows that packing follows: each place once, and no order left."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from onelayer.data.blocks.packs.shuffle import Shuffle


@pytest.mark.parametrize("n", [1, 2, 3, 5, 255, 256, 257, 65_536, 65_537, 100_003])
def test_each_place_is_taken_once(n: int) -> None:
    assert np.bincount(Shuffle(7, n).places(0, n), minlength=n).tolist() == [1] * n


def test_a_place_does_not_depend_on_what_else_is_asked_for() -> None:
    shuffle = Shuffle(3, 100_000)
    whole = shuffle.places(0, 100_000)
    for begin, end in ((0, 1), (99_999, 100_000), (32_767, 32_769), (500, 70_000)):
        assert shuffle.places(begin, end).tolist() == whole[begin:end].tolist()


def test_places_stay_what_they_are() -> None:
    """Or folders that were begun before could not be finished."""
    assert Shuffle(0, 1000).places(0, 8).tolist() == PLACES
    assert Shuffle(1, 10**12).places(10**11, 10**11 + 2).tolist() == LARGE


PLACES = [962, 605, 271, 677, 710, 537, 409, 705]
LARGE = [612770753978, 499152117449]


def test_all_orders_of_a_few_rows_are_as_likely() -> None:
    found = Counter(tuple(Shuffle(seed, 4).places(0, 4).tolist()) for seed in range(720))
    counts = [found[order] for order in itertools.permutations(range(4))]
    assert chisquare(counts).pvalue > 1e-3


def test_places_and_distances_are_uniform_over_seeds() -> None:
    places = np.array([Shuffle(seed, 100).places(0, 100) for seed in range(1000)])
    for row in (0, 1, 50, 99):
        assert chisquare(np.bincount(places[:, row], minlength=100)).pvalue > 1e-3
    distances = (places[:, 1] - places[:, 0]) % 100
    assert chisquare(np.bincount(distances, minlength=100)[1:]).pvalue > 1e-3


def test_neighbours_have_nothing_in_common() -> None:
    n = 200_000
    places = Shuffle(0, n).places(0, n)
    assert abs(np.corrcoef(places[:-1], places[1:])[0, 1]) < 4 / np.sqrt(n)
    assert abs(np.corrcoef(places, np.arange(n))[0, 1]) < 4 / np.sqrt(n)
    assert np.count_nonzero(np.diff(places) == 1) < 10
    assert np.count_nonzero(places == np.arange(n)) < 10
