import math
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from onelayer.data import Scaling
from onelayer.errors import InputError


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 16), (-3, 5), (10, 11)])
def test_range_is_mapped_to_minus_one_and_one(low: float, high: float) -> None:
    raw = np.array([low, (low + high) / 2, high])
    scaled = Scaling.from_range(low, high).apply(raw, np.float64)
    np.testing.assert_allclose(scaled, [-1, 0, 1], atol=1e-14)


def test_pixels_are_scaled_as_pixel_over_half_the_range_less_one() -> None:
    pixels = np.arange(256, dtype=np.uint8)
    scaled = Scaling.from_range(0, 255).apply(pixels, np.float64)
    np.testing.assert_allclose(scaled, pixels / 127.5 - 1, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_result_has_the_type_asked_for_and_raw_is_untouched(dtype: type) -> None:
    raw = np.arange(4, dtype=np.float64)
    scaled = Scaling(2.0, 1.0).apply(raw, dtype)
    assert scaled.dtype == dtype
    np.testing.assert_array_equal(scaled, [1, 3, 5, 7])
    np.testing.assert_array_equal(raw, [0, 1, 2, 3])


def test_identity_changes_nothing() -> None:
    raw = np.array([0.1, -7.0])
    np.testing.assert_array_equal(Scaling.identity().apply(raw, np.float64), raw)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 0), (2, 1), (0, math.inf), (math.nan, 1), (0, 5e-324), (-1e308, 1e308)]
)
def test_impossible_range_is_refused(low: float, high: float) -> None:
    with pytest.raises(InputError, match=r"cannot be mapped to \[-1, 1\]"):
        Scaling.from_range(low, high)


@pytest.mark.parametrize(("scale", "offset"), [(0, 1), (math.nan, 0), (1, math.inf)])
def test_unusable_numbers_are_refused(scale: float, offset: float) -> None:
    with pytest.raises(InputError, match="must be finite and the scale must not be zero"):
        Scaling(scale, offset)


@pytest.mark.parametrize("dtype", ["float16", "int32", "nonsense"])
def test_other_types_are_refused(dtype: str) -> None:
    with pytest.raises(InputError, match="use float32 or float64"):
        Scaling.identity().apply(np.zeros(1), dtype)


def test_one_number_a_feature() -> None:
    scaling = Scaling([2, 3], [0, -1])  # type: ignore[arg-type]
    assert scaling.apply(np.ones((2, 2))).tolist() == [[2, 2], [2, 2]]
    assert scaling.apply(np.ones((2, 2), np.uint8)).dtype == np.float32
    assert scaling == Scaling(np.array([2.0, 3]), np.array([0.0, -1]))
    assert scaling != Scaling(np.array([2.0, 3]), np.array([0.0, 1]))
    assert scaling != Scaling(2, 0)


@pytest.mark.parametrize(
    ("scale", "offset", "message"),
    [
        ([1, 0], [0, 0], "feature 1: scale 0.0 and offset 0.0"),
        ([1, 1], [np.nan, 0], "feature 0: scale 1.0 and offset nan"),
        ([1, 1], 0, r"the shape of scale is \(2,\), that of offset \(\)"),
        ([[1]], [[0]], r"the shape is \(1, 1\)"),
    ],
)
def test_arrays_that_cannot_scale_are_refused(scale: Any, offset: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Scaling(scale, offset)


def test_sparse_values_are_scaled_and_stay_sparse() -> None:
    X = csr_array(np.array([[0, 2.0], [1, 0]]))
    scaled = Scaling(np.array([3.0, 5]), np.zeros(2)).apply(X)
    assert (scaled.format, scaled.dtype, scaled.nnz) == ("csr", np.float32, 2)
    assert scaled.toarray().tolist() == [[0, 10], [3, 0]]
