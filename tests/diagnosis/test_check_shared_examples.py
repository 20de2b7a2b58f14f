import numpy as np
import pytest
from data_material import context_of, context_of_parts, only, table
from diagnosis_material import evidence_of
from scipy import sparse

from onelayer.data import Dataset
from onelayer.diagnosis import Answer, Severity
from onelayer.diagnosis.checks.shared_examples import look
from onelayer.diagnosis.measures.equal_rows import equal_rows


def test_copies_are_found_and_named() -> None:
    X, y = table(1000)
    X[710:740], y[710:740] = X[20:50], y[20:50]
    finding = only(look(context_of(X, y)))
    assert (finding.code, finding.check) == ("OL206", "shared-examples")
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.WARNING
    evidence = evidence_of(finding)
    assert evidence["shared"] == 30
    assert evidence["rows"][:2] == [[10, 20], [11, 21]]
    assert "row 10 is row 20 of training" in finding.statement


def test_accuracies_with_and_without_are_those_of_the_model() -> None:
    X, y = table(1000)
    X[710:740], y[710:740] = X[20:50], y[20:50]
    context = context_of(X, y)
    (paired,) = evidence_of(only(look(context)))["accuracies"]
    (run,) = context.outcome.runs
    right = run.model.predict(X[700:]) == y[700:]
    assert paired["accuracy"] == pytest.approx(right.mean())
    assert paired["on_shared"] == pytest.approx(right[10:40].mean())
    assert paired["on_rest"] == pytest.approx(np.delete(right, np.s_[10:40]).mean())


def test_noisy_copies_are_found() -> None:
    X, y = table(1000, d=12)
    X[710:740] = X[20:50] + 0.01 * np.random.default_rng(1).normal(size=(30, 12))
    finding = only(look(context_of(X, y)))
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.WARNING
    evidence = evidence_of(finding)
    assert (evidence["shared"], evidence["near"]) == (0, 30)
    assert evidence["near_rows"][0] == [10, 20]
    assert evidence["accuracies"] == []


@pytest.mark.parametrize("d", [3, 12])
def test_a_random_split_is_clear(d: int) -> None:
    assert only(look(context_of(*table(1000, d=d)))).answer is Answer.CLEAR


def test_a_table_that_repeats_itself_is_clear() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, (1000, 4)).astype(np.float32)
    finding = only(look(context_of(X, rng.integers(0, 2, 1000))))
    assert evidence_of(finding)["shared"] > 250
    assert finding.answer is Answer.CLEAR
    assert "a random split explains it" in finding.statement


def test_blank_images_do_not_count_and_others_do() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (200, 9, 9), dtype=np.uint8)
    X[::5] = 0
    y = rng.integers(0, 2, 200)
    assert only(look(context_of(X, y))).answer is Answer.CLEAR
    X[151] = X[3]
    finding = only(look(context_of(X, y)))
    assert finding.severity is Severity.WARNING
    assert evidence_of(finding)["rows"] == [[11, 3]]


def test_one_of_many_images_is_a_fact() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (600, 6, 6), dtype=np.uint8)
    X[551] = X[3]
    finding = only(look(context_of(X, rng.integers(0, 2, 600))))
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO
    assert "less than 1% of the examples" in finding.statement


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, lambda X: X.astype(np.uint8)])
def test_equal_rows_are_those_of_a_loop(make: type) -> None:
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 2, (n, 9)) for n in (200, 120))
    first[:, 0] = rng.permutation(np.repeat([5, 6], 100))
    second[:, 0] = 6
    train, validation = (
        Dataset(make(X.astype(np.float32)), np.arange(len(X)) % 2) for X in (first, second)
    )
    pairs, repeated = equal_rows(train, validation)
    rows = [tuple(row) for row in first.tolist()]
    expected = [v for v, row in enumerate(second.tolist()) if tuple(row) in set(rows)]
    assert pairs[:, 0].tolist() == expected
    assert 0 < len(expected) < 120
    assert all(rows[t] == tuple(second[v].tolist()) for v, t in pairs)
    assert repeated == pytest.approx(np.mean([rows.count(row) > 1 for row in rows]))


def test_pixels_and_the_same_numbers_as_floats_are_equal() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (300, 20), dtype=np.uint8)
    y = np.arange(300) % 2
    context = context_of_parts(
        Dataset(X[:200], y[:200]), Dataset(X[150:].astype(np.float32), y[150:])
    )
    assert evidence_of(only(look(context)))["shared"] == 50
