"""Momentum, averages, schedules, `max_steps` and random starts: in any company, from any state."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from training_material import MODELS, Fit, FitMany, Parts, parts, same_bits, turning_parts

from onelayer.data import Dataset, epoch_order
from onelayer.model import ModelName, Parameters
from onelayer.training import (
    ExampleWeights,
    RunState,
    Schedule,
    StopReason,
    TrainConfig,
    encode_states,
    read_states,
    train_many,
)

BASE: dict[str, Any] = {"learning_rate": 0.1, "batch_size": 7, "max_epochs": 4}
OWN: list[dict[str, Any]] = [
    {},
    {"l2": 0.1, "penalize_bias": True},
    {"momentum": 0.9},
    {"momentum": 0.8, "nesterov": True, "l2": 0.1, "penalize_bias": True},
    {"momentum": 0.5, "l2": 0.2, "schedule": {"kind": "step", "every": 5}, "warmup_steps": 4},
    {"averaging": "mean", "l2": 0.1},
    {"averaging": {"kind": "mean", "start": 9}, "momentum": 0.9, "max_steps": 17},
    {"averaging": {"kind": "exponential", "decay": 0.9}, "schedule": "cosine"},
    {"schedule": "one_cycle", "initial_std": 0.5, "max_steps": 11},
    {"schedule": {"kind": "inverse", "every": 9}, "warmup_steps": 1000},
    {"averaging": "mean", "early_stopping": {"patience": 2, "min_delta": 0.05}},
    {"learning_rate": 1e30, "l2": 1e30, "momentum": 0.9, "averaging": "mean"},
    {"max_steps": 1},
]
KINDS = ("uint8", "float16", "float32", "float64", "csr", "zeros")


def on(kind: str, model: ModelName) -> Parts:
    """Return data of a kind; `zeros` are bytes that are mostly zero, which are evaluated so."""
    n_classes = 2 if model == "logistic" else 5
    how: dict[str, Any] = {"n_features": 19, "n_classes": n_classes}
    stored = {"csr": "float64", "zeros": "uint8"}.get(kind, kind)
    given = parts(60, 30, dtype=stored, **how)

    def part(data: Dataset) -> Dataset:
        if kind == "csr":
            return Dataset(csr_array(np.where(data.X > 0.7, data.X, 0)), data.y,
                           classes=data.classes)  # fmt: skip
        X = np.where(data.X > 170, data.X, 0).astype(stored) if kind == "zeros" else data.X
        return Dataset(X, data.y, classes=data.classes)

    return part(given[0]), part(given[1])


def stack(model: ModelName, dtype: str = "float32") -> list[TrainConfig]:
    shared = BASE | {"model": model, "dtype": dtype}
    return [TrainConfig.model_validate(shared | own) for own in OWN]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", MODELS)
def test_the_compiled_engine_makes_the_steps_of_its_twin(
    model: ModelName, kind: str, dtype: str
) -> None:
    pytest.importorskip("numba")
    data, configs = on(kind, model), stack(model, dtype)
    close: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}
    if dtype == "float64":
        close = {"rtol": 1e-11, "atol": 1e-13}
    pairs = zip(*(train_many(*data, configs, engine=e) for e in ("reference", "compiled")),
                strict=True)  # fmt: skip
    for twin, result in pairs:
        assert result.stop_reason == twin.stop_reason
        if twin.stop_reason is StopReason.DIVERGED:
            continue
        np.testing.assert_allclose(result.history.train_loss, twin.history.train_loss, **close)
        np.testing.assert_allclose(result.weights, twin.weights, **close)
        np.testing.assert_allclose(result.bias, twin.bias, **close)
        rows = [
            [(e.step, e.val_loss, e.weight_norm) for e in run.history.evaluations]
            for run in (result, twin)
        ]
        np.testing.assert_allclose(rows[0], rows[1], **close)


@pytest.mark.parametrize("kind", ["uint8", "csr"])
@pytest.mark.parametrize("model", MODELS)
def test_models_of_all_rules_have_the_bits_of_those_trained_alone(
    fit: Fit, fit_many: FitMany, model: ModelName, kind: str
) -> None:
    data, configs = on(kind, model), stack(model)
    alone = [fit(*data, config) for config in configs]
    assert {r.stop_reason for r in alone} == {
        StopReason.PATIENCE, StopReason.MAX_EPOCHS, StopReason.MAX_STEPS, StopReason.DIVERGED
    }  # fmt: skip
    assert len({r.history.steps for r in alone}) >= 5
    for threads in (1, 2, 3):
        for order in (range(len(configs)), reversed(range(len(configs))), (6, 2, 5, 0)):
            numbers = list(order)
            together = fit_many(*data, [configs[i] for i in numbers], threads)
            for i, result in zip(numbers, together, strict=True):
                same_bits(result, alone[i])


@pytest.mark.parametrize("kind", ["uint8", "csr", "weighted"])
@pytest.mark.parametrize("model", MODELS)
def test_runs_of_all_rules_go_on_from_every_state(
    fit_many: FitMany, model: ModelName, kind: str, tmp_path: Path
) -> None:
    data, configs = on("float32" if kind == "weighted" else kind, model), stack(model)
    how: dict[str, Any] = {}
    if kind == "weighted":
        source = np.random.default_rng(5)
        how = {"weights": [ExampleWeights(w, None) for w in source.random((len(configs), 60))]}
    kept: list[bytes] = []

    def keep(states: Mapping[int, RunState]) -> None:
        kept.append(encode_states({str(i): s for i, s in states.items()}, {}))

    whole = fit_many(*data, configs, keep=keep, **how)
    assert len(kept) >= 12
    names = {str(i): config for i, config in enumerate(configs)}
    for content in kept:
        (tmp_path / "kept").write_bytes(content)
        read = read_states(tmp_path / "kept", {}, names)
        states = [read.get(name) for name in names]
        for again, once in zip(fit_many(*data, configs, states=states, **how), whole, strict=True):
            same_bits(again, once)


def test_only_models_with_a_rule_have_room_for_it(fit_many: FitMany) -> None:
    """What a state holds beside the parameters is what the rule carries on."""
    configs = [TrainConfig.model_validate(BASE | own) for own in OWN[:6]]
    carried: list[set[str]] = []

    def keep(states: Mapping[int, RunState]) -> None:
        if not carried:
            carried.extend({n for n in s.engine() if "_" in n} for s in states.values())

    fit_many(*parts(), configs, keep=keep)
    velocity = {"velocity_weights", "velocity_bias"}
    average = {"average_weights", "average_bias"}
    assert carried == [set(), set(), velocity, velocity, velocity, average]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["uint8", "csr"])
def test_averages_are_those_of_the_iterates_of_a_run_without_them(
    fit_many: FitMany, model: ModelName, kind: str
) -> None:
    """The steps have the same bits; weights, evaluations and the norm are those of the mean."""
    data, total = on(kind, model), 12
    base = BASE | {"model": model, "dtype": "float64", "momentum": 0.6, "evaluations_per_epoch": 99}
    averaging = {"kind": "mean", "start": 4}
    mean, *iterates = fit_many(
        *data,
        [TrainConfig.model_validate(base | {"averaging": averaging, "max_steps": total})]
        + [TrainConfig.model_validate(base | {"max_steps": n}) for n in range(5, total + 1)],
    )
    assert mean.history.train_loss.tobytes() == iterates[-1].history.train_loss.tobytes()
    expected = np.mean([run.weights for run in iterates], axis=0)
    np.testing.assert_allclose(mean.weights, expected, rtol=1e-12, atol=1e-15)
    bias = np.mean([run.bias for run in iterates], axis=0)
    np.testing.assert_allclose(mean.bias, bias, rtol=1e-12, atol=1e-15)
    assert mean.last is not None
    assert mean.last.step == total - 1
    assert mean.last.weight_norm == pytest.approx(np.linalg.norm(expected), rel=1e-12)
    assert mean.last.val_loss == pytest.approx(mean.final.val_loss, rel=1e-12)
    assert mean.last.train_accuracy == mean.final.train_accuracy


def test_early_stopping_keeps_the_best_average(fit: Fit) -> None:
    """Validation losses rise from the first step on, whose average is its iterate."""
    rule = {"averaging": "mean", "early_stopping": {"patience": 5}, "batch_size": 60}
    result = fit(*turning_parts(), TrainConfig.model_validate(BASE | rule | {"max_epochs": 40}))
    assert result.stop_reason is StopReason.PATIENCE
    first = fit(*turning_parts(), TrainConfig.model_validate(BASE | rule | {"max_steps": 1}))
    assert result.weights.tobytes() == first.weights.tobytes()


@pytest.mark.parametrize("validates", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 8, 9, 10, 35, 36, 1000])
def test_a_run_ends_after_max_steps_or_max_epochs(fit: Fit, steps: int, validates: bool) -> None:
    """Nine batches an epoch, an evaluation after each: the last step counts wherever it falls."""
    train_set, validation_set = parts()
    config = TrainConfig.model_validate(BASE | {"max_steps": steps})
    result = fit(train_set, validation_set if validates else None, config)
    assert result.history.steps == min(steps, 36)
    assert result.stop_reason == ("max_steps" if steps < 36 else "max_epochs")
    said = f"all {steps} steps of max_steps done" if steps < 36 else "all 4 epochs done, 36 steps"
    assert result.message == said
    assert Schedule.of(config, 60).max_steps == result.history.steps
    # The weights are those after exactly so many steps.
    W = b = np.zeros(1)
    if steps <= 2:
        X, Y = train_set.X, np.eye(2)[train_set.y]
        W, b = np.zeros((5, 2)), np.zeros(2)
        for s in range(steps):
            rows = epoch_order(0, 0, 60)[7 * s : 7 * s + 7]
            scores = np.exp(X[rows] @ W + b)
            R = scores / scores.sum(axis=1, keepdims=True) - Y[rows]
            W, b = W - 0.1 * X[rows].T @ R / 7, b - 0.1 * R.mean(axis=0)
        np.testing.assert_allclose(result.weights, W, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(result.bias, b, rtol=1e-5, atol=1e-7)


def test_runs_end_between_evaluations_whatever_the_others_do(fit: Fit, fit_many: FitMany) -> None:
    """Nine batches an epoch and one evaluation: an advance goes on where a run has its end."""
    base = BASE | {"evaluations_per_epoch": 1, "momentum": 0.5}
    lengths = (4, 13, 14, 22, None, 1, 9, 10)
    for averaging in (None, "mean"):
        configs = [
            TrainConfig.model_validate(base | {"max_steps": n, "averaging": averaging})
            for n in lengths
        ]
        together = fit_many(*parts(), configs)
        for config, result, length in zip(configs, together, lengths, strict=True):
            assert result.history.steps == (length or 36)
            assert result.stop_reason == ("max_steps" if length else "max_epochs")
            same_bits(result, fit(*parts(), config))


def test_a_horizon_is_the_run_s_own_length(fit_many: FitMany) -> None:
    """A cosine over 12 steps in a pass of 36 has its half at step 6."""
    short, long = fit_many(
        *parts(),
        [
            TrainConfig.model_validate(BASE | {"schedule": "cosine", "max_steps": steps})
            for steps in (12, None)
        ],
    )
    assert short.history.train_loss[0] == long.history.train_loss[0]
    assert short.history.train_loss[3] != long.history.train_loss[3]
    as_epochs = fit_many(*parts(), [TrainConfig.model_validate(
        BASE | {"schedule": {"kind": "cosine"}, "max_epochs": 2, "max_steps": 12})])  # fmt: skip
    assert as_epochs[0].history == short.history


@pytest.mark.parametrize("own", OWN[2:10], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_exploding_run_is_diverged_whatever_its_rule(
    fit: Fit, own: dict[str, Any], dtype: str
) -> None:
    huge = {"learning_rate": 1e37 if dtype == "float32" else 1e300, "l2": 1e6, "dtype": dtype}
    config = TrainConfig.model_validate(BASE | own | huge | {"max_steps": 30, "warmup_steps": 0})
    result = fit(*parts(), config)
    assert result.stop_reason is StopReason.DIVERGED
    assert result.parameters.is_finite
    assert fit(parts()[0], None, config).stop_reason is StopReason.DIVERGED


def test_a_random_start_is_a_function_of_seed_and_shape(fit: Fit) -> None:
    one = Parameters.normal(300, 4, 0.5, 3, "float64")
    assert one.weights.std() == pytest.approx(0.5, rel=0.05)
    assert abs(one.weights.mean()) < 0.05
    assert not one.bias.any()
    again = Parameters.normal(300, 4, 0.5, 3, "float32")
    assert again.weights.tobytes() == one.weights.astype(np.float32).tobytes()
    double = Parameters.normal(300, 4, 1.0, 3, "float64")
    assert double.weights.tobytes() == (2 * one.weights).tobytes()
    assert not np.array_equal(Parameters.normal(300, 4, 0.5, 4, "float64").weights, one.weights)
    # What a seed has drawn it draws again.
    first = [0.15929546600623282, -1.7741885208017214]
    assert Parameters.normal(2, 1, 1.0, 0, "float64").weights.ravel().tolist() == first

    config = TrainConfig.model_validate(BASE | {"initial_std": 0.5, "seed": 3, "max_steps": 1})
    drawn = Parameters.normal(5, 2, 0.5, 3)
    given = fit_from(fit, config.model_copy(update={"initial_std": 0.0}), drawn)
    same = fit(*parts(), config)
    assert same.weights.tobytes() == given.weights.tobytes()
    # A start that is given counts more.
    assert fit_from(fit, config, drawn).weights.tobytes() == given.weights.tobytes()


def fit_from(fit: Fit, config: TrainConfig, start: Parameters) -> Any:
    return fit(*parts(), config, initial=[start])
