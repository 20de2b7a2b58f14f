"""The rates of steps: at the ends of a run, and that they depend on the step alone."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onelayer.training import TrainConfig
from onelayer.training.rates import CYCLE_END, CYCLE_START, averaging_rates, learning_rates

SCHEDULES: list[Any] = [
    None,
    {"kind": "step", "every": 3, "factor": 0.5},
    {"kind": "inverse", "every": 10},
    "cosine",
    {"kind": "cosine", "floor": 0.2},
    "one_cycle",
]
schedules = st.sampled_from(SCHEDULES)
warmups, totals = st.integers(0, 60), st.integers(1, 60)


def configured(schedule: Any, warmup: int = 0, **more: Any) -> TrainConfig:
    return TrainConfig.model_validate(
        {"schedule": schedule, "warmup_steps": warmup, "learning_rate": 0.5} | more
    )


def rates(schedule: Any, total: int, warmup: int = 0) -> list[float]:
    """Return all learning rates of a run as shares of its learning rate."""
    found = learning_rates(configured(schedule, warmup), total, 0, total)
    return [float(rate) / 0.5 for rate in found]


def test_without_a_schedule_each_step_has_the_learning_rate_itself() -> None:
    assert learning_rates(configured(None), 9, 4, 5).tolist() == [0.5] * 5
    assert learning_rates(TrainConfig(learning_rate=0.1), 9, 0, 1).tolist() == [0.1]


def test_step_and_inverse() -> None:
    assert rates(SCHEDULES[1], 8) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert rates(SCHEDULES[2], 31)[::10] == [1, 1 / 2, 1 / 3, 1 / 4]


def test_cosine_falls_from_the_rate_towards_its_floor_at_the_end_of_the_run() -> None:
    assert rates("cosine", 4) == pytest.approx([1, (2 + 2**0.5) / 4, 0.5, (2 - 2**0.5) / 4])
    assert rates({"kind": "cosine", "floor": 0.2}, 4)[2] == pytest.approx(0.6)


def test_one_cycle_rises_in_three_tenths_of_the_run() -> None:
    found = rates("one_cycle", 60)
    assert found[0] == pytest.approx(CYCLE_START)
    assert found[17] == 1  # 0.3 * 60 - 1
    assert found[-1] == pytest.approx(CYCLE_END)
    assert found[:18] == sorted(found[:18])
    assert found[17:] == sorted(found[17:], reverse=True)


def test_warm_up_rises_in_equal_parts_and_the_schedule_begins_after_it() -> None:
    assert rates(None, 5, 3) == [0.25, 0.5, 0.75, 1, 1]
    for schedule in SCHEDULES[1:-1]:
        assert rates(schedule, 25, 4)[:4] == [0.2, 0.4, 0.6, 0.8]
        assert rates(schedule, 25, 4)[4:] == rates(schedule, 21)
    assert rates("one_cycle", 25, 4)[4] == 1


@given(schedule=schedules, total=totals, warmup=warmups)
def test_rates_lie_above_0_and_not_above_the_learning_rate(
    schedule: Any, total: int, warmup: int
) -> None:
    """Also where the warm-up is longer than the run, and where the run has one step."""
    found = rates(schedule, total, warmup)
    assert len(found) == total
    assert all(0 < share <= 1 for share in found)
    if warmup < total or (total == 1 and schedule != "one_cycle" and not warmup):
        assert max(found) == pytest.approx(1, abs=0.2)
    else:
        assert found == sorted(found)  # all of it is warm-up


@given(
    schedule=schedules,
    total=totals,
    warmup=warmups,
    averaging=st.sampled_from([None, "mean", {"kind": "exponential", "start": 7}]),
    data=st.data(),
)
def test_rates_depend_on_the_step_alone(
    schedule: Any, total: int, warmup: int, averaging: Any, data: st.DataObject
) -> None:
    """However a run is cut into advances."""
    config = configured(schedule, warmup, averaging=averaging)
    first = data.draw(st.integers(0, total - 1))
    count = data.draw(st.integers(0, total - first))
    for whole, some in (
        (learning_rates(config, total, 0, total), learning_rates(config, total, first, count)),
        (averaging_rates(config, 0, total), averaging_rates(config, first, count)),
    ):
        assert some.tobytes() == whole[first : first + count].tobytes()


@given(start=st.integers(0, 9), steps=st.integers(1, 40))
def test_the_mean_is_that_of_all_iterates_from_its_start_on(start: int, steps: int) -> None:
    iterates = np.random.default_rng(0).normal(size=steps)
    config = configured(None, averaging={"kind": "mean", "start": start})
    average = math.nan
    for iterate, share in zip(iterates, averaging_rates(config, 0, steps), strict=True):
        average = iterate if share == 1 else average + share * (iterate - average)
    expected = iterates[start:].mean() if steps > start else iterates[-1]
    assert average == pytest.approx(expected, rel=1e-12)


def test_an_exponential_average_begins_as_an_iterate() -> None:
    config = configured(None, averaging={"kind": "exponential", "decay": 0.75, "start": 2})
    assert averaging_rates(config, 0, 6).tolist() == [1, 1, 1, 0.25, 0.25, 0.25]
