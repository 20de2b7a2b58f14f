import numpy as np
import pytest
from data_material import context_of, only, table
from diagnosis_material import evidence_of
from scipy import sparse
from scipy.stats import chi2, chi2_contingency, fisher_exact, mannwhitneyu
from sklearn.metrics import roc_auc_score

from onelayer.diagnosis import Answer, Severity
from onelayer.diagnosis.checks.drift import look
from onelayer.diagnosis.statistics import counts_differ, fisher, mann_whitney


def test_shifted_features_are_found_and_named() -> None:
    X, y = table(1000)
    X[700:, 2] += 1
    finding = only(look(context_of(X, y)))
    assert (finding.code, finding.check) == ("OL209", "drift")
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.WARNING
    evidence = evidence_of(finding)
    assert evidence["telling_features"][0] == 2
    assert evidence["telling_differences"][0] > 0.5
    # Of normal values a standard deviation apart.
    assert evidence["auc"] == pytest.approx(0.76, abs=0.04)
    assert "feature 2 (+" in finding.statement


def test_another_spread_is_found() -> None:
    X, y = table(1000)
    X[700:] *= 2
    assert only(look(context_of(X, y))).severity is Severity.WARNING


@pytest.mark.parametrize("seed", range(5))
def test_a_random_split_is_clear(seed: int) -> None:
    finding = only(look(context_of(*table(1000, seed=seed))))
    assert finding.answer is Answer.CLEAR
    assert "look alike" in finding.statement


def test_a_slight_difference_is_a_fact() -> None:
    X, y = table(4000)
    X[2800:, 2] += 0.2
    finding = only(look(context_of(X, y)))
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO
    assert finding.statement.endswith("That is little.")


def test_other_class_shares_are_found_and_named() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 4))
    y = np.concatenate([rng.integers(0, 4, 700), rng.integers(1, 4, 300)])
    finding = only(look(context_of(X, y)))
    assert finding.severity is Severity.WARNING
    evidence = evidence_of(finding)
    assert evidence["shifted_class"] == 0
    assert "class 0 has" in finding.statement
    table_ = np.stack([np.bincount(y[:700]), np.bincount(y[700:], minlength=4)])
    assert evidence["class_p_value"] == counts_differ(table_)


def test_two_classes_are_compared_by_chi2() -> None:
    table_ = np.array([[60, 40], [35, 65]])
    reference = chi2_contingency(table_, correction=False).pvalue
    assert counts_differ(table_) == pytest.approx(reference, rel=1e-6)


def test_one_class_among_many_is_seen() -> None:
    """What it lacks is too little for chi², which nine other classes add to."""
    table_ = np.array([[140] * 10, [12] + [60] * 9])
    table_[:, 0] = 86, 8
    assert chi2_contingency(table_).pvalue > 1e-4
    assert counts_differ(table_) < 1e-4


@pytest.mark.parametrize("counts", [(3, 90, 15, 80), (0, 50, 9, 40), (7, 7, 2, 9), (4, 40, 4, 40)])
def test_fisher_against_scipy(counts: tuple[int, int, int, int]) -> None:
    a, n, b, m = counts
    tails = [
        fisher_exact([[a, n - a], [b, m - b]], alternative=side).pvalue
        for side in ("less", "greater")
    ]  # fmt: skip
    assert fisher(*counts) == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-9)


def test_size_of_the_test_of_counts() -> None:
    rng = np.random.default_rng(0)
    shares = np.array([0.4, 0.2, 0.15, 0.1, 0.05, 0.05, 0.03, 0.02])
    p = np.array(
        [counts_differ(np.stack([rng.multinomial(n, shares) for n in (700, 300)]))
         for _ in range(500)]
    )  # fmt: skip
    assert np.mean(p < 0.05) < 0.07
    assert np.mean(p < 0.01) < 0.025


def test_size_of_the_test() -> None:
    """On parts that are alike, a p-value below 0.05 comes in about one of twenty."""
    p = []
    for seed in range(40):
        X, y = table(300, seed=seed)
        p.append(evidence_of(only(look(context_of(X, y, max_epochs=1))))["p_value"])
    assert 0 <= np.mean(np.array(p) < 0.05) < 0.15
    assert np.mean(np.array(p) < 0.5) == pytest.approx(0.5, abs=0.2)


def test_mann_whitney_against_references() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(200) < 0.3
    scores = np.round(rng.normal(size=200) + positive, 1)
    area, variance = mann_whitney(scores, positive)
    assert area == pytest.approx(roc_auc_score(positive, scores))
    z = (area - 0.5) / np.sqrt(variance)
    reference = mannwhitneyu(
        scores[positive], scores[~positive], alternative="greater", use_continuity=False,
        method="asymptotic",
    )  # fmt: skip
    assert 1 - chi2.cdf(z**2, 1) == pytest.approx(2 * reference.pvalue, rel=1e-6)


def test_few_examples() -> None:
    assert only(look(context_of(*table(100)))).answer is Answer.CANT_TELL


def test_sparse_features_of_which_there_are_many() -> None:
    rng = np.random.default_rng(0)
    X = np.where(rng.random((500, 3000)) < 0.02, 1.0, 0.0)
    y = np.arange(500) % 2
    assert only(look(context_of(sparse.csr_array(X), y))).answer is Answer.CLEAR
    X[350:, :60] = rng.random((150, 60)) < 0.3
    finding = only(look(context_of(sparse.csr_array(X), y)))
    assert finding.severity is Severity.WARNING
    assert max(evidence_of(finding)["telling_features"]) < 60
