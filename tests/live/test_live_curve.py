"""Curves that grow without end."""

from __future__ import annotations

import numpy as np
import pytest

from onelayer.live.curve import Curve


@pytest.mark.parametrize("piece", [1, 7, 5000])
def test_a_dip_of_one_step_is_never_averaged_away(piece: int) -> None:
    values = np.full(20_000, 0.9)
    values[13_577] = 0.2
    curve = Curve(64)
    for first in range(0, len(values), piece):
        curve.add(first, values[first : first + piece])
    steps, mean, low, high = curve.as_json()
    assert len(steps) <= 64
    assert min(low) == 0.2
    assert max(high) == 0.9
    place = int(np.argmin(low))
    assert steps[place] <= 13_577
    assert place + 1 == len(steps) or steps[place + 1] > 13_577
    assert np.mean(mean) == pytest.approx(values.mean(), abs=1e-3)


def test_few_values_are_all_there() -> None:
    curve = Curve(64)
    for step in (0, 13, 26):
        curve.add(step, np.array([step / 100]))
    assert curve.as_json() == [[0, 13, 26], [0, 0.13, 0.26], [0, 0.13, 0.26], [0, 0.13, 0.26]]


def test_what_is_not_finite_is_left_out() -> None:
    curve = Curve(4)
    curve.add(0, np.array([1.0, np.nan, np.inf, 2.0]))
    assert curve.as_json()[0] == [0, 3]
    nothing = Curve(4)
    nothing.add(0, np.array([np.nan]))
    assert nothing.as_json() == [[], [], [], []]


def test_a_copy_does_not_grow() -> None:
    curve = Curve(4)
    curve.add(0, np.arange(3.0))
    copy = curve.copy()
    curve.add(3, np.arange(3.0, 100.0))
    assert curve.as_json() != copy.as_json()
    assert copy.as_json()[0] == [0, 1, 2]
