"""The law of order `blocks`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onelayer.data import Windows
from onelayer.data.windows import Ahead, Window
from onelayer.errors import InputError

LENGTHS = st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any)


def sequence(windows: Windows, epoch: int) -> list[int]:
    """Return the examples of an epoch, by number in the file, in their order."""
    begins = np.cumsum([0, *windows.lengths])
    found: list[int] = []
    for window in windows.of_epoch(epoch):
        rows = np.concatenate([np.arange(begins[i], begins[i + 1]) for i in window.blocks])
        found += rows[windows.rows(window)].tolist()
    return found


@given(lengths=LENGTHS, seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 10**6))
def test_every_example_comes_once_in_an_epoch(lengths: list[int], seed: int, epoch: int) -> None:
    windows = Windows(tuple(lengths), 1, seed)
    assert sorted(sequence(windows, epoch)) == list(range(sum(lengths)))
    assert sorted(windows.sizes()) == sorted(k for k in lengths if k)


@given(count=st.integers(1, 9), last=st.integers(1, 5), size=st.integers(1, 4))
def test_windows_of_several_blocks_have_the_same_sizes_in_all_epochs(
    count: int, last: int, size: int
) -> None:
    windows = Windows((5,) * count + (last,), size, 3)
    for epoch in range(4):
        assert sorted(sequence(windows, epoch)) == list(range(5 * count + last))
        own = [sum(windows.lengths[i] for i in w.blocks) for w in windows.of_epoch(epoch)]
        # Of windows of one block the sequence is free.
        assert (own if size > 1 else sorted(own)) == (
            windows.sizes() if size > 1 else sorted(windows.sizes())
        )


def test_sequences_and_mixtures_are_new_in_each_epoch() -> None:
    windows = Windows((50,) * 6, 2, 0)
    sequences = {tuple(w.blocks for w in windows.of_epoch(e)) for e in range(8)}
    assert len(sequences) == 8
    first, second = windows.of_epoch(0)[:2]
    assert not np.array_equal(windows.rows(first), windows.rows(second))
    assert windows.of_epoch(3) == Windows((50,) * 6, 2, 0).of_epoch(3)
    assert windows.of_epoch(3) != Windows((50,) * 6, 2, 1).of_epoch(3)


def test_no_window_mixes_more_than_its_blocks() -> None:
    windows = Windows((30, 20, 40), 1, 0)
    for window in windows.of_epoch(1):
        own = windows.lengths[window.blocks[0]]
        assert sorted(windows.rows(window)) == list(range(own))


def test_windows_go_on_from_any_of_them() -> None:
    windows = Windows((3,) * 5, 2, 0)
    whole = [w for epoch in range(3) for w in windows.of_epoch(epoch)]
    assert list(windows.from_window(whole[4], 2)) == whole[4:]


def test_unequal_blocks_are_not_mixed_with_others() -> None:
    with pytest.raises(InputError, match=r"window: 2 was given, and the blocks have from 3 to 5"):
        Windows((5, 3, 5), 2, 0)
    with pytest.raises(InputError, match="window"):
        Windows((5, 5), 0, 0)
    Windows((5, 5, 3), 2, 0)


def test_what_is_made_ahead_is_that_of_the_window_asked_for() -> None:
    windows, made = Windows((3, 0, 2, 4), 1, 7), []

    def make(window: Window) -> Window:
        made.append(window)
        return window

    ahead = Ahead(windows, 2, make)
    in_turn = [window for epoch in range(3) for window in windows.of_epoch(epoch)]
    assert [ahead.of(window) for window in in_turn for _ in range(2)] == [
        window for window in in_turn for _ in range(2)
    ]
    assert made == in_turn  # each once, and none after the last epoch
    elsewhere = [in_turn[i] for i in (4, 4, 0, 8, 7)]
    assert [ahead.of(window) for window in elsewhere] == elsewhere
