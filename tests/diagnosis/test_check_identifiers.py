import numpy as np
import pytest
from data_material import context_of, only, table
from diagnosis_material import evidence_of
from scipy import sparse

from onelayer.diagnosis import Answer, Finding, Severity
from onelayer.diagnosis.checks.identifiers import chance_of_gaps, look


def found_with(column: np.ndarray) -> Finding:
    X, y = table(len(column))
    return only(look(context_of(np.column_stack([X, column]), y, learning_rate=1e-6)))


@pytest.mark.parametrize("scale", [1.0, 1 / 700])
def test_row_numbers_in_random_order(scale: float) -> None:
    finding = found_with(scale * np.random.default_rng(0).permutation(600).astype(np.float32))
    assert (finding.code, finding.check) == ("OL204", "identifiers")
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.WARNING
    assert evidence_of(finding)["identifiers"] == [6]
    assert finding.statement.startswith("Feature 6 of the run run has another value in each")
    assert "without exception" not in finding.statement


def test_row_numbers_in_order() -> None:
    finding = found_with(np.arange(600))
    evidence = evidence_of(finding)
    assert (evidence["identifiers"], evidence["sorted"], evidence["shown"]) == ([6], [6], 6)
    assert evidence["curve"]["values"] == sorted(evidence["curve"]["values"])
    assert "goes with the row's number without exception" in finding.statement


def test_numbers_of_a_larger_table() -> None:
    numbers = np.random.default_rng(0).choice(5000, 600, replace=False)
    assert evidence_of(found_with(numbers))["identifiers"] == [6]


@pytest.mark.parametrize("seed", range(5))
def test_measurements_are_all_different_and_no_identifiers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for column in (rng.normal(size=600), rng.random(600), rng.exponential(size=600)):
        assert found_with(column).answer is Answer.CLEAR


def test_counts_that_repeat_are_no_identifiers() -> None:
    numbers = np.arange(600)
    numbers[-400] = numbers[-401]
    finding = found_with(np.random.default_rng(0).permutation(numbers))
    context_has_both = evidence_of(finding)["identifiers"] == [6]
    assert not context_has_both or finding.answer is Answer.FOUND
    twice = np.random.default_rng(0).permutation(np.repeat(np.arange(300), 2))
    assert found_with(twice).answer is Answer.CLEAR


def test_a_table_sorted_by_a_feature() -> None:
    finding = found_with(np.sort(np.random.default_rng(0).normal(size=600)))
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO
    assert evidence_of(finding)["sorted"] == [6]
    assert "are sorted by feature 6" in finding.statement


def test_a_few_sorted_groups_say_nothing_of_rows() -> None:
    assert found_with(np.arange(600) // 100).answer is Answer.CLEAR


def test_the_chance_of_gaps_is_that_of_uniform_draws() -> None:
    """Of many columns of uniform draws a share p has a chance of at most p."""
    chances = chance_of_gaps(np.random.default_rng(0).random((300, 4000)))
    for p in (0.5, 0.1, 0.01):
        assert np.mean(chances <= p) == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 4000))


def test_too_few_examples() -> None:
    X, y = table(40)
    assert only(look(context_of(X, y))).answer is Answer.CANT_TELL


def test_sparse_values() -> None:
    X, y = table(300)
    X[X < 0] = 0
    full = np.column_stack([X, np.random.default_rng(0).permutation(300) + 1])
    finding = only(look(context_of(sparse.csr_array(full), y, learning_rate=1e-6)))
    assert evidence_of(finding)["identifiers"] == [6]
