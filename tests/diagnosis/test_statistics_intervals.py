import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onelayer.diagnosis.statistics import difference_interval, wilson_interval

counts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), pages 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_is_the_published_one(k: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(k / n, n) == pytest.approx((low, high), abs=5e-5)


@given(count=counts)
def test_wilson_interval_holds_where_the_score_test_does(count: tuple[int, int]) -> None:
    """At either end p0, the score |p - p0| / sqrt(p0 (1 - p0) / n) is 1.96."""
    k, n = count
    p = k / n
    low, high = wilson_interval(p, n)
    assert -1e-12 <= low <= p + 1e-12
    assert p - 1e-12 <= high <= 1 + 1e-12
    for end in (low, high):
        if 1e-9 < end < 1 - 1e-9:
            score = abs(p - end) / np.sqrt(end * (1 - end) / n)
            assert score == pytest.approx(1.959963984540054, rel=1e-6)


def test_wilson_interval_of_another_confidence() -> None:
    narrow, wide = wilson_interval(0.3, 50, 0.5), wilson_interval(0.3, 50, 0.99)
    assert wide[0] < narrow[0] < 0.3 < narrow[1] < wide[1]


@pytest.mark.parametrize(
    ("k1", "n1", "k2", "n2", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), pages 873-890, table II, method 10
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (10, 10, 0, 20, 0.6791, 1.0000),
        (10, 10, 0, 10, 0.6075, 1.0000),
    ],
)
def test_difference_interval_is_the_published_one(
    k1: int, n1: int, k2: int, n2: int, low: float, high: float
) -> None:
    interval = difference_interval(k1 / n1, n1, k2 / n2, n2)
    assert interval == pytest.approx((low, high), abs=5e-5)


@given(a=counts, b=counts)
def test_difference_interval_turns_round_with_its_arguments(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    p, q = a[0] / a[1], b[0] / b[1]
    low, high = difference_interval(p, a[1], q, b[1])
    assert low - 1e-12 <= p - q <= high + 1e-12
    assert difference_interval(q, b[1], p, a[1]) == pytest.approx((-high, -low), abs=1e-12)
