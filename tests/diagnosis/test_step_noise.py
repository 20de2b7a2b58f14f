import numpy as np
import pytest
from diagnosis_material import run_outcome

from onelayer.diagnosis.measures.step_noise import Noise, settled

RNG = np.random.default_rng(0)


def test_noise_is_the_standard_deviation_about_a_trend() -> None:
    white = RNG.normal(size=20_000)
    assert Noise.of(white).deviation == pytest.approx(1, rel=0.02)
    assert Noise.of(0.001 * np.arange(20_000) + white).deviation == pytest.approx(1, rel=0.02)
    assert np.std(0.001 * np.arange(20_000) + white) > 5
    assert Noise.of(white).mean == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("skewed", [False, True])
def test_the_standard_error_is_that_of_many_curves(skewed: bool) -> None:
    values = RNG.normal(size=(4000, 100))
    curves = np.minimum(values, 0.5) if skewed else values
    noises = [Noise.of(curve) for curve in curves]
    spread = np.std([np.log(n.deviation) for n in noises])
    assert np.mean([n.log_error for n in noises]) == pytest.approx(spread, rel=0.12)


def test_the_interval_of_a_ratio_covers_it() -> None:
    """In simulations of 40 normal values in 92 of 100, those of 95%."""
    inside = 0
    for _ in range(1000):
        a, b = Noise.of(0.5 * RNG.normal(size=40)), Noise.of(RNG.normal(size=40))
        ratio, low, high = a.ratio(b)
        assert low <= ratio <= high
        inside += low <= 0.5 <= high
    assert 905 <= inside <= 975


def test_curves_without_noise() -> None:
    still = Noise.of(np.full(30, 0.9))
    noisy = Noise.of(RNG.normal(size=30))
    assert still.deviation == 0
    assert still.ratio(noisy) == (0, 0, 0)
    assert np.isnan(noisy.ratio(still)).all()
    assert np.isnan(Noise.of([1.0, np.nan, 2.0]).deviation)


def test_the_end_of_a_run_is_its_last_quarter() -> None:
    assert settled(run_outcome(val_loss=np.ones(19))) is None
    for evaluations, kept in ((20, 20), (60, 20), (100, 25), (2000, 200)):
        tail = settled(run_outcome(val_loss=np.arange(evaluations)))
        assert tail is not None
        assert tail["val_loss"].to_list() == list(range(evaluations - kept, evaluations))
