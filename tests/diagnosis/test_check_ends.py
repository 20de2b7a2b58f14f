import pytest
from diagnosis_material import as_strict_json, data_of, outcome_of, run_outcome

from onelayer.diagnosis import Context, Severity
from onelayer.diagnosis.checks.ends import look
from onelayer.training import StopReason


@pytest.mark.parametrize("reason", [StopReason.DIVERGED, StopReason.INTERRUPTED])
def test_warns_of_a_run_that_did_not_end_by_itself(reason: StopReason) -> None:
    bad = run_outcome(
        "bad", [0.5, float("nan")], stop_reason=reason, message=f"{reason}: at step 2",
        learning_rate=7.5, steps=3,
    )  # fmt: skip
    (finding,) = look(Context(outcome_of(run_outcome("good"), bad), data_of()))
    assert (finding.code, finding.check, finding.runs) == ("OL001", "ends", ("bad",))
    assert finding.severity is Severity.WARNING
    assert finding.statement == f"The run bad {reason}: at step 2."
    assert as_strict_json([finding])[0]["evidence"] == {
        "stop_reason": str(reason),
        "step": 2,
        "learning_rate": 7.5,
    }


@pytest.mark.parametrize("reason", [r for r in StopReason if r.is_planned])
def test_is_silent_where_runs_end_by_themselves(reason: StopReason) -> None:
    assert look(Context(outcome_of(run_outcome(stop_reason=reason)), data_of())) == []
