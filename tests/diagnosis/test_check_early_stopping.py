import numpy as np
import pytest
from diagnosis_material import as_strict_json, data_of, evidence_of, outcome_of, run_outcome

from onelayer.diagnosis import Context, Severity
from onelayer.diagnosis.checks.early_stopping import look
from onelayer.study import RunOutcome
from onelayer.training import EarlyStopping, StopReason


def stopped(
    reason: StopReason = StopReason.PATIENCE, patience: int = 3, max_steps: int | None = None
) -> RunOutcome:
    """Evaluations after steps 0, 20, ..., 600 of at most 1,000; the best is the 28th, after 540."""
    return run_outcome(
        "early",
        np.abs(np.arange(31) - 27) / 100 + 0.0657719,
        val_accuracy=0.9794,
        every=20,
        steps=601,
        stop_reason=reason,
        max_epochs=100,
        max_steps=max_steps,
        early_stopping=EarlyStopping(patience=patience),
    )


def test_says_when_it_came_and_what_it_saved() -> None:
    (finding,) = look(Context(outcome_of(stopped()), data_of()))
    assert (finding.code, finding.check, finding.runs) == ("OL101", "early-stopping", ("early",))
    assert finding.severity is Severity.INFO
    for words in (
        "ended the run early at step 600, after 60 completed epochs",
        "3 evaluations had passed",
        "best evaluation, after step 540",
        "validation loss 0.06577, validation accuracy 97.94%",
        "took 601 of the 1,000 steps that 100 epochs",
        "saved 39.9% of them",
    ):
        assert words in finding.statement
    evidence = as_strict_json([finding])[0]["evidence"]
    assert evidence["stop_reason"] == "patience"
    assert evidence["stopped_step"] == 600
    assert evidence["best_step"] == 540
    assert evidence["steps"] == 601
    assert evidence["allowed_steps"] == 1000
    assert evidence["saved"] == pytest.approx(0.399)


def test_patience_of_one_is_singular() -> None:
    (finding,) = look(Context(outcome_of(stopped(patience=1)), data_of()))
    assert "1 evaluation had" in finding.statement


def test_says_that_it_never_came() -> None:
    (finding,) = look(Context(outcome_of(stopped(StopReason.MAX_EPOCHS, patience=10)), data_of()))
    assert (
        "never came in the run early: within 100 epochs there were never 10 evaluations"
        in finding.statement
    )
    assert evidence_of(finding)["stop_reason"] == "max_epochs"
    assert "saved" not in finding.statement


def test_counts_the_steps_that_max_steps_allows() -> None:
    (finding,) = look(Context(outcome_of(stopped(max_steps=800)), data_of()))
    assert "took 601 of the 800 steps that max_steps = 800 would have taken" in finding.statement
    assert evidence_of(finding)["allowed_steps"] == 800
    (finding,) = look(
        Context(outcome_of(stopped(StopReason.MAX_STEPS, 10, max_steps=601)), data_of())
    )
    assert "within max_steps = 601 there were never 10 evaluations" in finding.statement
    assert "More steps may lower the loss" in finding.statement


@pytest.mark.parametrize("reason", [StopReason.DIVERGED, StopReason.INTERRUPTED])
def test_is_silent_on_runs_that_did_not_end_by_themselves(reason: StopReason) -> None:
    assert look(Context(outcome_of(stopped(reason)), data_of())) == []


def test_is_silent_on_runs_without_early_stopping() -> None:
    assert look(Context(outcome_of(run_outcome()), data_of())) == []
