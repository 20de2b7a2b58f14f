import numpy as np
import pytest
from data_material import context_of, only, table
from diagnosis_material import evidence_of
from scipy import sparse

from onelayer.diagnosis import Answer, Severity
from onelayer.diagnosis.checks import duplicate_features
from onelayer.diagnosis.checks.duplicate_features import look


@pytest.mark.parametrize("factor", [1.0, -3.0])
def test_a_linear_copy_is_found_and_named(factor: float) -> None:
    X, y = table()
    finding = only(look(context_of(np.column_stack([X, factor * X[:, 1] + 2]), y)))
    assert (finding.code, finding.check) == ("OL203", "duplicate-features")
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.WARNING
    (pair,) = evidence_of(finding)["pairs"]
    assert (pair["first"], pair["second"]) == (1, 6)
    assert pair["correlation"] == pytest.approx(np.sign(factor), abs=1e-5)
    assert "feature 1 and feature 6" in finding.statement


def test_strong_correlation_is_no_copy() -> None:
    X, y = table()
    near = X[:, 1] + 0.05 * np.random.default_rng(1).normal(size=len(X))
    context = context_of(np.column_stack([X, near]), y)
    assert float(np.asarray(np.corrcoef(X[:, 1], near))[0, 1]) > 0.998
    assert only(look(context)).answer is Answer.CLEAR


def test_correlations_are_those_of_all_training_examples() -> None:
    X, y = table(2000)
    near = X[:, 1] + 0.01 * np.random.default_rng(1).normal(size=len(X))
    both = np.column_stack([X, near])
    (pair,) = evidence_of(only(look(context_of(both, y, 1500))))["pairs"]
    expected = np.asarray(np.corrcoef(both[:1500].T))[1, 6]
    assert pair["correlation"] == pytest.approx(expected, abs=1e-6)


def test_equal_constants_and_rare_values_do_not_count() -> None:
    X, y = table()
    still = np.zeros((len(X), 4))
    still[5, 2:] = 1
    context = context_of(np.hstack([X, still]), y)
    assert only(look(context)).answer is Answer.CLEAR


def test_a_copy_in_a_sample_alone_is_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = table(2000)
    copy = X[:, 1].copy()
    monkeypatch.setattr(duplicate_features, "drawn", lambda *_a, **_k: np.arange(300))
    copy[1000:1100] = 0
    assert only(look(context_of(np.column_stack([X, copy]), y))).answer is Answer.CLEAR


@pytest.mark.parametrize("is_sparse", [False, True])
def test_many_features(monkeypatch: pytest.MonkeyPatch, is_sparse: bool) -> None:
    monkeypatch.setattr(duplicate_features, "MOST_COLUMNS", 20)
    rng = np.random.default_rng(0)
    X = np.where(rng.random((500, 100)) < 0.3, rng.normal(size=(500, 100)), 0)
    X[:, 70] = -2 * X[:, 4]
    context = context_of(sparse.csr_array(X) if is_sparse else X, np.arange(500) % 2)
    (pair,) = evidence_of(only(look(context)))["pairs"]
    assert (pair["first"], pair["second"]) == (4, 70)


def test_pixels_that_go_together_are_a_fact() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (300, 4, 4), dtype=np.uint8)
    X[:, 0, 1] = X[:, 0, 0]
    finding = only(look(context_of(X, np.arange(300) % 2)))
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO
