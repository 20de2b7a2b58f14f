"""How runs end, and which weights they keep."""

import math
from typing import Any

import numpy as np
import pytest
from training_material import (
    MODELS,
    Fit,
    FitMany,
    parts,
    same_bits,
    turning_parts,
)

from onelayer.model import ModelName
from onelayer.training import (
    EarlyStopping,
    StopReason,
    TrainConfig,
)

FULL_BATCH = TrainConfig(batch_size=60, max_epochs=40, learning_rate=0.1, dtype="float64")


def _stops_after(patience: int, **options: Any) -> TrainConfig:
    return FULL_BATCH.model_copy(
        update={"early_stopping": EarlyStopping(patience=patience)} | options
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("patience", [1, 2, 10])
def test_patience_ends_a_run_that_many_evaluations_after_the_best(
    fit: Fit, patience: int, model: ModelName
) -> None:
    train_set, validation_set = turning_parts()
    result = fit(train_set, validation_set, _stops_after(patience, model=model))
    losses = [e.val_loss for e in result.history.evaluations]
    assert losses == sorted(losses)
    assert result.stop_reason is StopReason.PATIENCE
    assert len(losses) == patience + 1
    assert result.history.steps == patience + 1
    assert result.best == result.history.evaluations[0]
    assert result.last == result.history.evaluations[patience]
    assert f"after {patience + 1} steps" in result.message
    assert "step 0" in result.message
    # The weights are those after the first step.
    first = fit(
        train_set, validation_set, FULL_BATCH.model_copy(update={"max_epochs": 1, "model": model})
    )
    assert result.weights.tobytes() == first.weights.tobytes()
    assert result.bias.tobytes() == first.bias.tobytes()


@pytest.mark.parametrize("model", MODELS)
def test_early_stopping_returns_the_best_weights_at_the_last_epoch_too(
    fit: Fit, model: ModelName
) -> None:
    train_set, validation_set = turning_parts()
    result = fit(train_set, validation_set, _stops_after(40, model=model))
    assert result.stop_reason is StopReason.MAX_EPOCHS
    assert result.history.steps == 40
    assert result.message == "all 40 epochs done, 40 steps"
    assert result.best is not None
    assert result.best.step == 0
    first = fit(
        train_set, validation_set, FULL_BATCH.model_copy(update={"max_epochs": 1, "model": model})
    )
    assert result.weights.tobytes() == first.weights.tobytes()


@pytest.mark.parametrize("model", MODELS)
def test_without_early_stopping_the_last_weights_are_returned(fit: Fit, model: ModelName) -> None:
    train_set, validation_set = turning_parts()
    last = fit(train_set, validation_set, FULL_BATCH.model_copy(update={"model": model}))
    assert last.stop_reason is StopReason.MAX_EPOCHS
    assert last.best is not None
    assert last.last is not None
    assert (last.best.step, last.last.step) == (0, 39)  # the history keeps both
    stopping = fit(train_set, validation_set, _stops_after(40, model=model))
    assert last.history == stopping.history
    assert np.linalg.norm(last.weights) > 2 * np.linalg.norm(stopping.weights)
    assert last.last.weight_norm == pytest.approx(np.linalg.norm(last.weights), rel=1e-12)


def test_steps_after_the_last_evaluation_count(fit: Fit) -> None:
    """Two epochs of five batches, an evaluation after every other step: not after the last, 9."""
    train_set, validation_set = parts()
    config = TrainConfig(
        batch_size=12, max_epochs=2, evaluations_per_epoch=2, dtype="float64", shuffle=False,
        learning_rate=0.1,
    )  # fmt: skip
    result = fit(train_set, validation_set, config)
    assert [e.step for e in result.history.evaluations] == [0, 2, 4, 6, 8]
    assert result.history.steps == 10
    assert result.last is not None
    assert np.linalg.norm(result.weights) != pytest.approx(result.last.weight_norm, rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("early_stopping", [None, EarlyStopping(patience=1000)])
def test_exploding_run_ends_as_diverged(
    fit: Fit, model: ModelName, dtype: str, early_stopping: EarlyStopping | None
) -> None:
    """Each step multiplies the weights by 1 - 2e6."""
    config = TrainConfig.model_validate(
        {"model": model, "learning_rate": 1000, "l2": 1000, "batch_size": 8, "max_epochs": 50,
         "dtype": dtype, "early_stopping": early_stopping}
    )  # fmt: skip
    result = fit(*parts(), config)
    assert result.stop_reason is StopReason.DIVERGED
    steps = result.history.steps
    assert 2 <= steps < 100
    assert result.message == (
        f"diverged: the loss was no longer finite at step {steps - 1} with learning rate 1000 and "
        "l2 1000: the penalty alone makes the weights grow; take a smaller l2, or a learning rate "
        "below 0.001"
    )
    bad_end = not math.isfinite(result.history.train_loss[-1]) or (
        result.last is not None
        and result.last.step == steps - 1
        and not math.isfinite(result.last.val_loss)
    )
    assert bad_end
    assert all(map(math.isfinite, result.history.train_loss[:-1]))
    assert result.best is not None
    assert math.isfinite(result.best.val_loss)


def test_diverged_run_leaves_the_others_alone(fit: Fit, fit_many: FitMany) -> None:
    data = parts()
    well = TrainConfig(batch_size=8, max_epochs=10)
    ill = well.model_copy(update={"learning_rate": 1000.0, "l2": 1000.0})
    results = fit_many(*data, [well, ill, well.model_copy(update={"l2": 0.1})], 2)
    assert [r.stop_reason for r in results] == [
        StopReason.MAX_EPOCHS, StopReason.DIVERGED, StopReason.MAX_EPOCHS,
    ]  # fmt: skip
    same_bits(results[0], fit(*data, well))
    same_bits(results[2], fit(*data, well.model_copy(update={"l2": 0.1})))


@pytest.mark.parametrize("option", ["l2", "learning_rate"])
def test_numbers_beyond_single_precision_diverge_without_a_warning(fit: Fit, option: str) -> None:
    config = TrainConfig.model_validate({option: 1e39, "batch_size": 8, "max_epochs": 3})
    assert fit(*parts(), config).stop_reason is StopReason.DIVERGED


@pytest.mark.parametrize("validates", [False, True])
@pytest.mark.parametrize("max_epochs", [1, 2, 3, 7])
def test_parameters_stay_finite_wherever_a_run_diverges(
    fit: Fit, max_epochs: int, validates: bool
) -> None:
    train_set, validation_set = parts()
    config = TrainConfig(
        learning_rate=1e37, l2=1000, batch_size=16, max_epochs=max_epochs, evaluations_per_epoch=2
    )
    result = fit(train_set, validation_set if validates else None, config)
    assert result.stop_reason is StopReason.DIVERGED
    assert result.parameters.is_finite
