import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from onelayer.errors import InputError
from onelayer.training import Schedule, TrainConfig, evaluation_every

examples = st.integers(1, 300)
sizes = st.integers(1, 320)


def evaluated_steps(schedule: Schedule) -> list[int]:
    return [step for step in range(schedule.max_steps) if schedule.evaluates_after(step)]


def test_schedule_of_the_classic_study() -> None:
    """2 against 3 in the first 20,000 of MNIST: 4,005 examples, 31 whole batches of 128."""
    config = TrainConfig(batch_size=128, drop_last=True, max_epochs=500, evaluations_per_epoch=5)
    schedule = Schedule.of(config, 4005)
    assert schedule.batches_per_epoch == 31
    assert schedule.evaluation_every == 6
    assert schedule.max_steps == 15_500
    evaluated = evaluated_steps(schedule)
    assert evaluated[:3] == [0, 6, 12]
    # The rhythm of evaluations runs over the ends of epochs: 36 is in epoch 1, after its fifth.
    assert evaluated[5:8] == [30, 36, 42]
    assert sum(step < 1039 for step in evaluated) == 174
    assert [schedule.epoch(s) for s in (0, 30, 31, 1038)] == [0, 0, 1, 33]
    assert schedule.batch(0) == slice(0, 128)
    assert schedule.batch(30) == slice(3840, 3968)
    assert schedule.batch(31) == slice(0, 128)


def test_partial_batch_is_the_last_of_the_epoch() -> None:
    schedule = Schedule.of(TrainConfig(batch_size=4, max_epochs=2), 10)
    assert schedule.batches_per_epoch == 3
    assert schedule.max_steps == 6
    assert [schedule.batch(s) for s in range(4)] == [
        slice(0, 4),
        slice(4, 8),
        slice(8, 10),
        slice(0, 4),
    ]


@given(n=examples, batch_size=sizes, drop_last=st.booleans(), epoch=st.integers(0, 3))
def test_batches_cover_an_epoch_once(n: int, batch_size: int, drop_last: bool, epoch: int) -> None:
    assume(not drop_last or batch_size <= n)
    schedule = Schedule.of(TrainConfig(batch_size=batch_size, drop_last=drop_last, max_epochs=4), n)
    per_epoch = schedule.batches_per_epoch
    assert schedule.max_steps == 4 * per_epoch
    assert per_epoch == (n // batch_size if drop_last else math.ceil(n / batch_size))
    steps = range(epoch * per_epoch, (epoch + 1) * per_epoch)
    assert {schedule.epoch(s) for s in steps} == {epoch}
    rows = [row for s in steps for row in range(n)[schedule.batch(s)]]
    assert rows == list(range(per_epoch * batch_size if drop_last else n))


@given(n=examples, batch_size=sizes, times=st.integers(1, 50), epochs=st.integers(1, 4))
def test_evaluations_come_as_defined(n: int, batch_size: int, times: int, epochs: int) -> None:
    config = TrainConfig(batch_size=batch_size, evaluations_per_epoch=times, max_epochs=epochs)
    schedule = Schedule.of(config, n)
    every = max(1, schedule.batches_per_epoch // times)
    assert evaluated_steps(schedule) == list(range(0, schedule.max_steps, every))


@given(
    n=examples,
    batch_size=sizes,
    drop_last=st.booleans(),
    times=st.sampled_from([1, 3, 50]),
    epochs=st.integers(1, 4),
    most=st.sampled_from([1, 2, 5, 10**6]),
)
def test_segments_hold_every_batch_in_turn(
    n: int, batch_size: int, drop_last: bool, times: int, epochs: int, most: int
) -> None:
    assume(not drop_last or batch_size <= n)
    config = TrainConfig(
        batch_size=batch_size, drop_last=drop_last, evaluations_per_epoch=times, max_epochs=epochs
    )
    schedule = Schedule.of(config, n)
    orders = [np.random.default_rng(epoch).permutation(n) for epoch in range(epochs)]
    cuts, step = [], 0
    while step < schedule.max_steps:
        cuts.append(schedule.segment(step, most))
        assert 0 < cuts[-1].steps <= most
        # No evaluation lies within a segment.
        assert not any(map(schedule.evaluates_after, range(step, cuts[-1].last)))
        step = cuts[-1].last + 1
    segments = [schedule.batches(cut, dict(enumerate(orders))) for cut in cuts]
    assert [len(b) for b in segments] == [cut.steps for cut in cuts]
    batches = [rows.tolist() for segment in segments for rows in segment]
    assert batches == [
        orders[schedule.epoch(step)][schedule.batch(step)].tolist()
        for step in range(schedule.max_steps)
    ]


def test_no_batch_left_is_refused() -> None:
    config = TrainConfig(batch_size=11, drop_last=True)
    with pytest.raises(InputError, match=r"batch_size: 11 .*10 training examples.*at most 10"):
        Schedule.of(config, 10)
    assert Schedule.of(config, 11).batches_per_epoch == 1
    assert Schedule.of(TrainConfig(batch_size=11), 10).batch(0) == slice(0, 10)


def test_evaluations_may_be_epochs_apart() -> None:
    assert evaluation_every(100, 0.2) == 500
    assert evaluation_every(31, 0.1) == 310
    assert evaluation_every(31, 5) == 6
    assert evaluation_every(3, 5) == 1
    config = TrainConfig(batch_size=10, max_epochs=9, evaluations_per_epoch=0.25)
    schedule = Schedule.of(config, 30)
    assert [s for s in range(27) if schedule.evaluates_after(s)] == [0, 12, 24]
    assert repr(TrainConfig(evaluations_per_epoch=2.0).evaluations_per_epoch) == "2"
