"""Calls that are made behind the caller's back, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from onelayer.threads import Behind


def test_the_caller_goes_on_and_calls_keep_their_order() -> None:
    begun = threading.Event()
    done: list[int] = []

    def first() -> None:
        assert begun.wait(120)  # set by the caller, who does not wait
        done.append(1)

    with Behind() as behind:
        behind.do(first)
        begun.set()
        behind.do(lambda: done.append(2))
        assert done[0] == 1  # one at a time
    assert done == [1, 2]


def test_an_error_is_raised_at_the_next_call_or_at_the_end() -> None:
    def fail() -> None:
        raise ValueError("behind")

    def called(*calls: Callable[[], object]) -> None:
        with Behind() as behind:
            for call in calls:
                behind.do(call)

    with pytest.raises(ValueError, match="behind"):
        called(fail, pytest.fail)
    with pytest.raises(ValueError, match="behind"):
        called(fail)


def test_the_callers_own_error_goes_first_and_the_call_ends() -> None:
    done: list[int] = []

    def failing() -> None:
        with Behind() as behind:
            behind.do(lambda: done.append(1))
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert done == [1]
