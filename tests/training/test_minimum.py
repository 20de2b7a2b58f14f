"""The minimum beside a run: what is said of it, and that it changes nothing else."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from training_material import MODELS, Fit, FitMany, blobs, parts, same_bits

from onelayer.data import Dataset
from onelayer.model import ModelName, Objective, Parameters
from onelayer.optimum import Optimum, minimise
from onelayer.training import (
    Event,
    ExampleWeights,
    RunRecord,
    Searched,
    TrainConfig,
    TrainResult,
    train_many,
)
from onelayer.training.minimum import ended_search

ASKED = TrainConfig(batch_size=8, max_epochs=3, l2=0.05, optimum=True)


def value(result: TrainResult, parameters: Parameters, data: Dataset) -> float:
    X = data.scaling.apply(data.X, np.float64)
    wide = Parameters(parameters.weights.astype(float), parameters.bias.astype(float))
    return result.config.objective.value(wide, X, data.targets)


@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_a_run_beside_its_minimum(fit: Fit, model: ModelName, penalize_bias: bool) -> None:
    train_set, validation_set = parts()
    config = ASKED.model_copy(update={"model": model, "penalize_bias": penalize_bias})
    result = fit(train_set, validation_set, config)
    found, minimum = result.data.minimum, result.minimum
    assert found is not None
    assert minimum is not None
    assert minimum.reason == "certified"
    least = value(result, found.parameters, train_set)
    assert minimum.value == pytest.approx(least, rel=1e-12)
    assert minimum.excess == pytest.approx(
        value(result, result.parameters, train_set) - least, abs=1e-9
    )
    assert minimum.excess is not None
    assert minimum.excess > 0
    assert minimum.bound is not None
    assert 0 <= minimum.bound <= 1e-6 * minimum.value
    # Its numbers are those of its own weights, on both parts.
    X = validation_set.scaling.apply(validation_set.X, np.float64)
    own = Objective(model).value(found.parameters, X, validation_set.targets)
    assert minimum.final.val_loss == pytest.approx(own, rel=1e-9)
    longer = fit(train_set, validation_set, config.model_copy(update={"max_epochs": 60}))
    assert longer.minimum is not None
    assert longer.minimum.value == minimum.value
    assert longer.minimum.excess is not None
    assert longer.minimum.excess < minimum.excess / 10
    assert minimum.distance is not None
    assert longer.minimum.distance is not None
    assert longer.minimum.distance < minimum.distance / 2
    # Where it is not asked for, all else has the same bits.
    plain = fit(train_set, validation_set, config.model_copy(update={"optimum": False}))
    assert plain.minimum is None
    same_bits(replace(plain, config=config), result)


def test_the_runs_of_a_stack_share_the_passes(fit_many: FitMany) -> None:
    events: list[Event] = []
    l2s = (1.0, 0.1, 0.01)
    data = parts(n_classes=3)
    weights = [ExampleWeights(), ExampleWeights(np.arange(60) % 3 > 0), ExampleWeights()]
    results = fit_many(
        *data, [ASKED.model_copy(update={"l2": l2}) for l2 in l2s], weights=weights,
        listen=events.append,
    )  # fmt: skip
    searched = [event for event in events if isinstance(event, Searched)]
    assert {event.run for event in searched} == {0, 1, 2}
    passes = max(event.passes for event in searched)
    assert len(searched) == 3 * passes
    for result, l2, own in zip(results, l2s, weights, strict=True):
        (alone,) = minimise(data[0], [Objective("softmax", l2)], weights=[own.train])
        assert result.minimum is not None
        assert result.minimum.passes <= passes
        assert result.minimum.value == pytest.approx(alone.value, rel=1e-6)


def test_records_keep_it(fit: Fit) -> None:
    record = fit(*parts(), ASKED).record("a")
    assert record.minimum is not None
    assert RunRecord.from_json(record.as_json()) == record
    assert record.as_json()["minimum"]["final"]["train_loss"] == record.minimum.final.train_loss
    without = fit(*parts(), ASKED.model_copy(update={"optimum": False})).record("a")
    assert without.as_json()["minimum"] is None
    assert RunRecord.from_json(without.as_json()) == without


def test_separated_classes_are_said_to_have_none() -> None:
    data = blobs(40)
    apart = Dataset(data.X + 20.0 * data.targets[:, None], data.y, classes=(0, 1))
    (result,) = train_many(apart, None, [ASKED.model_copy(update={"l2": 0.0})])
    minimum = result.minimum
    assert minimum is not None
    assert (minimum.reason, minimum.bound) == ("no_minimum", None)
    assert minimum.distance is None
    assert "without a penalty the loss has no minimum" in minimum.message
    assert RunRecord.from_json(result.record().as_json()).minimum == minimum


def test_a_run_that_diverged_has_no_excess(fit: Fit) -> None:
    wild = ASKED.model_copy(update={"learning_rate": 1e30, "l2": 1.0, "max_epochs": 2})
    minimum = fit(*parts(), wild).minimum
    assert minimum is not None
    assert minimum.excess is None or math.isfinite(minimum.excess)


@pytest.mark.parametrize(("bound", "said"), [(0.01, "may be 0.01 above"), (7e4, "is not known")])
def test_a_bound_above_j_itself_is_none(bound: float, said: str) -> None:
    found = Optimum(
        Objective("logistic", 1e-30), Parameters.zeros(2, 1, "float64"), value=0.02, loss=0.02,
        excess_bound=bound, passes=607, reason="precision",
    )  # fmt: skip
    assert said in ended_search(found)
