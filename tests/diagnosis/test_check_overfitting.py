import numpy as np
import pytest
from diagnosis_material import as_strict_json, data_of, evidence_of, outcome_of, run_outcome
from numpy.typing import NDArray

from onelayer.diagnosis import Answer, Context, Finding, Severity
from onelayer.diagnosis.checks.overfitting import look
from onelayer.diagnosis.statistics import difference_interval
from onelayer.diagnosis.words import number, percent
from onelayer.training import StopReason

I = np.arange(100)  # noqa: E741
NOISE = 0.0005 * np.random.default_rng(0).standard_normal(100)
TURNING = 0.3 + 0.2 * ((I - 40) / 60) ** 2 + NOISE
FALLING = 0.3 + 0.5 * np.exp(-I / 50) + NOISE
LEVEL = 0.3 + 0.5 * np.exp(-I / 5) + NOISE


def finding_on(
    val_loss: NDArray[np.float64], train: float = 0.90, validation: float = 0.90
) -> Finding:
    run = run_outcome("fit", val_loss, train_accuracy=train, val_accuracy=validation)
    (finding,) = look(Context(outcome_of(run), data_of()))
    assert (finding.code, finding.check, finding.runs) == ("OL103", "overfitting", ("fit",))
    as_strict_json([finding])
    return finding


def test_a_loss_that_turns_up_with_a_gap_is_overfitting() -> None:
    finding = finding_on(TURNING, train=0.99)
    evidence = evidence_of(finding)
    assert finding.severity is Severity.WARNING
    assert evidence["overfitting"] is True
    assert evidence["gap"] == pytest.approx(0.09)
    assert evidence["gap_interval"] == pytest.approx(
        list(difference_interval(0.99, 1000, 0.90, 1000))
    )
    assert evidence["lowest_step"] == 2 * int(np.argmin(TURNING))
    # Of the last 20 evaluations, 2 steps apart, the middle lies 50 after the lowest point.
    assert evidence["tail_evaluations"] == 20
    assert evidence["val_loss_slope_per_epoch"] == pytest.approx(
        0.2 * 2 * 49.5 / 3600 * 5, rel=0.05
    )
    for words in (
        "training accuracy is 99.00% and the validation accuracy 90.00%",
        "a gap of 9.00 percentage points",
        f"{100 * evidence['gap_interval'][0]:.2f} to {100 * evidence['gap_interval'][1]:.2f}",
        "rising over the last 20 evaluations",
        f"by {number(evidence['val_loss_slope_per_epoch'])} an epoch",
        "That is overfitting",
        f"ends {percent(evidence['rise_above_lowest'], 1)} above its lowest value",
        f"at step {evidence['lowest_step']}",
    ):
        assert words in finding.statement


def test_a_loss_that_turns_up_without_a_gap_is_not_called_so() -> None:
    finding = finding_on(TURNING)
    assert finding.severity is Severity.INFO
    assert evidence_of(finding)["overfitting"] is False
    assert "past the best point" in finding.statement
    assert "holds zero, so the two cannot be told apart" in finding.statement
    assert "That is overfitting" not in finding.statement


@pytest.mark.parametrize(("train", "gap"), [(0.99, True), (0.90, False)])
def test_a_loss_that_still_falls_is_no_overfitting(train: float, gap: bool) -> None:
    finding = finding_on(FALLING, train=train)
    assert finding.severity is Severity.INFO
    assert "still falling" in finding.statement
    assert "more epochs would lower it further" in finding.statement
    assert ("There is a gap but no overfitting yet" in finding.statement) == gap
    assert evidence_of(finding)["val_loss_slope_per_epoch"] < 0


@pytest.mark.parametrize(("train", "gap"), [(0.99, True), (0.90, False)])
def test_a_level_loss_is_no_overfitting(train: float, gap: bool) -> None:
    finding = finding_on(LEVEL, train=train)
    assert finding.severity is Severity.INFO
    assert "was level over the last 20 evaluations" in finding.statement
    assert ("has not turned up: no overfitting yet" in finding.statement) == gap
    low, high = evidence_of(finding)["val_loss_slope_interval"]
    assert low <= 0 <= high


@pytest.mark.parametrize("train", [0.99, 0.90])
def test_a_slight_rise_is_neither_called_overfitting_nor_denied(train: float) -> None:
    """It ends half a percent above its lowest, and 1% is the least that counts."""
    finding = finding_on(0.3 + 0.0015 * (I / 99) ** 2, train=train)
    assert finding.severity is Severity.INFO
    assert evidence_of(finding)["overfitting"] is False
    assert "rising" in finding.statement
    assert "has not turned up" not in finding.statement
    assert "no sign of overfitting" not in finding.statement
    assert "That is overfitting" not in finding.statement
    assert "past the best point" not in finding.statement
    assert "too little to be called overfitting" in finding.statement
    assert percent(evidence_of(finding)["rise_above_lowest"], 1) in finding.statement


def test_validation_examples_that_are_easier_are_said_to_be() -> None:
    finding = finding_on(LEVEL, train=0.85, validation=0.95)
    assert "the easier ones" in finding.statement
    assert evidence_of(finding)["gap_interval"][1] < 0


def test_a_loss_of_exactly_zero_can_be_compared() -> None:
    """In float32 the loss of well separated examples is exactly zero."""
    finding = finding_on(np.zeros(100), train=1.0, validation=1.0)
    assert finding.severity is Severity.INFO
    assert evidence_of(finding)["rise_above_lowest"] == 0
    risen = finding_on(np.maximum(0, I - 50.0), train=1.0, validation=0.9)
    assert risen.severity is Severity.WARNING
    assert "inf" not in risen.statement
    assert "nan" not in risen.statement


@pytest.mark.parametrize("evaluations", [0, 1, 22, 23, 24])
def test_few_evaluations_are_not_enough(evaluations: int) -> None:
    finding = finding_on(LEVEL[:evaluations])
    assert finding.answer is Answer.NOT_APPLICABLE
    assert evidence_of(finding) == {}
    assert "at least 25 are needed" in finding.statement


def test_twenty_five_evaluations_are_enough() -> None:
    assert finding_on(LEVEL[:25]).answer is not Answer.NOT_APPLICABLE


@pytest.mark.parametrize("reason", [StopReason.DIVERGED, StopReason.INTERRUPTED])
def test_is_silent_on_runs_that_did_not_end_by_themselves(reason: StopReason) -> None:
    assert look(Context(outcome_of(run_outcome("x", TURNING, stop_reason=reason)), data_of())) == []
