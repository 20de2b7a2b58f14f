import numpy as np
import pytest
from diagnosis_material import as_strict_json, data_of, outcome_of, run_outcome, trained
from l2_material import hidden, plain, sweep

from onelayer.diagnosis import Answer, Context, Finding, Severity, diagnose
from onelayer.diagnosis.checks.underfitting import Underfitting, look
from onelayer.diagnosis.statistics import PairedAccuracies
from onelayer.training import TrainConfig


def found_in(context: Context) -> list[Finding]:
    findings = look(context)
    assert all((f.code, f.check) == ("OL006", "underfitting") for f in findings)
    as_strict_json(findings)
    return findings


TRAIN, VALIDATION = hidden(600, 0), hidden(2000, 1)


def test_a_strong_penalty_is_found_and_a_weak_one_is_not() -> None:
    (finding,) = found_in(trained(TRAIN, VALIDATION, sweep((1.0,), max_epochs=5)))
    assert (finding.answer, finding.severity) == (Answer.FOUND, Severity.WARNING)
    assert "Take a weaker penalty, such as λ = 0.01" in finding.advice
    assert "no longer training would help" in finding.statement
    (finding,) = found_in(trained(TRAIN, VALIDATION, sweep((1e-4,), max_epochs=5)))
    assert (finding.answer, finding.severity) == (Answer.CLEAR, Severity.INFO)


def test_it_is_the_minimum_that_is_judged_and_not_the_run() -> None:
    """A run that has hardly begun is not called underfitting by its penalty."""
    (finding,) = found_in(
        trained(TRAIN, VALIDATION, sweep((1e-4,), max_epochs=1, learning_rate=1e-4))
    )
    assert finding.answer is Answer.CLEAR


def test_a_penalty_that_costs_nothing_is_not_found_however_strong() -> None:
    """Where the means of the classes say all, the strongest penalty does no harm."""
    context = trained(plain(600, 0), plain(2000, 1), sweep((10.0,), max_epochs=2))
    assert found_in(context)[0].answer is Answer.CLEAR


def test_better_on_the_training_examples_alone_is_no_underfitting() -> None:
    """Pure noise: weak penalties learn it by heart."""
    rng = np.random.default_rng(0)
    train = plain(60, 0)
    noise = [
        type(train)(rng.normal(size=(n, 100)), np.arange(n) % 3, range(3)) for n in (120, 1000)
    ]
    (finding,) = found_in(trained(noise[0], noise[1], sweep((10.0,), max_epochs=2)))
    assert finding.answer is Answer.CLEAR
    assert isinstance(finding.measurement, Underfitting)
    gains = [w.train_gain for p in finding.measurement.penalties for w in p.weaker]
    assert max(gains) > 0.05


def test_gains_are_those_of_other_minima() -> None:
    context = trained(TRAIN, VALIDATION, sweep((1.0, 0.1, 0.01), solver="optimum"))
    found = look(context)[0]
    assert isinstance(found.measurement, Underfitting)
    fit = found.measurement.penalties[0]
    rights = [context.correct(run) for run in context.outcome.runs]
    for weaker, right in zip(fit.weaker, rights[1:], strict=True):
        pair = PairedAccuracies.of(right, rights[0])
        assert weaker.val_gain == pytest.approx(pair.difference, abs=0.005)
        assert weaker.val_interval == pytest.approx(pair.interval(), abs=0.005)


def test_a_sweep_that_knows_better_is_no_warning() -> None:
    found, clear = found_in(trained(TRAIN, VALIDATION, sweep((1.0, 1e-3), max_epochs=3)))
    assert (found.answer, found.severity) == (Answer.FOUND, Severity.INFO)
    assert found.runs == ("l2=1",)
    assert "Keep the weaker penalty that the study has: λ = 0.001" in found.advice
    assert clear.runs == ("l2=0.001",)


def test_the_question_does_not_arise() -> None:
    none = TrainConfig(max_epochs=1), TrainConfig(max_epochs=1, l2=0.1, features=(0, 2))
    for config in none:
        assert look(trained(TRAIN, VALIDATION, {"a": config})) == []


def test_a_budget_that_does_not_do_is_said() -> None:
    context = Context(outcome_of(run_outcome(l2=0.1)), data_of(30))
    (finding,) = diagnose(context.outcome, context.data, only=["OL006"], budget=0.0)
    assert finding.answer is Answer.CANT_TELL
    assert "Not looked for" in finding.statement
