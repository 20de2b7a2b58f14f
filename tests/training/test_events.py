"""The stream of events."""

import threading
import time

import numpy as np
import pytest
from training_material import (
    FitMany,
    on_evaluation,
    parts,
)

from onelayer.training import (
    Began,
    EarlyStopping,
    Ended,
    Evaluated,
    Evaluation,
    Event,
    Steps,
    TrainConfig,
    TrainResult,
)

FULL_BATCH = TrainConfig(batch_size=60, max_epochs=40, learning_rate=0.1, dtype="float64")


def test_every_evaluation_is_told(fit_many: FitMany) -> None:
    seen: list[tuple[int, int, Evaluation]] = []
    configs = [
        TrainConfig(batch_size=8, max_epochs=2),
        TrainConfig(batch_size=8, max_epochs=2, l2=0.1),
        TrainConfig(batch_size=16, max_epochs=1),
    ]
    results = fit_many(
        *parts(), configs, 2, listen=on_evaluation(lambda i, step, e: seen.append((i, step, e)))
    )
    for i, result in enumerate(results):
        assert [(step, e) for j, step, e in seen if j == i] == [
            (e.step, e) for e in result.history.evaluations
        ]


def test_every_run_ends_in_the_callers_thread(fit_many: FitMany) -> None:
    told: dict[int, TrainResult] = {}
    threads = []

    def listen(event: Event) -> None:
        threads.append(threading.current_thread())
        if isinstance(event, Ended):
            assert event.run not in told
            told[event.run] = event.result

    configs = [TrainConfig(batch_size=8, max_epochs=m) for m in (3, 1, 2)]
    results = fit_many(*parts(), configs, 2, listen=listen)
    assert [told[i] for i in range(3)] == results
    assert set(threads) == {threading.current_thread()}


@pytest.mark.parametrize("validates", [False, True])
def test_the_events_of_a_run_tell_its_history(fit_many: FitMany, validates: bool) -> None:
    """60 examples in batches of 8, two runs that share a pass, one of which stops early."""
    train_set, validation_set = parts()
    rule = EarlyStopping(patience=1, min_delta=0.05) if validates else None
    configs = [
        TrainConfig(batch_size=8, max_epochs=4, learning_rate=0.3),
        TrainConfig(batch_size=8, max_epochs=4, learning_rate=0.3, early_stopping=rule),
    ]
    seen: list[Event] = []
    results = fit_many(
        train_set, validation_set if validates else None, configs, listen=seen.append
    )
    for i, result in enumerate(results):
        own = [event for event in seen if event.run == i]
        assert isinstance(own[0], Began)
        assert own[0].step == 0
        assert own[0].schedule.max_steps == 32
        assert isinstance(own[-1], Ended)
        assert own[-1].result is result
        steps = [event for event in own if isinstance(event, Steps)]
        assert [event.first for event in steps] == [
            sum(len(e.losses) for e in steps[:j]) for j in range(len(steps))
        ]
        losses = np.concatenate([event.losses for event in steps])
        assert losses.tobytes() == result.history.train_loss.tobytes()
        evaluations = [event.evaluation for event in own if isinstance(event, Evaluated)]
        assert tuple(evaluations) == result.history.evaluations
        assert bool(evaluations) == validates
    assert (results[0].history.steps > results[1].history.steps) == validates


def test_error_in_progress_reaches_the_caller_and_stops_the_other_runs(fit_many: FitMany) -> None:
    last = [-1, -1, -1]

    def progress(i: int, step: int, _evaluation: Evaluation) -> None:
        last[i] = step
        if i == 1 and step >= 3:
            raise ZeroDivisionError("planted")
        time.sleep(0.0005)

    configs = [FULL_BATCH.model_copy(update={"max_epochs": 3000, "l2": l2}) for l2 in (0, 0.1, 0.2)]
    with pytest.raises(ZeroDivisionError, match="planted"):
        fit_many(*parts(), configs, 3, listen=on_evaluation(progress))
    assert last[1] == 3
    assert max(last) < 2999
    stopped = list(last)
    time.sleep(0.02)
    assert last == stopped


def test_error_at_the_end_of_a_run_reaches_the_caller(fit_many: FitMany) -> None:
    def listen(event: Event) -> None:
        if isinstance(event, Ended):
            raise ZeroDivisionError("planted")

    with pytest.raises(ZeroDivisionError, match="planted"):
        fit_many(*parts(), [FULL_BATCH] * 2, 2, listen=listen)
