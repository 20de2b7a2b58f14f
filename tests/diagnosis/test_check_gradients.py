import numpy as np
import pytest
from diagnosis_material import as_strict_json, data_of, evidence_of, outcome_of, run_outcome

from onelayer.diagnosis import Context, Severity, check_on
from onelayer.diagnosis.checks import gradients
from onelayer.model import GradientCheck, Objective
from onelayer.words import in_powers


def test_right_gradients_are_said_to_be_right() -> None:
    (finding,) = gradients.look(Context(outcome_of(run_outcome()), data_of()))
    assert (finding.code, finding.check, finding.runs) == ("OL002", "gradients", ())
    assert finding.severity is Severity.INFO
    assert finding.statement.endswith("the gradients are right.")
    objectives = evidence_of(finding)["objectives"]
    assert len(objectives) == 6
    assert all(o["passed"] for o in objectives)
    worst = max(o["worst_error"] for o in objectives)
    assert in_powers(f"{worst:.1e}") in finding.statement
    assert evidence_of(finding)["examples"] == 12


@pytest.mark.parametrize("error", [1e-3, float("nan"), float("inf")])
def test_warns_of_a_wrong_gradient(error: float, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [
        GradientCheck(Objective("logistic"), 3, 60, 1e-10, 1.0, 1.0),
        GradientCheck(Objective("softmax", 0.1), 3, 60, error, 1.0, 2.0),
    ]
    monkeypatch.setattr(gradients, "check_gradients", lambda *_, **__: checks)
    (finding,) = gradients.look(Context(outcome_of(run_outcome()), data_of()))
    assert finding.severity is Severity.WARNING
    assert "a gradient is wrong" in finding.statement
    assert in_powers(f"{error:.1e}") in finding.statement
    found = [o["passed"] for o in as_strict_json([finding])[0]["evidence"]["objectives"]]
    assert found == [True, False]


@pytest.mark.parametrize("n", [1, 2, 500])
def test_works_on_whatever_the_first_examples_are(n: int) -> None:
    """Here they are of the last class only."""
    data = data_of(n, labels=(2,))
    assert all(check.passed for check in check_on(data.train))
    (finding,) = gradients.look(Context(outcome_of(run_outcome()), data))
    assert finding.severity is Severity.INFO
    assert evidence_of(finding)["examples"] == min(n, gradients.EXAMPLES)


def test_checks_what_a_model_would_see(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scaled features in float64."""
    seen = []

    def check_gradients(X: np.ndarray, *_: object, **__: object) -> list[GradientCheck]:
        seen.append(X)
        return []

    monkeypatch.setattr(gradients, "check_gradients", check_gradients)
    train = data_of().train
    gradients.check_on(train)
    np.testing.assert_array_equal(seen[0], train.scaling.apply(train.X, np.float64))
