from typing import Any

import numpy as np
import pytest
from diagnosis_material import data_of, evidence_of, outcome_of, run_outcome, trained_run

from onelayer.data import Dataset, load
from onelayer.diagnosis import Answer, Context, Finding, Severity
from onelayer.diagnosis.checks.early_stopping import EarlyStop, look
from onelayer.training import StopReason, TrainConfig, train

TRAIN, VALIDATION = load("digits", train=600, validation=400)
RUN: dict[str, Any] = {"learning_rate": 0.02, "batch_size": 30, "max_epochs": 200}


def finding_on(patience: int, **options: Any) -> Finding:
    context = trained_run(
        TRAIN, VALIDATION, **RUN | {"early_stopping": {"patience": patience}} | options
    )
    (finding,) = look(context)
    assert (finding.code, finding.check, finding.runs) == ("OL101", "early-stopping", ("run",))
    evidence_of(finding)
    return finding


def stop_in(finding: Finding) -> EarlyStop:
    assert isinstance(finding.measurement, EarlyStop)
    return finding.measurement


def test_an_impatient_run_gives_something_up() -> None:
    finding = finding_on(1)
    stop = stop_in(finding)
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO
    assert stop.stop_reason is StopReason.PATIENCE
    assert stop.loss_given_up is not None
    assert stop.loss_given_up > 0.02
    assert stop.loss_interval is not None
    assert stop.loss_interval[0] > 0
    assert stop.lowest_val_loss is not None
    assert stop.lowest_val_loss < stop.best_val_loss
    assert finding.advice.startswith("A patience of ")
    own = {p.patience: p for p in stop.patiences}[1]
    assert (own.steps, own.best_val_loss) == (stop.steps, stop.best_val_loss)


def test_a_patient_run_gives_nothing_up() -> None:
    rng = np.random.default_rng(0)  # labels that nothing tells: the first loss is about the lowest
    y = rng.integers(0, 2, 400)
    X = rng.normal(size=(400, 20))
    parts = Dataset(X[:200], y[:200]), Dataset(X[200:], y[200:])
    context = trained_run(*parts, learning_rate=0.05, batch_size=20, max_epochs=300,
                      early_stopping={"patience": 20})  # fmt: skip
    (finding,) = look(context)
    assert finding.answer is Answer.CLEAR
    assert stop_in(finding).continued_steps == 5 * stop_in(finding).steps


def test_the_run_that_goes_on_is_the_same_up_to_its_end() -> None:
    stop = stop_in(finding_on(2))
    config = TrainConfig.model_validate(RUN | {"max_steps": stop.continued_steps})
    longer = train(TRAIN, VALIDATION, config)
    lowest = min(longer.history.evaluations, key=lambda e: e.val_loss)
    assert (stop.lowest_step, stop.lowest_val_loss) == (lowest.step, lowest.val_loss)


def test_a_run_that_used_all_its_epochs_is_not_continued() -> None:
    finding = finding_on(50, max_epochs=3)
    assert finding.answer is Answer.CLEAR
    assert stop_in(finding).continued_steps is None
    assert "never came in the run run: within 3 epochs" in finding.statement
    by_steps = finding_on(50, max_steps=40)
    assert "within max_steps = 40" in by_steps.statement


@pytest.mark.parametrize("reason", [StopReason.DIVERGED, StopReason.INTERRUPTED])
def test_is_silent_on_runs_that_did_not_come_to_their_end(reason: StopReason) -> None:
    run = run_outcome(early_stopping={"patience": 3}, stop_reason=reason)
    assert look(Context(outcome_of(run), data_of())) == []


def test_is_silent_without_early_stopping() -> None:
    assert look(Context(outcome_of(run_outcome()), data_of())) == []
