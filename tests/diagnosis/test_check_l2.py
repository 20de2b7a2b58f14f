from typing import Any

import numpy as np
import pytest
from diagnosis_material import as_strict_json, data_of, evidence_of, outcome_of, run_outcome

from onelayer.diagnosis import Answer, Context, Finding, Severity
from onelayer.diagnosis.checks import l2_accuracy, weight_norm
from onelayer.diagnosis.statistics import difference_interval
from onelayer.study import RunOutcome
from onelayer.training import StopReason

L2 = (1.0, 0.1, 0.01, 0.001)


def look(context: Context) -> list[Finding]:
    """The findings of both checks, sweep after sweep."""
    both = zip(l2_accuracy.look(context), weight_norm.look(context), strict=True)
    return [finding for pair in both for finding in pair]


def sweep(norms: tuple[float, ...], accuracies: tuple[float, ...] = (0.9,) * 4) -> list[RunOutcome]:
    return [
        run_outcome(f"l2[l2={l2}]", val_accuracy=a, weight_norm=norm, l2=l2)
        for l2, norm, a in zip(L2, norms, accuracies, strict=False)
    ]


def findings_on(*runs: RunOutcome) -> tuple[Finding, Finding]:
    accuracy, norm = look(Context(outcome_of(*runs), data_of()))
    assert (accuracy.code, accuracy.check) == ("OL105", "l2-accuracy")
    assert (norm.code, norm.check) == ("OL106", "weight-norm")
    as_strict_json([accuracy, norm])
    return accuracy, norm


def test_inverse_proportion_is_said_where_the_slope_is_minus_one() -> None:
    _, norm = findings_on(*sweep((0.02, 0.2, 2.0, 20.0)))
    assert norm.severity is Severity.INFO
    assert evidence_of(norm)["loglog_slope"] == pytest.approx(-1)
    assert evidence_of(norm)["local_slopes"] == pytest.approx([-1] * 3)
    assert "is inversely proportional to λ over this range" in norm.statement
    assert "The slope measured is −1.00 over all, between −1.00 and −1.00" in norm.statement
    assert "from λ = 0.001 to λ = 1 the norm goes from 20 to 0.02" in norm.statement


def test_a_flatter_fall_is_not_inversely_proportional() -> None:
    """The norm grows by 10**0.3 from each λ to a tenth of it."""
    norms = tuple(0.5 * 10 ** (0.3 * i) for i in range(4))
    _, norm = findings_on(*sweep(norms))
    assert evidence_of(norm)["loglog_slope"] == pytest.approx(-0.3)
    assert "is not inversely proportional" in norm.statement
    assert "a tenfold λ divides it by 2 on average" in norm.statement
    assert "−0.30" in norm.statement


def test_minus_one_on_average_alone_is_not_inversely_proportional() -> None:
    _, norm = findings_on(*sweep((0.01, 0.02, 5.0, 10.0)))
    assert evidence_of(norm)["loglog_slope"] == pytest.approx(-1.14, abs=0.01)
    assert "is not inversely proportional" in norm.statement
    assert evidence_of(norm)["steepest_local_slope"] == pytest.approx(-np.log10(250))


def test_a_norm_that_rises_with_l2_is_said_to() -> None:
    _, norm = findings_on(*sweep((1.0, 0.5, 2.0, 3.0)))
    assert "does not even fall throughout" in norm.statement


def test_two_values_are_too_few_for_a_slope() -> None:
    accuracy, norm = findings_on(*sweep((1.0, 2.0)))
    assert accuracy.severity is Severity.INFO
    assert norm.answer is Answer.NOT_APPLICABLE
    assert norm.statement.startswith("Of l2[l2=1.0] and l2[l2=0.1] too few")
    assert evidence_of(norm) == {}


def test_the_run_without_penalty_belongs_to_the_sweep_but_not_to_the_slope() -> None:
    plain = run_outcome("softmax", weight_norm=50, l2=0.0)
    accuracy, norm = findings_on(plain, *sweep((0.02, 0.2, 2.0, 20.0)))
    assert accuracy.runs == norm.runs == (*(f"l2[l2={l2}]" for l2 in L2), "softmax")
    assert evidence_of(norm)["loglog_slope"] == pytest.approx(-1)
    assert [p["l2"] for p in evidence_of(norm)["points"]] == [1.0, 0.1, 0.01, 0.001, 0.0]


def test_the_same_strength_twice_counts_once() -> None:
    twice = run_outcome("again", weight_norm=0.2, l2=0.1)
    accuracy, norm = findings_on(*sweep((0.02, 0.2, 2.0, 20.0)), twice)
    assert evidence_of(norm)["loglog_slope"] == pytest.approx(-1)
    assert evidence_of(norm)["local_slopes"] == pytest.approx([-1] * 3)
    assert len(accuracy.runs) == 4


def test_a_norm_of_zero_has_no_logarithm() -> None:
    _, norm = findings_on(*sweep((0.0, 0.2, 2.0, 20.0)))
    assert "nan" not in norm.statement
    assert "inf" not in norm.statement.replace("information", "")


def test_best_and_worst_accuracy_are_told_apart_where_they_can_be() -> None:
    accuracy, _ = findings_on(*sweep((1, 2, 3, 4), (0.80, 0.85, 0.95, 0.94)))
    evidence = evidence_of(accuracy)
    assert evidence["best"] == "l2[l2=0.01]"
    assert evidence["worst"] == "l2[l2=1.0]"
    low, high = difference_interval(0.95, 1000, 0.80, 1000)
    assert evidence["difference_interval"] == pytest.approx([low, high])
    assert evidence["tied_with_best"] == ["l2[l2=0.001]"]
    assert [r["val_accuracy"] for r in evidence["runs"]] == [0.80, 0.85, 0.95, 0.94]
    for words in (
        "validation accuracy of the weights that are kept is 95.00%, with λ = 0.01",
        "the worst 80.00%, with λ = 1: 15.00 percentage points apart",
        f"95% interval {100 * low:.2f} to {100 * high:.2f}",
        "On 1,000 validation examples the best cannot be told from λ = 0.001.",
    ):
        assert words in accuracy.statement


def test_best_that_is_ahead_of_all_is_said_to_be() -> None:
    accuracy, _ = findings_on(*sweep((1, 2, 3, 4), (0.80, 0.85, 0.99, 0.9)))
    assert evidence_of(accuracy)["tied_with_best"] == []
    assert "the best is ahead of every other" in accuracy.statement


def test_diverged_runs_are_left_out() -> None:
    bad = run_outcome("bad", [float("nan")], l2=10.0, stop_reason=StopReason.DIVERGED)
    accuracy, norm = findings_on(bad, *sweep((0.02, 0.2, 2.0, 20.0)))
    assert "bad" not in accuracy.runs
    assert "bad" not in norm.runs


@pytest.mark.parametrize(
    "other", [{"learning_rate": 0.5}, {"seed": 1}, {"classes": (0, 1)}, {"max_epochs": 7}]
)
def test_runs_that_differ_in_more_than_l2_are_no_sweep(other: dict[str, Any]) -> None:
    assert (
        look(Context(outcome_of(run_outcome("a"), run_outcome("b", l2=0.1, **other)), data_of()))
        == []
    )


def test_is_silent_without_a_sweep() -> None:
    assert look(Context(outcome_of(run_outcome()), data_of())) == []
    assert look(Context(outcome_of(run_outcome("a"), run_outcome("b")), data_of())) == []


def test_each_sweep_has_its_findings() -> None:
    second = [run_outcome(f"b[l2={l2}]", l2=l2, weight_norm=1 / l2, learning_rate=0.5) for l2 in L2]
    findings = look(Context(outcome_of(*sweep((0.02, 0.2, 2.0, 20.0)), *second), data_of()))
    assert [f.code for f in findings] == ["OL105", "OL106"] * 2


def test_findings_of_a_sweep_name_its_runs() -> None:
    for finding in findings_on(*sweep((0.02, 0.2, 2.0, 20.0))):
        names = [f"l2[l2={l2}]" for l2 in L2]
        assert finding.statement.startswith(f"Of {', '.join(names[:-1])} and {names[-1]}")
