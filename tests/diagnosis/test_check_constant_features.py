import numpy as np
import pytest
from data_material import context_of, only, table
from diagnosis_material import evidence_of
from scipy import sparse
from scipy.stats import hypergeom

from onelayer.diagnosis import Answer, Severity
from onelayer.diagnosis.checks.constant_features import chance_of_a_split, look
from onelayer.diagnosis.context import Context


def with_column(column: np.ndarray, n: int = 600) -> Context:
    X, y = table(n)
    X[:, 2] = column
    return context_of(X, y)


def test_no_constant_feature() -> None:
    finding = only(look(context_of(*table())))
    assert (finding.code, finding.check) == ("OL202", "constant-features")
    assert finding.answer is Answer.CLEAR


def test_constant_everywhere_is_a_fact() -> None:
    finding = only(look(with_column(np.full(600, 3.7))))
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO
    assert evidence_of(finding)["constant"] == [2]
    assert evidence_of(finding)["varying"] == []
    assert "1 of the 6 features of the run run has a single value" in finding.statement


def test_varying_in_validation_alone_is_a_fault() -> None:
    column = np.where(np.arange(600) < 420, 0.0, np.random.default_rng(0).normal(size=600))
    finding = only(look(with_column(column)))
    assert finding.severity is Severity.WARNING
    evidence = evidence_of(finding)
    assert (evidence["varying"], evidence["differing"]) == ([2], [180])
    assert "feature 2 most, in 180 examples (100.00%)" in finding.statement


def test_one_rare_value_may_fall_into_validation_by_chance() -> None:
    column = np.zeros(600)
    column[500] = 1
    finding = only(look(with_column(column)))
    assert finding.severity is Severity.INFO
    assert evidence_of(finding)["chance"] == pytest.approx(180 / 600)
    assert "A random split can do that" in finding.statement


def test_a_single_other_value_in_training_is_no_constant() -> None:
    column = np.zeros(600)
    column[17] = 1e-9
    assert only(look(with_column(column))).answer is Answer.CLEAR


def test_the_chance_of_a_split_is_hypergeometric() -> None:
    for k in (1, 3, 10):
        context = with_column(np.zeros(600))
        data = context.data
        expected = hypergeom.pmf(k, 600, k, 180)
        chance = chance_of_a_split(data.train, data.validation, np.array([0, k]))
        assert chance == pytest.approx(expected)


def test_sparse_and_dense_agree() -> None:
    rng = np.random.default_rng(0)
    X = np.where(rng.random((300, 8)) < 0.2, rng.normal(size=(300, 8)), 0).astype(np.float32)
    X[:, 1], X[:, 5] = 0, 2.5
    X[:210, 6], X[210:, 6] = 1, 3
    y = np.arange(300) % 2
    found = [only(look(context_of(matrix, y))) for matrix in (X, sparse.csr_array(X))]
    assert evidence_of(found[0]) == evidence_of(found[1])
    assert evidence_of(found[0])["constant"] == [1, 5, 6]
    assert evidence_of(found[0])["varying"] == [6]
    assert found[0].severity is Severity.WARNING


def test_dark_pixels_are_a_fact() -> None:
    rng = np.random.default_rng(0)
    X = np.zeros((200, 6, 6), np.uint8)
    X[:, 1:5, 1:5] = rng.integers(0, 256, (200, 4, 4))
    finding = only(look(context_of(X, rng.integers(0, 2, 200))))
    assert finding.severity is Severity.INFO
    assert len(evidence_of(finding)["constant"]) == 20
    assert "do no harm" in finding.statement
