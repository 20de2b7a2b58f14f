from diagnosis_material import as_strict_json
from fault_material import asked, config, context_of

from onelayer.diagnosis import Answer
from onelayer.diagnosis.checks.low_rate import CHECK, LowRate, _clearest
from onelayer.diagnosis.experiments.repeats import Change


def test_a_low_rate_is_found_with_the_same_steps() -> None:
    context = context_of(run=config(learning_rate=1e-3, max_epochs=5))
    finding = asked(CHECK, context)
    assert finding.answer is Answer.FOUND
    assert finding.is_warning
    measured = finding.measurement
    assert isinstance(measured, LowRate)
    assert measured.factor in (30, 100, 300)
    assert measured.tried_steps == measured.steps == 100
    assert measured.train_loss_change is not None
    assert measured.train_loss_change > 0.3
    assert measured.largest_rate * measured.factor <= measured.limit / 2
    as_strict_json([finding])


def test_too_few_epochs_at_a_good_rate_are_not_the_rate() -> None:
    context = context_of(run=config(learning_rate=0.5, max_epochs=1, batch_size=200))
    finding = asked(CHECK, context)
    assert finding.answer is Answer.CLEAR


def test_a_low_rate_that_has_arrived_is_clear_without_an_experiment() -> None:
    context = context_of(run=config(learning_rate=0.02, max_epochs=100, l2=0.1))
    finding = asked(CHECK, context)
    assert finding.answer is Answer.CLEAR
    assert context.budget.spent == 0


def test_runs_on_the_same_data_share_a_pass() -> None:
    context = context_of(
        a=config(learning_rate=1e-3, max_epochs=3),
        b=config(learning_rate=1e-3, max_epochs=3, l2=1e-2),
        ends=config(solver="optimum"),
    )
    findings = CHECK.look(context)
    assert [f.runs for f in findings] == [("a",), ("b",)]
    assert all(f.is_warning for f in findings)


def test_a_smaller_gain_that_is_sure_goes_before_a_larger_one_that_is_not() -> None:
    def gain(reduction: float, low: float) -> Change:
        return Change(1.0, 1 - reduction, reduction, (low, 0.5), 0.8, 0.8, (-0.01, 0.01))

    assert _clearest([gain(0.1, 0.02), gain(0.15, -0.14)]) == 0
    assert _clearest([gain(0.1, 0.02), gain(0.15, 0.01)]) == 1
    assert _clearest([gain(0.1, -0.02), gain(0.15, -0.14)]) == 1
