import numpy as np
import pytest
from data_material import context_of, only, table
from diagnosis_material import evidence_of
from scipy.stats import binomtest

from onelayer.diagnosis import Answer, Severity
from onelayer.diagnosis.checks.majority import look


def test_a_model_that_learnt_nothing() -> None:
    X, _ = table(1000)
    y = (np.random.default_rng(1).random(1000) < 0.1).astype(int)
    finding = only(look(context_of(X, y, l2=0.1)))
    assert (finding.code, finding.check) == ("OL207", "majority")
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.WARNING
    evidence = evidence_of(finding)
    assert evidence["majority_class"] == 0
    assert evidence["majority_share"] == pytest.approx(np.mean(y[700:] == 0))
    assert "has learnt nothing that validation shows" in finding.statement


def test_a_model_that_leads_is_clear() -> None:
    finding = only(look(context_of(*table(1000))))
    assert finding.answer is Answer.CLEAR
    assert evidence_of(finding)["lead_interval"][0] > 0


def rare(n: int = 4000, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A class of 5% that lies around `shift` in one feature, where the other lies around 0."""
    rng = np.random.default_rng(3)
    y = (rng.random(n) < 0.05).astype(int)
    X = rng.normal(size=(n, 4)).astype(np.float32)
    X[:, 0] += shift * y
    return X, y


def test_a_rare_class_that_is_never_recognised() -> None:
    finding = only(look(context_of(*rare(6000, shift=1.0))))
    assert finding.severity is Severity.WARNING
    evidence = evidence_of(finding)
    assert evidence["loss_gain"] > 2 * evidence["loss_gain_error"]
    assert evidence["rarest_recall"] < 0.03
    assert evidence["accuracy"] > 0.9
    assert "the accuracy hides that the class is ignored" in finding.statement


def test_a_rare_class_that_is_recognised_is_clear() -> None:
    finding = only(look(context_of(*rare(shift=4.0))))
    assert finding.answer is Answer.CLEAR
    assert evidence_of(finding)["rarest_recall"] > 0.5


def test_an_accuracy_that_shows_nothing_though_the_loss_does() -> None:
    finding = only(look(context_of(*rare(6000, shift=1.5))))
    evidence = evidence_of(finding)
    assert evidence["lead_interval"][0] <= 0
    assert evidence["rarest_recall"] > 0.1
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO
    assert "Its loss does" in finding.statement


def test_the_lead_counts_examples_that_one_alone_has_right() -> None:
    X, y = table(1000, noise=3)
    context = context_of(X, y)
    evidence = evidence_of(only(look(context)))
    (run,) = context.outcome.runs
    right, common = run.model.predict(X[700:]) == y[700:], y[700:] == np.bincount(y[:700]).argmax()
    ahead, behind = int((right & ~common).sum()), int((common & ~right).sum())
    interval = binomtest(ahead, ahead + behind).proportion_ci(method="wilson")
    share = (ahead + behind) / 300
    expected = [(2 * interval.low - 1) * share, (2 * interval.high - 1) * share]
    assert evidence["lead_interval"] == pytest.approx(expected)
    assert evidence["lead"] == pytest.approx((ahead - behind) / 300)


def test_too_few_examples() -> None:
    assert only(look(context_of(*table(60)))).answer is Answer.CANT_TELL


def test_several_labels_are_not_asked() -> None:
    X, y = table()
    labels = np.stack([y, 1 - y], axis=1).astype(np.uint8)
    assert look(context_of(X, labels)) == []
