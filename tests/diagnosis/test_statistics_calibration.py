import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve

from onelayer.diagnosis.statistics import calibration


def drawn(
    boldness: float, n: int = 4000, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidences whose log-odds are so many times those of the true probabilities."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.5, 0.99, n)
    return 1 / (1 + (1 / p - 1) ** boldness), rng.random(n) < p


def test_bins_are_those_of_sklearn() -> None:
    confidences, correct = drawn(2.0, 3000)
    accuracies, means = calibration_curve(correct, confidences, n_bins=15, strategy="quantile")
    bins = calibration(confidences, correct).bins
    assert [b.n for b in bins] == [200] * 15
    assert [b.accuracy for b in bins] == pytest.approx(accuracies, abs=0.011)
    assert [b.confidence for b in bins] == pytest.approx(means, abs=1e-3)


def test_error_is_free_of_what_chance_adds() -> None:
    """The plug-in estimate would be about the root of 15 bins' variances over n: 0.05."""
    errors = [calibration(*drawn(1.0, 1000, seed)).error for seed in range(30)]
    plug_in = [
        np.sqrt(np.mean([(b.confidence - b.accuracy) ** 2 for b in calibration(*d).bins]))
        for d in (drawn(1.0, 1000, seed) for seed in range(30))
    ]
    assert np.mean(plug_in) > 0.045
    assert np.median(errors) < 0.012


@pytest.mark.parametrize(("boldness", "sign"), [(2.0, 1), (0.5, -1)])
def test_direction_and_size_are_found(boldness: float, sign: int) -> None:
    found = calibration(*drawn(boldness))
    confidences, _ = drawn(boldness, 400_000, 1)
    rng = np.random.default_rng(1)
    p = rng.uniform(0.5, 0.99, 400_000)
    gap = float(np.mean(confidences - p))
    assert np.sign(gap) == sign
    assert found.gap_interval[0] < gap < found.gap_interval[1]
    assert sign * found.gap > 0.05
    assert found.error_interval[0] <= found.error <= found.error_interval[1]
    assert found.error >= abs(found.gap) - 0.01
    assert found.gap == pytest.approx(found.confidence - found.accuracy)


def test_models_that_are_always_right_may_err_now_and_then() -> None:
    """Of 100 examples, the accuracy may be as low as Wilson's 96.3%."""
    found = calibration(np.ones(100), np.ones(100, bool))
    assert found.gap == found.error == 0
    assert found.gap_interval == pytest.approx((0.0, 0.037), abs=5e-4)
    assert found.error_interval[1] >= 0.036


@pytest.mark.parametrize("confidence", [0.5, 0.99, 1.0])
def test_models_that_are_always_wrong(confidence: float) -> None:
    found = calibration(np.full(60, confidence), np.zeros(60, bool))
    assert found.gap == pytest.approx(confidence)
    assert found.gap_interval[0] < confidence <= found.gap_interval[1] + 1e-9


def test_few_examples_have_few_bins() -> None:
    assert len(calibration(*drawn(1.0, 45)).bins) == 2
    assert len(calibration(*drawn(1.0, 5000)).bins) == 15
