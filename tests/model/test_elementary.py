"""Exponentials and logarithms of arrays against many digits."""

from collections.abc import Callable
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest

from onelayer.model.elementary import VALUES_AT_ONCE, exp, log, log1p

rng = np.random.default_rng(0)
NEGATIVE = np.concatenate([-np.geomspace(1e-30, 708, 1500), -rng.uniform(0, 30, 2000), [0.0]])
SHARES = np.concatenate([np.geomspace(1e-30, 1, 1500), rng.random(2000), [0.0]])
NEAR_ONE = 1 + np.concatenate([np.geomspace(1e-15, 0.5, 1500), [0.0]])
NUMBERS = np.concatenate([NEAR_ONE, rng.uniform(1, 1000, 1500), np.geomspace(1e-300, 1e300, 501)])


@pytest.mark.parametrize(
    ("function", "exact", "x"),
    [
        (exp, mpmath.exp, NEGATIVE),
        (exp, mpmath.exp, -NEGATIVE),
        (log, mpmath.log, NUMBERS),
        (log1p, mpmath.log1p, SHARES),
    ],
)
def test_errors(
    function: Callable[[np.ndarray], np.ndarray], exact: Callable[[Any], Any], x: np.ndarray
) -> None:
    with mpmath.workdps(40):
        expected = [exact(mpmath.mpf(value)) for value in x.tolist()]
        units = np.spacing(np.array([abs(float(value)) for value in expected]))
        found = zip(function(x).tolist(), expected, units.tolist(), strict=True)
        assert max(float(abs(own - value) / unit) for own, value, unit in found) < 1.1
    single = x[np.abs(x) < 80].astype(np.float32)
    np.testing.assert_array_equal(function(single), function(single.astype(np.float64)).astype("f"))


def test_ends_and_shapes() -> None:
    np.testing.assert_array_equal(
        exp(np.array([[0, -800], [-np.inf, np.nan], [800, np.inf]])),
        [[1, 0], [0, np.nan], [np.inf, np.inf]],
    )
    np.testing.assert_array_equal(log(np.array([1, np.nan])), [0, np.nan])
    np.testing.assert_array_equal(log1p(np.array([0, np.nan])), [0, np.nan])
    assert log1p(np.zeros((0, 3))).shape == (0, 3)


def test_a_value_has_the_same_bits_wherever_it_stands() -> None:
    x = -rng.uniform(0, 30, 2 * VALUES_AT_ONCE + 5)
    for function in (exp, lambda x: log(-x), lambda x: log1p(x / -30)):
        whole = function(x)
        for i in (0, 1, VALUES_AT_ONCE, len(x) - 1):
            assert function(x[i : i + 1]).tobytes() == whole[i : i + 1].tobytes()
            assert function(x[i::2])[0].tobytes() == whole[i].tobytes()
