import pytest
from choice_material import config, looked, parts, sweep
from diagnosis_material import as_strict_json, evidence_of

from onelayer.diagnosis import Answer, Severity
from onelayer.diagnosis.checks.confidence import CHECK


def test_memorised_noise_is_overconfident() -> None:
    (found,) = looked(CHECK, parts(60, 800, 100), sweep(1e-5))
    assert (found.answer, found.severity) == (Answer.FOUND, Severity.WARNING)
    assert "overconfident" in found.statement
    evidence = evidence_of(found)
    assert evidence["gap"] > evidence["gap_interval"][0] > 0.05
    assert evidence["calibration_error"] > 0.05
    assert sum(b["n"] for b in evidence["bins"]) == 800
    assert as_strict_json([found])


def test_strong_penalty_is_underconfident() -> None:
    (found,) = looked(CHECK, parts(500, 800), sweep(1.0))
    assert (found.answer, found.severity) == (Answer.FOUND, Severity.WARNING)
    assert "underconfident" in found.statement
    assert evidence_of(found)["gap_interval"][1] < -0.1


def test_mild_penalty_is_worth_a_word_at_most() -> None:
    (found,) = looked(CHECK, parts(2000, 4000), sweep(0.03))
    assert (found.answer, found.severity) == (Answer.FOUND, Severity.INFO)


def test_fitting_model_is_as_sure_as_it_is_right() -> None:
    (found,) = looked(CHECK, parts(3000, 2000), sweep(1e-4))
    assert found.answer is Answer.CLEAR
    low, high = evidence_of(found)["gap_interval"]
    assert low <= 0 <= high


@pytest.mark.parametrize("n", [40, 99])
def test_few_examples_cannot_tell(n: int) -> None:
    (found,) = looked(CHECK, parts(300, n), sweep(0.01))
    assert found.answer is Answer.CANT_TELL
    assert found.measurement is None


def test_a_hundred_examples_may_leave_it_open() -> None:
    (found,) = looked(CHECK, parts(3000, 100), sweep(1e-3))
    assert found.answer is Answer.CANT_TELL
    assert not found.is_warning


def test_of_a_sweep_the_best_is_looked_at() -> None:
    (found,) = looked(CHECK, parts(1000, 1000), sweep(1e-3, 1.0))
    assert found.runs == ("l2=0.001",)


def test_logistic_models_have_a_confidence_too() -> None:
    data = parts(1000, 1000)
    (softmax,) = looked(CHECK, data, {"run": config(l2=0.5)})
    # A softmax model's penalty is over two columns of half the size.
    (logistic,) = looked(CHECK, data, {"run": config(model="logistic", l2=0.25)})
    gap = evidence_of(logistic)["gap"]
    assert evidence_of(softmax)["gap"] == pytest.approx(gap, abs=2e-3)
