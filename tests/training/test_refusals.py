"""Input that does not fit."""

from typing import Any

import numpy as np
import pytest
from training_material import (
    MODELS,
    Fit,
    FitMany,
    blobs,
    on_evaluation,
    parts,
    sweep_on,
)

from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.model import ModelName
from onelayer.training import (
    TrainConfig,
    train_many,
)


def test_logistic_of_three_classes_is_refused(fit: Fit) -> None:
    with pytest.raises(InputError, match=r"logistic.* two classes, there are 3: 0, 1, 2"):
        fit(*parts(n_classes=3), TrainConfig(model="logistic"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((np.ones((4, 2)), None, [TrainConfig()]), "train_set: a ndarray .* give a Dataset"),
        ((blobs(20), np.ones((4, 2)), [TrainConfig()]), "validation_set: a ndarray"),
        ((blobs(20), None, TrainConfig()), "configs: TrainConfig was given; give a list"),
        ((blobs(20), None, [{"l2": 1}]), r"configs: \{'l2': 1\} was given"),
    ],
)
def test_what_is_no_data_set_or_no_options_is_refused(given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        train_many(*given)


def test_different_features_are_refused(fit: Fit) -> None:
    with pytest.raises(InputError, match=r"validation.* 4 features.* 5"):
        fit(blobs(20), blobs(20, n_features=4), TrainConfig())


def test_drop_last_that_leaves_no_batch_is_refused(fit: Fit) -> None:
    with pytest.raises(InputError, match=r"batch_size: 128 .*60 training examples"):
        fit(*parts(), TrainConfig(drop_last=True))


@pytest.mark.parametrize("model", MODELS)
def test_validation_label_unknown_to_the_training_set_is_refused(
    fit: Fit, model: ModelName
) -> None:
    train_set, validation_set = parts()
    strange = Dataset(validation_set.X, validation_set.y + 1)
    with pytest.raises(InputError, match="2, not among the classes 0, 1"):
        fit(train_set, strange, TrainConfig(model=model))


@pytest.mark.parametrize("threads", [0, -1])
def test_no_threads_are_refused(fit_many: FitMany, threads: int) -> None:
    with pytest.raises(InputError, match=f"threads: {threads} was given; at least 1"):
        fit_many(*parts(), [TrainConfig()], threads)


def test_one_bad_configuration_is_refused_before_any_is_trained(fit_many: FitMany) -> None:
    seen: list[int] = []
    configs = [TrainConfig(batch_size=8), TrainConfig(batch_size=100, drop_last=True)]
    with pytest.raises(InputError):
        fit_many(*parts(), configs, listen=on_evaluation(lambda i, *_: seen.append(i)))
    assert seen == []


def test_engine_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match=r"engine: 'abacus'.*allowed: auto, compiled, reference"):
        train_many(*parts(), [TrainConfig()], engine="abacus")  # type: ignore[arg-type]


def test_engines_agree_to_rounding() -> None:
    pytest.importorskip("numba")
    data, configs = sweep_on("softmax")
    for a, b in zip(
        train_many(*data, configs, engine="reference"),
        train_many(*data, configs, engine="compiled"),
        strict=True,
    ):
        assert (a.stop_reason, a.history.steps) == (b.stop_reason, b.history.steps)
        np.testing.assert_allclose(a.weights, b.weights, rtol=1e-3, atol=1e-4)
