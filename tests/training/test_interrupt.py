import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import numpy as np
import pytest
from training_material import (
    Fit,
    FitMany,
    on_evaluation,
    parts,
    same_bits,
    turning_parts,
)

from onelayer.model import ModelName
from onelayer.training import (
    EarlyStopping,
    Evaluation,
    StopReason,
    TrainConfig,
    stop_on_interrupt,
)

# Full batch: one step an epoch, an evaluation after each, and far more of them than are wanted.
LONG = TrainConfig(batch_size=60, max_epochs=3000, learning_rate=0.1, dtype="float64")


@pytest.fixture(autouse=True)
def _ctrl_c_as_in_a_terminal() -> Iterator[None]:
    # A shell starts background jobs with SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _wait_until(handler: object) -> None:
    """Wait until the main thread has dealt with a signal."""
    end = time.monotonic() + 60
    while signal.getsignal(signal.SIGINT) is not handler:
        assert time.monotonic() < end, "the signal was never handled"
        time.sleep(0.001)


def _stop_at(step: int, stop: threading.Event) -> Callable[[int, int, Evaluation], None]:
    def progress(_i: int, at: int, _evaluation: Evaluation) -> None:
        if at == step:
            stop.set()

    return progress


def test_stop_ends_a_run_and_what_was_done_is_kept(fit: Fit) -> None:
    stop = threading.Event()
    train_set, validation_set = parts()
    result = fit(
        train_set, validation_set, LONG, listen=on_evaluation(_stop_at(4, stop)), stop=stop
    )
    assert result.stop_reason is StopReason.INTERRUPTED
    # At once, or at the evaluation after the one that was just made.
    steps = result.history.steps
    assert steps in (5, 6)
    assert result.message == f"interrupted after {steps} steps"
    assert result.last is not None
    assert result.last.step == steps - 1
    # What was done is what a run of that length does.
    short = fit(train_set, validation_set, LONG.model_copy(update={"max_epochs": steps}))
    assert result.weights.tobytes() == short.weights.tobytes()
    assert result.bias.tobytes() == short.bias.tobytes()
    assert result.history == short.history


def test_stop_between_two_evaluations_keeps_history_and_weights_together(fit: Fit) -> None:
    """Six batches an epoch, an evaluation every third: the end lies at an evaluation or not."""
    stop = threading.Event()
    train_set, validation_set = parts()
    config = LONG.model_copy(update={"batch_size": 10, "evaluations_per_epoch": 2})
    result = fit(
        train_set, validation_set, config, listen=on_evaluation(_stop_at(9, stop)), stop=stop
    )
    assert result.stop_reason is StopReason.INTERRUPTED
    assert 10 <= result.history.steps <= 13
    assert [e.step for e in result.history.evaluations] == list(range(0, result.history.steps, 3))
    assert result.last == result.history.evaluations[-1]
    long = fit(train_set, validation_set, config.model_copy(update={"max_epochs": 4}))
    steps = result.history.steps
    assert result.history.train_loss.tobytes() == long.history.train_loss[:steps].tobytes()


@pytest.mark.parametrize("model", ["logistic", "softmax"])
def test_interrupted_run_under_early_stopping_returns_its_best_weights(
    fit: Fit, model: ModelName
) -> None:
    stop = threading.Event()
    train_set, validation_set = turning_parts()
    base = LONG.model_copy(update={"model": model})
    config = base.model_copy(update={"early_stopping": EarlyStopping(patience=100)})
    result = fit(
        train_set, validation_set, config, listen=on_evaluation(_stop_at(4, stop)), stop=stop
    )
    assert result.stop_reason is StopReason.INTERRUPTED
    assert result.best is not None
    assert result.last is not None
    assert result.best.step == 0
    assert result.last.step >= 4
    first = fit(train_set, validation_set, base.model_copy(update={"max_epochs": 1}))
    assert result.weights.tobytes() == first.weights.tobytes()
    assert result.bias.tobytes() == first.bias.tobytes()


@pytest.mark.parametrize("early_stopping", [None, EarlyStopping()])
def test_stop_set_before_the_first_step(fit: Fit, early_stopping: EarlyStopping | None) -> None:
    """At most the first evaluation is made, and the result is whole."""
    stop = threading.Event()
    stop.set()
    config = LONG.model_copy(update={"early_stopping": early_stopping})
    result = fit(*parts(), config, stop=stop)
    assert result.stop_reason is StopReason.INTERRUPTED
    assert result.history.steps <= 1
    assert len(result.history.evaluations) == result.history.steps
    assert result.last == result.best
    assert result.weights.any() == (result.history.steps > 0)
    assert result.history.frame().height == result.history.steps


@pytest.mark.parametrize("threads", [1, 2])
def test_stop_ends_all_runs(fit_many: FitMany, threads: int) -> None:
    stop = threading.Event()
    configs = [LONG.model_copy(update={"l2": l2}) for l2 in (0.0, 0.1, 0.2)]
    results = fit_many(
        *parts(), configs, threads, listen=on_evaluation(lambda *_: stop.set()), stop=stop
    )
    assert [r.stop_reason for r in results] == [StopReason.INTERRUPTED] * 3
    assert all(r.history.steps < 3000 for r in results)


def test_ctrl_c_ends_the_run_and_the_handler_is_restored(fit: Fit) -> None:
    sent: list[int] = []

    def progress(_i: int, step: int, _evaluation: Evaluation) -> None:
        if step == 3:
            sent.append(step)
            os.kill(os.getpid(), signal.SIGINT)
            _wait_until(signal.default_int_handler)

    result = fit(*parts(), LONG, listen=on_evaluation(progress))
    assert sent == [3]
    assert result.stop_reason is StopReason.INTERRUPTED
    assert 4 <= result.history.steps < 3000
    assert len(result.history.evaluations) == result.history.steps
    assert np.isfinite(result.weights).all()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_ends_all_runs(fit_many: FitMany) -> None:
    def progress(i: int, step: int, _evaluation: Evaluation) -> None:
        if (i, step) == (0, 3):
            os.kill(os.getpid(), signal.SIGINT)
            _wait_until(signal.default_int_handler)

    results = fit_many(*parts(), [LONG] * 3, 1, listen=on_evaluation(progress))
    assert [r.stop_reason for r in results] == [StopReason.INTERRUPTED] * 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_second_ctrl_c_raises(fit: Fit) -> None:
    def progress(_i: int, step: int, _evaluation: Evaluation) -> None:
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)
            _wait_until(signal.default_int_handler)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)  # the main thread must have it before the run ends

    with pytest.raises(KeyboardInterrupt):
        fit(*parts(), LONG, listen=on_evaluation(progress))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_is_not_lost_where_a_stop_event_is_given(fit: Fit) -> None:
    def progress(_i: int, step: int, _evaluation: Evaluation) -> None:
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)

    try:
        result = fit(*parts(), LONG, listen=on_evaluation(progress), stop=threading.Event())
    except KeyboardInterrupt:
        return
    assert result.stop_reason is StopReason.INTERRUPTED


def test_ctrl_c_elsewhere_than_in_the_main_thread_is_left_alone(fit: Fit) -> None:
    handlers = []
    short = LONG.model_copy(update={"max_epochs": 2})
    results = []

    def work() -> None:
        results.append(
            fit(
                *parts(),
                short,
                listen=on_evaluation(lambda *_: handlers.append(signal.getsignal(signal.SIGINT))),
            )
        )

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler] * 2
    same_bits(results[0], fit(*parts(), short))


def test_event_is_set_by_the_first_ctrl_c() -> None:
    with stop_on_interrupt() as event:
        assert not event.is_set()
        signal.raise_signal(signal.SIGINT)
        assert event.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _fail_inside() -> None:
    with stop_on_interrupt():
        raise ValueError("inside")


def test_handler_is_restored_after_an_error() -> None:
    with pytest.raises(ValueError, match="inside"):
        _fail_inside()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handler_of_the_program_is_left_alone() -> None:
    caught: list[int] = []

    def own(number: int, _frame: FrameType | None) -> None:
        caught.append(number)

    signal.signal(signal.SIGINT, own)
    with stop_on_interrupt() as event:
        signal.raise_signal(signal.SIGINT)
    assert caught == [signal.SIGINT]
    assert not event.is_set()
    assert signal.getsignal(signal.SIGINT) is own


def test_only_the_outer_of_two_is_set() -> None:
    with stop_on_interrupt() as outer, stop_on_interrupt() as inner:
        signal.raise_signal(signal.SIGINT)
        assert outer.is_set()
        assert not inner.is_set()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
