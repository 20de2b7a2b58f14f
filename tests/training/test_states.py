"""A run goes on from any of its states, by way of a file, with the bits of one that never ended."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from training_material import MODELS, FitMany, parts, same_bits

from onelayer.data import Dataset
from onelayer.model import ModelName
from onelayer.training import (
    Checkpoint,
    EarlyStopping,
    ExampleWeights,
    OtherTrainingError,
    RunState,
    StopReason,
    TrainConfig,
    encode_states,
    read_states,
    train,
)

FACTS = {"what": "a test"}


def stack(model: ModelName, dtype: str) -> list[TrainConfig]:
    """Runs that share a pass; they end by epochs, patience and divergence."""
    more: list[dict[str, Any]] = [
        {"learning_rate": 0.1},
        {"learning_rate": 0.3, "l2": 0.1, "penalize_bias": True},
        {"learning_rate": 0.5, "early_stopping": EarlyStopping(patience=2, min_delta=0.05)},
        {"learning_rate": 0.05, "early_stopping": EarlyStopping(patience=30)},
        {"learning_rate": 1e30, "l2": 1e30},
    ]
    shared: dict[str, Any] = {
        "model": model, "dtype": dtype, "batch_size": 7, "max_epochs": 4, "evaluations_per_epoch": 3
    }  # fmt: skip
    return [TrainConfig(**shared, **own) for own in more]


def as_csr(data: Dataset) -> Dataset:
    X = csr_array(np.where(data.X > 0.7, data.X, 0))
    return Dataset(X, data.y, classes=data.classes)


def encoded(states: Mapping[int, RunState]) -> bytes:
    """Return the content of a checkpoint: states are changed by every further step."""
    return encode_states({str(i): s for i, s in states.items()}, FACTS)


def decoded(content: bytes, configs: list[TrainConfig], path: Path) -> list[RunState | None]:
    """Return the states as another process reads them."""
    path.write_bytes(content)
    read = read_states(path, FACTS, {str(i): config for i, config in enumerate(configs)})
    return [read.get(str(i)) for i in range(len(configs))]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["dense", "csr", "weighted"])
def test_runs_go_on_from_every_state(
    fit_many: FitMany, model: ModelName, dtype: str, kind: str, tmp_path: Path
) -> None:
    n_classes = 2 if model == "logistic" else 4
    data = parts(40, 20, n_features=11, n_classes=n_classes)
    if kind == "csr":
        data = as_csr(data[0]), as_csr(data[1])
    configs, how = stack(model, dtype), {}
    if kind == "weighted":
        source = np.random.default_rng(5)
        how = {"weights": [ExampleWeights(w, source.random(20)) for w in source.random((5, 40))]}
    kept: list[bytes] = []
    whole = fit_many(*data, configs, keep=lambda states: kept.append(encoded(states)), **how)
    assert {r.stop_reason for r in whole} == {
        StopReason.MAX_EPOCHS, StopReason.PATIENCE, StopReason.DIVERGED,
    }  # fmt: skip
    assert len(kept) >= 12  # one an evaluation
    for content in kept:
        states = decoded(content, configs, tmp_path / "kept")
        for again, once in zip(fit_many(*data, configs, states=states, **how), whole, strict=True):
            same_bits(again, once)


def test_a_run_goes_on_in_other_company(fit_many: FitMany, tmp_path: Path) -> None:
    data, configs = parts(40, 20), stack("logistic", "float32")
    whole = fit_many(*data, configs)
    kept: list[bytes] = []
    fit_many(*data, configs, keep=lambda states: kept.append(encoded(states)))
    for company in ([0, 3], [3], [1, 0, 3]):
        states = decoded(kept[4], configs, tmp_path / "kept")
        again = fit_many(*data, [configs[i] for i in company], states=[states[i] for i in company])
        for i, result in zip(company, again, strict=True):
            same_bits(result, whole[i])


def test_runs_of_several_groups_go_on_and_those_that_ended_are_not_trained(
    fit_many: FitMany, tmp_path: Path
) -> None:
    """The first group has ended, the second is under way, the third was not begun."""
    data = parts(40, 20)
    configs = [
        TrainConfig(model="logistic", batch_size=size, max_epochs=3, learning_rate=0.1)
        for size in (5, 7, 9)
    ]
    whole = fit_many(*data, configs)
    kept: list[bytes] = []
    fit_many(*data, configs, keep=lambda states: kept.append(encoded(states)))
    kinds = set()
    for content in kept:
        states = decoded(content, configs, tmp_path / "kept")
        kinds.add("".join("-" if s is None else "e" if s.reason else "g" for s in states))
        for again, once in zip(fit_many(*data, configs, states=states), whole, strict=True):
            same_bits(again, once)
    assert {"g--", "eg-", "eeg"} <= kinds


def test_states_do_not_fit_where_parameters_have_another_shape(
    fit_many: FitMany, tmp_path: Path
) -> None:
    configs = stack("logistic", "float32")[:1]
    kept: list[bytes] = []
    small = parts(40, 20, n_features=11)
    fit_many(*small, configs, keep=lambda states: kept.append(encoded(states)))
    first = decoded(kept[0], configs, tmp_path / "kept")
    with pytest.raises(ValueError, match="does not fit"):
        fit_many(*parts(40, 20, n_features=27), configs, states=first)


def test_a_checkpoint_of_another_training_is_not_taken_up(tmp_path: Path) -> None:
    config = stack("logistic", "float32")[0]
    data = parts(40, 20)

    first = Checkpoint(tmp_path / "c", {"data": "one"})
    stop = threading.Event()
    stop.set()
    train(*data, config, **first.resume({"model": config}, stop))
    assert first.path.exists()
    assert first.load({"model": config})["model"].step == 0
    other = Checkpoint(tmp_path / "c", {"data": "two"})
    with pytest.raises(OtherTrainingError, match="another training"):
        other.load({"model": config})
    assert other.is_of_another
    assert not first.is_of_another
    assert other.resume({"model": config}, threading.Event())["states"] == [None]


def test_states_of_earlier_calls_stay_in_the_checkpoint(tmp_path: Path) -> None:

    data, config = parts(40, 20), stack("logistic", "float32")[0]
    checkpoint, stop = Checkpoint(tmp_path / "c", {}), threading.Event()
    first = train(*data, config, **checkpoint.resume({"first": config}, stop))
    stop.set()
    train(*data, config, **checkpoint.resume({"second": config}, stop))
    read = checkpoint.load({"first": config, "second": config})
    assert (read["first"].reason, read["second"].reason) == (StopReason.MAX_EPOCHS, None)
    again = train(*data, config, states=[read["first"]])
    same_bits(again, first)
