from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from diagnosis_material import as_strict_json, data_of, outcome_of, run_outcome, trained
from l2_material import hidden, plain, sweep

from onelayer.diagnosis import Answer, Context, Finding, Severity
from onelayer.diagnosis.checks.l2_accuracy import look
from onelayer.diagnosis.measures.l2_accuracies import SweepAccuracies
from onelayer.diagnosis.statistics import PairedAccuracies
from onelayer.study import RunOutcome
from onelayer.training import StopReason

L2 = (1.0, 0.1, 0.01, 0.001)


def found_in(context: Context) -> tuple[Finding, SweepAccuracies]:
    (finding,) = look(context)
    assert (finding.code, finding.check) == ("OL105", "l2-accuracy")
    as_strict_json([finding])
    assert isinstance(finding.measurement, SweepAccuracies)
    return finding, finding.measurement


@pytest.fixture(scope="module")
def falling() -> Context:
    return trained(hidden(600, 0), hidden(3000, 1), sweep(L2, solver="optimum"))


def test_a_fall_is_found_at_the_minima_and_called_underfitting(falling: Context) -> None:
    finding, measured = found_in(falling)
    assert (finding.answer, finding.severity) == (Answer.FOUND, Severity.INFO)
    assert finding.runs == tuple(f"l2={l2:g}" for l2 in L2)
    first, last = measured.runs[0].certified, measured.runs[-1].certified
    assert first is not None
    assert last is not None
    assert last.val_accuracy - first.val_accuracy > 0.05
    assert "So it falls with λ" in finding.statement
    assert "training accuracy falls there too" in finding.statement
    assert "training had not arrived" not in finding.statement
    assert measured.best_minimum in measured.minima_that_may_be_best


def test_intervals_are_paired_by_example(falling: Context) -> None:
    _, measured = found_in(falling)
    step = measured.steps[0]
    rights = [falling.correct(run) for run in falling.outcome.runs[:2]]
    pair = PairedAccuracies.of(rights[1], rights[0])
    assert step.at_end == pytest.approx(pair.difference)
    assert step.at_end_interval == pytest.approx(pair.interval())
    # The runs are their minima, to within the tolerance of the search.
    assert step.at_minimum == pytest.approx(step.at_end, abs=0.005)


def test_each_penalty_is_compared_with_the_least(falling: Context) -> None:
    _, measured = found_in(falling)
    assert [(d.where, d.l2, d.least) for d in measured.against_least] == [
        (where, l2, 1e-3) for where in ("end", "minimum") for l2 in L2[:-1]
    ]
    first, *_, last = falling.outcome.runs
    pair = PairedAccuracies.of(falling.correct(first), falling.correct(last))
    assert measured.against_least[0].difference == pytest.approx(pair.difference)
    assert measured.against_least[0].interval == pytest.approx(pair.interval())
    assert measured.against_least[0].interval[1] < 0


def test_no_fall_where_the_means_say_all() -> None:
    context = trained(plain(900, 0), plain(6000, 1), sweep(L2[:3], solver="optimum"))
    finding, measured = found_in(context)
    assert finding.answer is Answer.CLEAR
    assert "cannot be told from chance" in finding.statement
    assert "underfits" not in finding.statement
    assert len(measured.minima_that_may_be_best) > 1
    assert "may not be better than" in finding.statement


def test_few_examples_cannot_tell() -> None:
    context = trained(plain(60, 0), plain(45, 1), sweep(L2[:3], solver="optimum"))
    assert found_in(context)[0].answer is Answer.CANT_TELL


def test_a_run_that_had_not_arrived_is_told_from_the_penalty() -> None:
    """The ends differ, and with λ; the minima do not."""
    options: dict[str, Any] = {"learning_rate": 0.2, "batch_size": 100}
    train, validation = plain(900, 0), plain(6000, 1)
    long = trained(train, validation, sweep((0.02, 0.01), max_epochs=30, **options))
    first, second = long.outcome.runs
    # A first step that went astray, and the run ended there.
    astray = np.array([[1.0, -1, 0], [0, 1, -1], [-1, 0, 1]]) * 0.05
    astray = astray + 0.02 * np.asarray(first.model.weights)
    model = replace(first.model, weights=astray)
    broken = replace(first, model=model, history=first.history.head(9))
    context = Context(replace(long.outcome, runs=(broken, second)), long.data)
    finding, measured = found_in(context)
    assert measured.steps[0].at_end > 0.05
    assert measured.steps[0].training > 0.05
    assert abs(measured.steps[0].at_minimum) < 0.01
    assert finding.answer is Answer.CLEAR
    assert "So it falls with λ" not in finding.statement
    assert "The end of the run with λ = 0.02 is" in finding.statement
    assert "since training had not arrived" in finding.statement
    at = measured.runs[0].minimum
    assert at is not None
    assert at.way < 0.5


def test_the_change_at_the_ends_is_the_sum_of_its_parts() -> None:
    context = trained(
        hidden(600, 0), hidden(900, 1),
        sweep((0.1, 0.01, 0.001), learning_rate=0.05, batch_size=20, max_epochs=6),
    )  # fmt: skip
    finding, measured = found_in(context)
    for step in (*measured.steps, *measured.from_largest):
        assert step.at_end == pytest.approx(step.at_minimum + step.training + step.noise)
    assert measured.runs[-1].noise is not None
    assert "since training had not arrived" in finding.statement


def test_minima_that_are_not_known_are_not_spoken_of() -> None:
    """Of runs on some features there are none; without a penalty separable classes have none."""
    some = trained(plain(300, 0), plain(300, 1), sweep((0.1, 0.01), features=(0, 2), max_epochs=5))
    finding, measured = found_in(some)
    assert finding.answer is Answer.CANT_TELL
    assert [run.minimum for run in measured.runs] == [None, None]
    assert "fewer than two minima are known" in finding.statement
    apart = plain(120, 0, spread=0.1)
    finding, measured = found_in(trained(apart, apart, sweep((0.1, 0.0), max_epochs=5)))
    assert finding.answer is Answer.CANT_TELL
    assert measured.runs[1].certified is None
    assert "For λ = 0 no minimum could be certified" in finding.statement


def test_a_budget_that_is_spent_leaves_the_ends() -> None:
    context = trained(plain(300, 0), plain(300, 1), sweep((0.1, 0.01), solver="optimum"))
    context.budget.seconds = 0.0
    finding, measured = found_in(context)
    assert finding.answer is Answer.CANT_TELL
    assert measured.best
    assert measured.runs[0].minimum is None


def made_up(l2s: tuple[float, ...] = L2) -> list[RunOutcome]:
    return [run_outcome(f"l2[l2={l2}]", l2=l2) for l2 in l2s]


def test_diverged_runs_and_the_same_strength_twice_are_left_out() -> None:
    bad = run_outcome("bad", [float("nan")], l2=10.0, stop_reason=StopReason.DIVERGED)
    twice = run_outcome("again", l2=0.1)
    (finding,) = look(Context(outcome_of(bad, *made_up(), twice), data_of(30)))
    assert finding.runs == tuple(f"l2[l2={l2}]" for l2 in L2)


@pytest.mark.parametrize(
    "other", [{"learning_rate": 0.5}, {"seed": 1}, {"classes": (0, 1)}, {"max_epochs": 7}, {}]
)
def test_runs_that_differ_in_more_than_l2_are_no_sweep(other: dict[str, Any]) -> None:
    runs = run_outcome("a"), run_outcome("b", l2=0.1 if other else 0.0, **other)
    assert look(Context(outcome_of(*runs), data_of())) == []


def test_each_sweep_has_its_finding() -> None:
    second = [run_outcome(f"b[l2={l2}]", l2=l2, learning_rate=0.5) for l2 in L2]
    findings = look(Context(outcome_of(*made_up(), *second), data_of(30)))
    assert [f.code for f in findings] == ["OL105"] * 2
