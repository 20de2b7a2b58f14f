"""Exponentials and logarithms of the kernels against many digits."""

from collections.abc import Callable
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest

compiler: Any = pytest.importorskip("onelayer.engines.compiled.compiler")
functions: Any = pytest.importorskip("onelayer.engines.compiled.function_tiles")
memory: Any = pytest.importorskip("onelayer.engines.compiled.memory")

FLOATS = ["float32", "float64"]


def errors(found: np.ndarray, x: np.ndarray, function: Callable[[Any], Any]) -> np.ndarray:
    """Return how many units in the last place of the exact value each is off."""
    with mpmath.workdps(40):
        exact = [function(mpmath.mpf(float(value))) for value in x]
        spacing = np.spacing(np.array([float(value) for value in exact], found.dtype))
        pairs = zip(found.tolist(), exact, spacing.tolist(), strict=True)
        return np.array([float(abs(mpmath.mpf(own) - value) / unit) for own, value, unit in pairs])


def exponentials(x: np.ndarray) -> np.ndarray:
    array: np.ndarray = memory.scratch((0, 0), (0, 0), len(x), x.dtype).terms.exponentials
    array[: len(x)] = x

    def run(values: Any, count: int) -> None:
        functions.exp_inplace(values, count)

    compiler.compiled(run)(array, len(x))
    return array[: len(x)]


def logarithms(into: Any, x: np.ndarray) -> np.ndarray:
    room = memory.scratch((0, 0), (0, 0), len(x), x.dtype).terms
    room.exponentials[: len(x)] = x

    def run(values: Any, count: int, logs: Any) -> None:
        into(values, count, logs)

    compiler.compiled(run)(room.exponentials, len(x), room.logs)
    found: np.ndarray = room.logs[: len(x)]
    return found


@pytest.mark.parametrize("dtype", FLOATS)
def test_exp(dtype: str) -> None:
    least = 87 if dtype == "float32" else 708
    rng = np.random.default_rng(0)
    x = np.concatenate([np.geomspace(1e-30, least, 3000), rng.uniform(0, 20, 2000), [0.0]])
    x = -x.astype(dtype)
    assert errors(exponentials(x), x, mpmath.exp).max() < 1.2
    at_ends = exponentials(np.array([0, -1e4, -np.inf, np.nan], dtype))
    np.testing.assert_array_equal(at_ends, [1, 0, 0, np.nan])


@pytest.mark.parametrize("dtype", FLOATS)
def test_log(dtype: str) -> None:
    rng = np.random.default_rng(0)
    near = 1 + np.concatenate([np.geomspace(1e-15, 0.5, 2000), [0.0]])
    x = np.concatenate([near, rng.uniform(1, 1000, 2000), np.geomspace(1e-30, 1e30, 1001)])
    x = x.astype(dtype)
    assert errors(logarithms(functions.log_into, x), x, mpmath.log).max() < 1
    at_ends = logarithms(functions.log_into, np.array([1, np.nan, 2], dtype))
    np.testing.assert_array_equal(at_ends, [0, np.nan, np.log(2.0)])


@pytest.mark.parametrize("dtype", FLOATS)
def test_log1p(dtype: str) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([np.geomspace(1e-30, 1, 3000), rng.random(2000)]).astype(dtype)
    assert errors(logarithms(functions.log1p_into, x), x, mpmath.log1p).max() < 1
    at_ends = logarithms(functions.log1p_into, np.array([0, np.nan, 1], dtype))
    np.testing.assert_array_equal(at_ends, [0, np.nan, np.log(2.0)])
