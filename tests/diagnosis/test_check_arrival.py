import pytest
from diagnosis_material import as_strict_json
from fault_material import asked, config, context_of, examples

from onelayer.diagnosis import Answer, Severity
from onelayer.diagnosis.checks import arrival
from onelayer.diagnosis.checks.arrival import CHECK, Arrival
from onelayer.optimum import minimise


def test_few_epochs_are_found_and_the_distance_is_that_of_the_minimum() -> None:
    context = context_of(run=config(max_epochs=1, learning_rate=0.5, batch_size=150))
    finding = asked(CHECK, context)
    assert finding.answer is Answer.FOUND
    assert finding.is_warning
    measured = finding.measurement
    assert isinstance(measured, Arrival)
    assert measured.exact
    run, (train, validation) = context.outcome["run"], context.parts(context.outcome["run"])
    (optimum,) = minimise(train, [run.record.config.objective])
    assert run.record.final.train_loss is not None
    J = run.record.final.train_loss + 1e-3 * run.record.final.weight_norm**2
    assert measured.share == pytest.approx(J / optimum.value - 1, rel=0.02)
    assert measured.there is not None
    assert measured.there.loss == pytest.approx(run.record.final.val_loss)
    assert measured.there.other_loss == pytest.approx(
        run.record.config.objective.value(optimum.parameters, validation.X, validation.targets)
        - run.record.config.objective.penalty(optimum.parameters),
        rel=0.01,
    )
    as_strict_json([finding])


def test_enough_epochs_are_clear_without_an_experiment() -> None:
    context = context_of(run=config(max_epochs=60, l2=0.1))
    finding = asked(CHECK, context)
    assert finding.answer is Answer.CLEAR
    assert context.budget.spent == 0


def test_without_a_penalty_the_run_goes_on() -> None:
    context = context_of(run=config(l2=0.0, max_epochs=1, learning_rate=0.5, batch_size=150))
    finding = asked(CHECK, context)
    assert finding.is_warning
    assert "Without a penalty there need be no minimum to arrive at." in finding.statement
    assert isinstance(finding.measurement, Arrival)
    assert finding.measurement.further_steps == 4 * context.outcome["run"].record.steps


def test_what_is_too_long_goes_on_with_momentum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "SECONDS", 1e-5)
    context = context_of(run=config(l2=0.0, max_epochs=2, batch_size=20, learning_rate=0.02))
    finding = asked(CHECK, context)
    assert "with momentum 0.9 and averaging" in finding.statement
    assert isinstance(finding.measurement, Arrival)
    assert finding.measurement.further_momentum == 0.9
    assert finding.measurement.further_steps < 4 * 40


def test_a_low_rate_is_the_reason_where_it_is() -> None:
    context = context_of(run=config(learning_rate=1e-3, max_epochs=5))
    finding = asked(CHECK, context)
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO
    assert "OL005" in finding.statement


def test_a_far_j_that_costs_nothing_is_a_fact() -> None:
    """The minimum of a small penalty overfits; the run that stopped short of it does not."""
    context = context_of(
        train=examples(40),
        run=config(l2=1e-4, max_epochs=10, batch_size=10),
    )
    finding = asked(CHECK, context)
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO


def test_runs_that_patience_ended_and_minima_are_not_asked() -> None:
    context = context_of(
        early=config(early_stopping={"patience": 1}, max_epochs=200),
        found=config(solver="optimum"),
    )
    assert CHECK.look(context) == []


def test_drawn_examples_are_not_made_again() -> None:
    context = context_of(run=config(max_epochs=1, examples_per_class=30))
    finding = asked(CHECK, context)
    assert finding.answer is Answer.CANT_TELL
    assert "drawn examples" in finding.statement
