"""A model's bits depend on nothing but its own data and settings."""

import os
from dataclasses import replace

import numpy as np
import pytest
from training_material import (
    MODELS,
    Fit,
    FitMany,
    parts,
    same_bits,
    sweep_on,
)

from onelayer.model import ModelName
from onelayer.threads import available_cores
from onelayer.training import (
    StopReason,
    TrainConfig,
)


@pytest.mark.parametrize("model", MODELS)
def test_models_trained_together_have_the_bits_of_those_trained_alone(
    fit: Fit, fit_many: FitMany, model: ModelName
) -> None:
    data, configs = sweep_on(model)
    alone = [fit(*data, config) for config in configs]
    # They stop for different reasons and at different times, or the test shows little.
    assert {r.stop_reason for r in alone} == {
        StopReason.PATIENCE, StopReason.MAX_EPOCHS, StopReason.DIVERGED,
    }  # fmt: skip
    assert len({r.history.steps for r in alone}) >= 4
    for threads in (1, 2, 3):
        for order in (range(len(configs)), reversed(range(len(configs))), (6, 2, 5, 0)):
            numbers = list(order)
            together = fit_many(*data, [configs[i] for i in numbers], threads)
            for i, result in zip(numbers, together, strict=True):
                same_bits(result, alone[i])


@pytest.mark.parametrize("model", MODELS)
def test_many_copies_of_a_configuration_are_equal(fit_many: FitMany, model: ModelName) -> None:
    """More models than a job takes, and a count that no number of threads divides."""
    data, configs = sweep_on(model)
    first, *others = fit_many(*data, [configs[6]] * 37, 3)
    for other in others:
        same_bits(other, first)


def test_number_of_threads_is_free_where_the_data_is_larger_than_a_block(fit: Fit) -> None:
    data = parts(3000, 1500, n_features=7, n_classes=3, dtype="uint8")
    config = TrainConfig(batch_size=256, max_epochs=2, learning_rate=0.1)
    first = fit(*data, config, 1)
    for threads in (2, 3, 5, None):
        same_bits(fit(*data, config, threads), first)


def test_runs_repeat_and_seeds_differ(fit: Fit) -> None:
    data = parts()
    config = TrainConfig(batch_size=8, max_epochs=2)
    first = fit(*data, config)
    same_bits(fit(*data, config), first)
    other = fit(*data, config.model_copy(update={"seed": 1}))
    assert other.weights.tobytes() != first.weights.tobytes()
    assert other.history != first.history


def test_seed_is_nothing_where_nothing_is_shuffled(fit: Fit) -> None:
    data = parts()
    config = TrainConfig(batch_size=8, max_epochs=2, shuffle=False)
    a, b = fit(*data, config), fit(*data, config.model_copy(update={"seed": 1}))
    assert a.weights.tobytes() == b.weights.tobytes()


def test_training_leaves_its_data_alone(fit: Fit) -> None:
    data = parts(dtype="uint8")
    before = [part.X.copy() for part in data]
    fit(*data, TrainConfig(batch_size=8, max_epochs=2))
    for part, copy in zip(data, before, strict=True):
        np.testing.assert_array_equal(part.X, copy)


def test_no_configuration_gives_no_result(fit_many: FitMany) -> None:
    assert fit_many(*parts(), []) == []


def test_available_cores_are_those_of_the_process() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("order", ["epoch", "blocks"])
def test_without_training_accuracies_all_other_bits_are_the_same(fit: Fit, order: str) -> None:
    train_set, validation_set = parts(90, 40)
    config = TrainConfig.model_validate(
        {"batch_size": 8, "max_epochs": 3, "order": order, "block_size": 32}
    )
    for other in (validation_set, train_set):  # one pass serves both parts of a cross-validation
        whole = fit(train_set, other, config)
        less = fit(train_set, other, config, evaluate_train=False)
        assert less.weights.tobytes() == whole.weights.tobytes()
        assert less.history.train_loss.tobytes() == whole.history.train_loss.tobytes()
        assert not np.isnan([e.train_accuracy for e in whole.history.evaluations]).any()
        for a, b in zip(less.history.evaluations, whole.history.evaluations, strict=True):
            assert np.isnan(a.train_accuracy)
            assert replace(a, train_accuracy=b.train_accuracy) == b
        assert less.final == whole.final
