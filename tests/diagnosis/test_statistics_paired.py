import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats as scipy_stats
from hypothesis import assume, given
from hypothesis import strategies as st

from onelayer.diagnosis.statistics import (
    PairedAccuracies,
    holm,
    paired_mean_interval,
    set_of_best,
)
from onelayer.diagnosis.statistics.quantiles import t_two_sided

counts = st.integers(1, 300).flatmap(
    lambda n: st.integers(0, n).flatmap(
        lambda b: st.builds(PairedAccuracies, st.just(n), st.just(b), st.integers(0, n - b))
    )
)


def score_by_likelihood(pair: PairedAccuracies, difference: float) -> float:
    """Tango's score with the likeliest probabilities sought numerically."""
    n, b, c = pair.n, pair.only_first, pair.only_second

    def minus_log_likelihood(q: float) -> float:  # q: the second alone right
        p = q + difference
        rest = 1 - p - q
        return -sum(k * math.log(max(x, 1e-300)) for k, x in ((b, p), (c, q), (n - b - c, rest)))

    low, high = max(0.0, -difference), (1 - difference) / 2
    q = scipy.optimize.minimize_scalar(
        minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    ).x
    variance = n * (2 * q + difference - difference**2)
    return float((b - c - n * difference) / math.sqrt(variance))


def test_pairs_are_counted() -> None:
    first = np.array([True, True, True, False, False, True])
    second = np.array([True, False, False, True, False, True])
    pair = PairedAccuracies.of(first, second)
    assert pair == PairedAccuracies(6, 2, 1)
    assert pair.difference == pytest.approx(first.mean() - second.mean())


def test_interval_and_mid_p_are_the_published_ones() -> None:
    """Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014): 1, 1, 7, 12 children."""
    pair = PairedAccuracies(21, 1, 7)
    assert pair.interval() == pytest.approx((-0.517, -0.026), abs=5e-4)
    assert pair.p_value == pytest.approx(0.0391, abs=5e-5)


@pytest.mark.parametrize(
    "pair",
    [
        PairedAccuracies(50, 12, 2),
        PairedAccuracies(44, 2, 7),
        PairedAccuracies(1000, 30, 41),
        PairedAccuracies(10_000, 5, 1),
    ],
)
def test_at_its_ends_the_score_is_1_96(pair: PairedAccuracies) -> None:
    low, high = pair.interval()
    assert score_by_likelihood(pair, low) == pytest.approx(1.959964, abs=1e-3)
    assert score_by_likelihood(pair, high) == pytest.approx(-1.959964, abs=1e-3)


@given(pair=counts)
def test_interval_holds_the_difference_and_turns_round_with_the_models(
    pair: PairedAccuracies,
) -> None:
    low, high = pair.interval()
    assert -1 - 1e-9 <= low <= pair.difference + 1e-9
    assert pair.difference - 1e-9 <= high <= 1 + 1e-9
    turned = PairedAccuracies(pair.n, pair.only_second, pair.only_first)
    assert turned.interval() == pytest.approx((-high, -low), abs=1e-9)
    assert turned.p_value == pair.p_value


@given(pair=counts)
def test_p_value_is_the_mid_p_of_a_binomial(pair: PairedAccuracies) -> None:
    discordant = pair.only_first + pair.only_second
    assume(discordant > 0)
    fewer = min(pair.only_first, pair.only_second)
    coin = scipy_stats.binom(discordant, 0.5)
    expected = min(1.0, 2 * coin.cdf(fewer) - coin.pmf(fewer))
    assert pair.p_value == pytest.approx(expected, rel=1e-9)


def test_models_that_agree_cannot_be_told_apart() -> None:
    pair = PairedAccuracies(400, 0, 0)
    low, high = pair.interval()
    assert pair.p_value == 1
    assert low == pytest.approx(-high)
    assert 0 < high < 0.01


def test_pairing_tells_what_independent_samples_would_not() -> None:
    assert PairedAccuracies(10_000, 40, 10).interval()[0] > 0


@pytest.mark.parametrize("freedom", [1, 2.5, 8, 40, 1000])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_t_is_that_of_scipy(freedom: float, confidence: float) -> None:
    expected = scipy_stats.t.ppf(0.5 + confidence / 2, freedom)
    assert t_two_sided(freedom, confidence) == pytest.approx(expected, rel=1e-9)
    assert t_two_sided(math.inf) == pytest.approx(1.959964, abs=1e-6)


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_step_by_step(p: list[float]) -> None:
    corrected = holm(p)
    for level in (0.01, 0.05, 0.3):
        rejected = set()
        for step, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
            if p[i] * (len(p) - step) > level:
                break
            rejected.add(i)
        assert {i for i, q in enumerate(corrected) if q <= level} == rejected


def test_holm_of_no_p_values_is_none() -> None:
    assert holm([]) == ()


def test_interval_of_mean_losses_is_students_where_nothing_is_skewed() -> None:
    rng = np.random.default_rng(0)
    half = rng.normal(0.1, 1, 500)
    differences = np.concatenate([half, 0.2 - half])
    low, high = paired_mean_interval(differences, np.zeros(1000))
    expected = scipy_stats.ttest_1samp(differences, 0).confidence_interval()
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=1e-6)


def test_interval_of_mean_losses_reaches_to_the_long_tail_and_turns_round() -> None:
    losses = np.random.default_rng(1).exponential(size=200) ** 2
    low, high = paired_mean_interval(losses, np.zeros(200))
    mean = losses.mean()
    assert high - mean > 1.2 * (mean - low) > 0
    assert paired_mean_interval(np.zeros(200), losses) == pytest.approx((-high, -low))


def test_interval_of_losses_that_are_equal_or_not_finite() -> None:
    assert paired_mean_interval([1.0, 2.0], [0.5, 1.5]) == (0.5, 0.5)
    assert paired_mean_interval([1.0, math.inf], [0.5, math.inf]) == (-math.inf, math.inf)


def models(rng: np.random.Generator, *accuracies: float) -> list[np.ndarray]:
    """Models that are right where an example is easy enough, but for some chance."""
    easy = rng.random(2000)
    return [easy + rng.normal(0, 0.05, 2000) < accuracy for accuracy in accuracies]


def test_set_of_best_leaves_out_what_is_behind() -> None:
    correct = models(np.random.default_rng(0), 0.9, 0.895, 0.8, 0.6)
    assert set_of_best(correct) == [0, 1]
    assert set_of_best([correct[3], correct[0]]) == [1]
    assert set_of_best(correct[:1]) == [0]


def test_the_truly_best_is_rarely_left_out() -> None:
    missed = sum(
        0 not in set_of_best(models(np.random.default_rng(seed), 0.9, 0.9, 0.9, 0.9, 0.9))
        for seed in range(200)
    )
    assert missed <= 0.05 * 200
