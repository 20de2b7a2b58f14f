from typing import Any

import numpy as np
import pytest
from diagnosis_material import data_of, evidence_of, outcome_of, run_outcome, trained_run
from hypothesis import given
from hypothesis import strategies as st

from onelayer.data import Dataset, load
from onelayer.diagnosis import Answer, Context, Finding, Severity
from onelayer.diagnosis.checks.early_stopping import MOST_BEYOND, EarlyStop, look
from onelayer.diagnosis.experiments.early_stops import stop_on
from onelayer.diagnosis.statistics import extremes
from onelayer.training import (
    EarlyStopping,
    Evaluation,
    History,
    StopReason,
    TrainConfig,
    train,
)
from onelayer.training.stopping import BestSoFar

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


@pytest.mark.parametrize(
    ("n", "patience", "answer"), [(40, 8, Answer.CANT_TELL), (400, 1, Answer.FOUND)]
)
def test_a_loss_within_chance_is_not_clear_and_is_found_by_the_accuracy(
    n: int, patience: int, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "onelayer.diagnosis.checks.early_stopping.paired_mean_interval",
        lambda _first, _second: (-0.01, 0.4),
    )  # as of losses with a few very large ones
    options = RUN | {"early_stopping": {"patience": patience}}
    if answer is Answer.FOUND:
        options |= {"learning_rate": 0.2, "batch_size": 10}
    (finding,) = look(trained_run(TRAIN, VALIDATION.first(n), **options))
    stop = stop_in(finding)
    assert stop.loss_given_up is not None
    assert stop.loss_given_up > 0.02
    assert stop.accuracy_interval is not None
    assert (stop.accuracy_interval[0] > 0) == (answer is Answer.FOUND)
    assert finding.answer is answer
    assert ("too few validation examples" in finding.statement) == (answer is Answer.CANT_TELL)


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


@given(
    losses=st.lists(st.integers(0, 12), min_size=2, max_size=40),
    patience=st.integers(1, 12),
    min_delta=st.sampled_from([0.0, 0.15]),
)
def test_a_few_evaluations_say_where_any_patience_stops(
    losses: list[int], patience: int, min_delta: float
) -> None:
    """As the rule of training does, evaluation by evaluation."""
    every, values = 3, [loss / 10 for loss in losses]
    evaluations = tuple(Evaluation(i * every, 0, v, 0.5, 0.5, 1.0) for i, v in enumerate(values))
    curve = History(10, np.zeros(every * len(values)), evaluations)
    rule, state = EarlyStopping(patience=patience, min_delta=min_delta), BestSoFar(min_delta)
    steps = curve.steps
    for i, value in enumerate(values):
        state = state.update(value)
        if state.exhausts(rule):
            steps = i * every + 1
            break
    assert stop_on(curve, patience, min_delta) == (steps, values[state.evaluation])


def test_the_curve_past_the_end_is_kept_with_its_extremes() -> None:
    stop = stop_in(finding_on(1))
    assert stop.beyond is not None
    assert stop.stays
    assert len(stop.beyond.step) <= MOST_BEYOND
    longer = train(
        TRAIN, VALIDATION, TrainConfig.model_validate(RUN | {"max_steps": stop.continued_steps})
    )
    after = [e for e in longer.history.evaluations if e.step >= stop.steps]
    assert min(stop.beyond.val_loss) == pytest.approx(min(e.val_loss for e in after), rel=1e-5)
    assert min(stop.beyond.val_accuracy) == pytest.approx(min(e.val_accuracy for e in after))
    assert stop.beyond.step[-1] == after[-1].step


@given(
    curves=st.integers(1, 2).flatmap(
        lambda k: st.lists(
            st.lists(st.floats(-1e3, 1e3), min_size=k, max_size=k), min_size=1, max_size=80
        )
    ),
    most=st.integers(6, 30),
)
def test_thinning_keeps_the_extremes_of_each_curve(curves: list[list[float]], most: int) -> None:
    rows = np.array(curves)
    kept = extremes(rows.T, most)
    assert len(kept) <= max(most, 2)
    assert (kept[0], kept[-1]) == (0, len(rows) - 1)
    assert np.all(np.diff(kept) > 0)
    np.testing.assert_array_equal(rows[kept].min(axis=0), rows.min(axis=0))
    np.testing.assert_array_equal(rows[kept].max(axis=0), rows.max(axis=0))
