import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onelayer.training import EarlyStopping, StopReason
from onelayer.training.stopping import BestSoFar

losses = st.lists(st.floats(0, 10), min_size=1, max_size=20)


def after(values: list[float], rule: EarlyStopping | None = None) -> BestSoFar:
    best = BestSoFar.under(rule)
    for value in values:
        best = best.update(value)
    return best


def test_ends_have_the_names_of_the_contract() -> None:
    assert [str(reason) for reason in StopReason] == [
        "patience",
        "max_epochs",
        "max_steps",
        "diverged",
        "interrupted",
        "converged",
        "no_minimum",
        "not_certified",
    ]
    assert [str(reason) for reason in StopReason if not reason.is_planned] == [
        "diverged",
        "interrupted",
        "no_minimum",
        "not_certified",
    ]


def test_nothing_is_best_before_the_first_evaluation() -> None:
    best = BestSoFar.under(EarlyStopping(patience=1))
    assert best.evaluation == -1
    assert best.loss == math.inf
    assert not best.exhausts(EarlyStopping(patience=1))


@given(values=losses)
def test_best_is_the_first_of_the_lowest(values: list[float]) -> None:
    best = after(values)
    assert best.loss == min(values)
    assert best.evaluation == values.index(min(values))
    assert best.seen == len(values)
    assert best.is_newest == (values.index(min(values)) == len(values) - 1)


@given(values=losses, min_delta=st.floats(0, 2))
def test_an_improvement_must_exceed_min_delta(values: list[float], min_delta: float) -> None:
    number, lowest = -1, math.inf
    for i, value in enumerate(values):
        if value < lowest - min_delta:
            number, lowest = i, value
    best = after(values, EarlyStopping(min_delta=min_delta))
    assert (best.evaluation, best.loss) == (number, lowest)


def test_an_improvement_of_exactly_min_delta_does_not_count() -> None:
    rule = EarlyStopping(min_delta=0.25)
    assert after([1.0, 0.75], rule).evaluation == 0
    assert after([1.0, 0.75, 0.5], rule).evaluation == 2


@given(values=losses, patience=st.integers(1, 8))
def test_patience_is_counted_from_the_best(values: list[float], patience: int) -> None:
    since = len(values) - 1 - values.index(min(values))
    rule = EarlyStopping(patience=patience)
    assert after(values, rule).exhausts(rule) == (since >= patience)
    assert not after(values).exhausts(None)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_no_loss_at_all_is_never_the_best(bad: float) -> None:
    assert after([bad]).evaluation == -1
    assert after([bad, 2.0, bad]).evaluation == 1


def test_update_leaves_the_state_before_it() -> None:
    before = after([1.0])
    before.update(0.5)
    assert before == BestSoFar(0.0, 1.0, 0, 1)
