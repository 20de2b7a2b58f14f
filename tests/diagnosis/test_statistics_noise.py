import numpy as np
import pytest
import scipy.stats as scipy_stats

from onelayer.diagnosis.statistics import (
    PairedAccuracies,
    accuracy_noise,
    evaluation_noise,
    paired_accuracy_noise,
)


def test_noise_is_that_about_a_smooth_curve() -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(0, 3, 300)
    curve = np.exp(-x) + rng.normal(0, 0.02, 300)
    found = evaluation_noise(curve)
    assert found.deviation == pytest.approx(0.02, rel=0.15)
    assert found.interval[0] < 0.02 < found.interval[1]
    assert found.von_neumann_ratio < 0.1


def test_of_noise_alone_the_ratio_is_two() -> None:
    found = evaluation_noise(np.random.default_rng(0).normal(size=2000))
    assert found.von_neumann_ratio == pytest.approx(2, abs=0.15)
    assert found.deviation == pytest.approx(1, rel=0.06)


def test_a_line_has_no_noise_and_a_flat_one_no_ratio() -> None:
    assert evaluation_noise(np.arange(10.0)).deviation == pytest.approx(0, abs=1e-12)
    flat = evaluation_noise(np.full(10, 0.5))
    assert flat.deviation == 0
    assert np.isnan(flat.von_neumann_ratio)


def test_interval_is_that_of_a_chi_square() -> None:
    values = np.random.default_rng(0).normal(size=72)
    found = evaluation_noise(values)
    freedom = 18 / 35 * 70
    low, high = (
        found.deviation * np.sqrt(freedom / scipy_stats.chi2.ppf(q, freedom))
        for q in (0.975, 0.025)
    )
    assert found.interval == pytest.approx((low, high), rel=2e-3)


def test_noise_of_the_examples_is_another_thing() -> None:
    assert accuracy_noise(0.9, 900) == pytest.approx(0.01)
    first = np.arange(1000) < 900
    second = np.arange(1000) < 910
    assert paired_accuracy_noise(first, second) == pytest.approx(
        np.sqrt(0.01 - 0.01**2) / np.sqrt(1000)
    )
    assert PairedAccuracies.of(second, first).difference == pytest.approx(0.01)
    assert paired_accuracy_noise(first, first) == 0
