from typing import Any

import numpy as np
import pytest
from diagnosis_material import as_strict_json, data_of, outcome_of, run_outcome
from fault_material import asked, config, context_of, examples

from onelayer.data import Dataset
from onelayer.diagnosis import Context, Severity
from onelayer.diagnosis.checks.ends import CHECK, UnfinishedRun, look
from onelayer.training import StopReason


def test_warns_of_a_run_that_was_interrupted() -> None:
    bad = run_outcome(
        "bad", [0.5, 0.4], stop_reason=StopReason.INTERRUPTED, message="interrupted: at step 2",
        learning_rate=7.5, steps=3,
    )  # fmt: skip
    (finding,) = look(Context(outcome_of(run_outcome("good"), bad), data_of()))
    assert (finding.code, finding.check, finding.runs) == ("OL001", "ends", ("bad",))
    assert finding.severity is Severity.WARNING
    assert finding.statement == "The run bad interrupted: at step 2."
    assert "goes on with it" in finding.advice
    assert as_strict_json([finding])[0]["evidence"] == {
        "stop_reason": "interrupted",
        "step": 2,
        "learning_rate": 7.5,
        "what": None,
        "cause": None,
        "limit": None,
        "penalty_limit": None,
        "curve": {"at": [0, 1, 2], "values": [0.5, 0.5, 0.5]},
    }


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"l2": 10.0, "learning_rate": 0.2, "momentum": 0.0}, "penalty"),
        ({"l2": 10.0, "learning_rate": 0.5, "momentum": 0.9}, "penalty"),
        ({"l2": 0.0, "learning_rate": 3e38}, "rate"),
    ],
)
def test_says_why_a_run_diverged(options: dict[str, Any], cause: str) -> None:
    finding = asked(CHECK, context_of(run=config(max_epochs=60, **options)))
    assert finding.is_warning
    measured = finding.measurement
    assert isinstance(measured, UnfinishedRun)
    assert (measured.stop_reason, measured.cause) == ("diverged", cause)
    assert ("the penalty alone makes the weights grow" in finding.statement) == (cause == "penalty")
    assert measured.what is not None
    assert f"It was the {measured.what} that overflowed." in finding.statement
    as_strict_json([finding])


def test_the_penalty_diverges_above_its_limit_and_not_below() -> None:
    """Its limit is 1 / l2 for plain steps: what it says can be checked by a run."""
    for factor, ends in ((0.9, True), (1.2, False)):
        context = context_of(run=config(l2=10.0, learning_rate=factor / 10, max_epochs=60))
        assert context.outcome["run"].record.stop_reason.is_planned == ends
    (finding,) = look(context)
    assert isinstance(finding.measurement, UnfinishedRun)
    assert finding.measurement.penalty_limit == pytest.approx(0.1)
    assert "For this penalty that begins at a rate of 0.1;" in finding.statement


def test_large_values_are_the_cause_where_the_rate_is_not() -> None:
    """One example is so large that its scores overflow; the sample's curvature is that of it."""
    data = examples()
    X = data.X.copy()
    X[:20] *= np.float32(1e25)
    large = Dataset(X, data.y, classes=data.classes)
    context = context_of(large, run=config(learning_rate=1e-3, order="file", l2=0.0))
    (finding,) = look(context)
    assert finding.is_warning
    assert "scale the features" in finding.advice.lower()


@pytest.mark.parametrize("reason", [r for r in StopReason if r.is_planned])
def test_is_silent_where_runs_end_by_themselves(reason: StopReason) -> None:
    assert look(Context(outcome_of(run_outcome(stop_reason=reason)), data_of())) == []
