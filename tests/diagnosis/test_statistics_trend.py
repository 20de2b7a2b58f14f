import itertools

import numpy as np
import pytest
import scipy.stats as scipy_stats

from onelayer.diagnosis.statistics import Trend, trend


def test_trend_is_the_median_of_the_slopes() -> None:
    rng = np.random.default_rng(0)
    x, y = np.arange(15.0), rng.normal(size=15)
    slopes = [(y[j] - y[i]) / (x[j] - x[i]) for i, j in itertools.combinations(range(15), 2)]
    found = trend(x, y)
    assert found.slope == pytest.approx(np.median(slopes))
    assert found.low <= found.slope <= found.high


def test_one_dip_does_not_sway_the_trend() -> None:
    x = np.arange(20.0)
    y = 3 - 0.1 * x
    y[10] += 50
    assert trend(x, y).slope == pytest.approx(-0.1)
    assert trend(x, y).direction == -1


@pytest.mark.parametrize(
    ("low", "high", "direction"), [(-2, -1, -1), (1, 2, 1), (-1, 1, 0), (0, 1, 0), (-1, 0, 0)]
)
def test_direction_is_told_where_the_interval_leaves_zero_out(
    low: float, high: float, direction: int
) -> None:
    assert Trend((low + high) / 2, low, high).direction == direction


def test_level_noise_has_no_direction_and_a_flat_line_neither() -> None:
    x = np.arange(40.0)
    assert trend(x, np.random.default_rng(0).normal(size=40)).direction == 0
    assert trend(x, np.full(40, 0.3)).direction == 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [5, 36, 50])
def test_slope_is_that_of_scipy(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.arange(n) / 3
    y = np.round(rng.normal(size=n) - 0.02 * seed * x, 1)  # rounded: with equal values
    assert trend(x, y).slope == pytest.approx(scipy_stats.theilslopes(y, x).slope, abs=1e-12)


def test_interval_of_independent_noise_is_nearly_that_of_scipy() -> None:
    x, ratios = np.arange(60.0), []
    for seed in range(40):
        y = np.random.default_rng(seed).normal(size=60)
        expected = scipy_stats.theilslopes(y, x, 0.95)
        found = trend(x, y)
        ratios.append((found.high - found.low) / (expected.high_slope - expected.low_slope))
    assert 1 <= np.median(ratios) < 1.2


def test_correlated_noise_widens_the_interval() -> None:
    rng = np.random.default_rng(0)
    x, noise = np.arange(300.0), rng.normal(size=300)
    correlated = noise.copy()
    for i in range(1, 300):
        correlated[i] += 0.8 * correlated[i - 1]
    alone, together = trend(x, noise), trend(x, correlated)
    assert alone.correlation < 0.2
    assert 0.6 < together.correlation < 0.9
    assert together.high - together.low > 4 * (alone.high - alone.low)


def test_long_curves_are_thinned() -> None:
    x = np.arange(200_000.0)
    y = 1e-3 * np.sin(x) - 2 * x
    found = trend(x, y)
    assert found.slope == pytest.approx(-2, rel=1e-3)
    assert found.direction == -1


def test_a_trend_may_be_too_small_to_matter() -> None:
    rising = Trend(0.02, 0.01, 0.03)
    assert (rising.beyond(0.005), rising.beyond(0.02)) == (1, 0)
    assert Trend(-0.02, -0.03, -0.01).beyond(0.005) == -1
    assert rising.is_within(0.03)
    assert not rising.is_within(0.02)
