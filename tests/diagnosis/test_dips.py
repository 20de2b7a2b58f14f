import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from onelayer.diagnosis.dips import find_dips


def rising(n: int = 200, noise: float = 0.0, seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    curve = 0.96 - 0.4 * np.exp(-np.arange(n) / 15)
    return np.clip(curve + noise * rng.standard_normal(n), 0, 1)


@pytest.mark.parametrize("noise", [0.0, 0.001])
def test_planted_dips_are_found_at_their_places(noise: float) -> None:
    curve = rising(noise=noise)
    planted = np.arange(40, 200, 31)
    curve[planted] -= 0.05
    dips = find_dips(curve, 2000)
    assert dips.evaluations.tolist() == planted.tolist()
    np.testing.assert_allclose(dips.depths, 0.05, atol=0.005)
    assert (dips.depths > dips.threshold).all()
    assert len(dips) == len(planted)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("noise", "n_examples"), [(0.002, 2000), (0.01, 10**6)])
def test_noise_alone_has_no_dips(seed: int, noise: float, n_examples: int) -> None:
    """Once the sampling error sets the threshold, once the curve's own noise."""
    assert len(find_dips(rising(noise=noise, seed=seed), n_examples)) == 0


def test_neighbours_are_one_dip_at_the_deepest() -> None:
    curve = rising()
    curve[100:102] -= (0.03, 0.08)
    dips = find_dips(curve, 2000)
    assert dips.evaluations.tolist() == [101]


@pytest.mark.parametrize(("at", "found"), [(0, []), (1, [1]), (198, [198]), (199, [])])
def test_a_dip_needs_a_neighbour_on_either_side(at: int, found: list[int]) -> None:
    curve = np.full(200, 0.9)
    curve[at] = 0.8
    assert find_dips(curve, 2000).evaluations.tolist() == found


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_a_curve_that_never_falls_has_no_dips(values: list[float]) -> None:
    assert len(find_dips(np.sort(np.array(values)), 1000)) == 0


def test_a_lasting_fall_is_no_dip() -> None:
    curve = np.repeat([0.95, 0.85], 50)
    assert len(find_dips(curve, 1000)) == 0


def test_a_rise_is_no_dip() -> None:
    curve = np.full(100, 0.9)
    curve[50] = 0.99
    assert len(find_dips(curve, 1000)) == 0


def test_threshold_grows_as_examples_become_few() -> None:
    """At 0.9 over 100 examples two binomial standard errors are 0.06."""
    curve = np.full(100, 0.9)
    curve[50] = 0.85
    few, many = find_dips(curve, 100), find_dips(curve, 10_000)
    assert few.threshold == pytest.approx(0.06)
    assert many.threshold == pytest.approx(0.006)
    assert (len(few), len(many)) == (0, 1)


def test_threshold_is_at_least_one_example() -> None:
    curve = np.ones(100)
    curve[50] = 0.999
    dips = find_dips(curve, 1000)
    assert dips.threshold == 0.001
    curve[50] = 0.998
    assert len(find_dips(curve, 1000)) == 1
