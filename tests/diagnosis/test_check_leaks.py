import numpy as np
import pytest
from data_material import context_of, only, table
from diagnosis_material import evidence_of

from onelayer.diagnosis import Answer, Finding, Severity
from onelayer.diagnosis.checks.leaks import look


def found_with(column: np.ndarray, y: np.ndarray, X: np.ndarray) -> Finding:
    return only(look(context_of(np.column_stack([X, column]), y)))


def test_a_copy_of_the_label_is_found_and_named() -> None:
    X, y = table(1000, noise=4)
    finding = found_with(y * 2.0 - 1, y, X)
    assert (finding.code, finding.check) == ("OL205", "leaks")
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.WARNING
    evidence = evidence_of(finding)
    assert (evidence["feature"], evidence["error"]) == (6, 0)
    assert evidence["error_without"] > 0.15
    assert evidence["fewer_interval"][0] > 0.1
    assert "feature 6 predicts best alone, with 0.0% errors" in finding.statement
    assert finding.how_sure.tried


def test_a_label_code_of_many_classes() -> None:
    X, y = table(1500, classes=6, noise=4)
    noise = 0.01 * np.random.default_rng(0).normal(size=len(y))
    finding = found_with(np.array([3, 1, 5, 0, 4, 2])[y] + noise, y, X)
    assert finding.answer is Answer.FOUND
    assert evidence_of(finding)["error"] < 0.05


def test_a_strong_honest_feature_is_no_leak() -> None:
    """It has half as many errors as all others, as the loyalty of a customer has."""
    X, y = table(1500, noise=4)
    column = np.where(np.random.default_rng(0).random(len(y)) < 0.85, y, 1 - y)
    finding = found_with(column, y, X)
    assert finding.answer is Answer.CLEAR


def test_a_feature_that_others_replace_is_no_leak() -> None:
    X, y = table(1500, noise=0.02)
    finding = found_with(y * 2.0 - 1, y, X)
    assert finding.answer is Answer.CLEAR
    assert evidence_of(finding)["error_without"] < 0.03
    assert "nearly replace it" in finding.statement


def test_copies_of_the_leak_are_left_out_with_it() -> None:
    X, y = table(1000, noise=4)
    finding = found_with(np.column_stack([y, 1 - y]), y, X)
    assert finding.answer is Answer.FOUND
    assert evidence_of(finding)["left_out"] == 2
    assert "and 1 copy of it" in finding.statement


def test_nothing_but_copies() -> None:
    y = np.arange(300) % 2
    context = context_of(np.column_stack([y, 1 - y, 2 * y]), y)
    assert only(look(context)).answer is Answer.CANT_TELL


@pytest.mark.parametrize("columns", [1, 2])
def test_few_features(columns: int) -> None:
    X, y = table(d=columns)
    assert only(look(context_of(X, y))).answer is Answer.NOT_APPLICABLE


def test_few_examples() -> None:
    X, y = table(100)
    assert only(look(context_of(X, y))).answer is Answer.CANT_TELL


def test_several_labels() -> None:
    X, y = table()
    labels = np.stack([y, 1 - y], axis=1).astype(np.uint8)
    assert only(look(context_of(X, labels))).answer is Answer.NOT_APPLICABLE
