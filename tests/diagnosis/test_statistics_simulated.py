"""A small version of the simulation whose table is docs/statistics.md."""

import pytest
from benchmark_modules import load

SIMULATED = load("statistics_simulated.py")
EXPERIMENTS = {f"{e.method}: {e.setting}": e for e in SIMULATED.experiments()}
REPETITIONS = 300

COVERED = (
    "Wilson's interval: n = 200, accuracy 0.9",
    "Newcombe's interval of independent accuracies: n = 600 and 200, accuracies 0.9 and 0.88",
    "Tango's interval: n = 600, 10% told apart, difference 0",
    "Tango's interval: n = 600, 10% told apart, difference 0.02",
    "Interval of a difference of mean losses: two logistic models, n = 200",
    "Set that holds the best: 5 models, n = 200, all equal",
    "Interval of a trend: 50 evaluations, correlation 0.3",
    "Confidence less accuracy: accuracy 92%, log-odds times 1.3, n = 600",
    "Confidence less accuracy: accuracy 98%, log-odds times 1, n = 100",
    "Calibration error: accuracy 92%, log-odds times 2, n = 600",
    "Noise from evaluation to evaluation: 50 evaluations about a falling curve",
)


@pytest.mark.parametrize("name", COVERED)
def test_intervals_cover(name: str) -> None:
    """In 95%; a chance of 1 in 1,000 each allows so much less."""
    assert EXPERIMENTS[name].rate(REPETITIONS) >= 0.905


@pytest.mark.parametrize(
    "name",
    [
        "McNemar's mid-p: n = 600, 10% told apart, difference 0",
        "Holm's correction, comparisons fixed beforehand: 5 models, n = 200, all equal",
    ],
)
def test_tests_keep_their_size(name: str) -> None:
    assert EXPERIMENTS[name].rate(REPETITIONS) <= 0.095


@pytest.mark.parametrize(
    "name",
    [
        "McNemar's mid-p: n = 10000, 10% told apart, difference 0.02",
        "Set that holds the best alone: 5 models, n = 2000, 3 points ahead",
        "Trend: 200 evaluations, correlation 0.3, a fall of 4 deviations",
    ],
)
def test_what_is_there_is_found(name: str) -> None:
    assert EXPERIMENTS[name].rate(100) >= 0.95


def test_page_names_every_method() -> None:
    rates = dict.fromkeys(EXPERIMENTS.values(), 0.95)
    page = SIMULATED.markdown(rates, 1)
    for method in {e.method for e in EXPERIMENTS.values()}:
        assert f"## {method}" in page


def test_rates_repeat() -> None:
    experiment = EXPERIMENTS[COVERED[0]]
    assert experiment.rate(50) == experiment.rate(50)
