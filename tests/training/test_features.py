"""Models that read some features alone: as if there were no others."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from training_material import MODELS, Fit, FitMany, Parts, blobs, on_evaluation, same_bits

from onelayer.data import Dataset, Scaling
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.model import ModelName, Objective, Parameters
from onelayer.optimum import minimise
from onelayer.training import (
    Checkpoint,
    EarlyStopping,
    EngineName,
    ExampleWeights,
    TrainConfig,
    TrainResult,
    as_classifier,
    train,
    train_many,
)

N_FEATURES = 43
RANGES = (None, (0, 13), (13, 43), (7, 8), (5, 40), (0, N_FEATURES))
KINDS = ("uint8", "mostly zeros", "float16", "float32", "float64", "csr")


def parts_of(kind: str, n_classes: int) -> Parts:
    """Return both parts; the scaling has a number for each feature."""
    made = []
    for n, seed in ((150, 0), (70, 1)):
        stored = "uint8" if kind in ("uint8", "mostly zeros") else "float32"
        blob = blobs(n, N_FEATURES, n_classes, seed=seed, dtype=stored)
        X: Any = blob.X.copy()
        if kind in ("mostly zeros", "csr"):
            X[np.quantile(X, 0.8) > X] = 0
        X = sparse.csr_array(X) if kind == "csr" else X if kind in KINDS[:2] else X.astype(kind)
        scale = np.linspace(0.5, 2, N_FEATURES) / (100 if stored == "uint8" else 1)
        offset = np.zeros(N_FEATURES) if kind == "csr" else np.linspace(-0.1, 0.1, N_FEATURES)
        made.append(Dataset(X, blob.y, range(n_classes), scaling=Scaling(scale, offset)))
    return made[0], made[1]


def cut(data: Dataset, features: tuple[int, int] | None) -> Dataset:
    """Return a data set of its own that has these features alone."""
    begin, end = features or (0, N_FEATURES)
    X = data.X[:, begin:end]
    X = X if sparse.issparse(X) else X.copy()
    scaling = Scaling(np.array(data.scaling.scale)[begin:end],
                      np.array(data.scaling.offset)[begin:end])  # fmt: skip
    return Dataset(X, data.y, data.classes, scaling=scaling)


def configs_of(model: ModelName, dtype: Any = "float32") -> list[TrainConfig]:
    """Return a pass in which models end at different times and for different reasons."""
    return [
        TrainConfig(model=model, features=features, learning_rate=rate, l2=l2, dtype=dtype,
                    batch_size=16, max_epochs=4, early_stopping=rule)
        for features in RANGES
        for rate, l2, rule in (
            (0.1, 0.0, None),
            (0.4, 0.01, EarlyStopping(patience=2, min_delta=0.01)),
            (100.0, 100.0, None),
        )
    ]  # fmt: skip


def as_of_its_own(result: TrainResult, alone: TrainResult) -> None:
    """Assert that a result is that of a training on its features, with zeros for the others."""
    begin, end = result.config.features or (0, N_FEATURES)
    assert result.weights.shape[0] == N_FEATURES
    assert result.weights[begin:end].tobytes() == alone.weights.tobytes()
    assert not np.delete(result.weights, np.s_[begin:end], axis=0).any()
    assert result.bias.tobytes() == alone.bias.tobytes()
    assert result.history == alone.history
    assert result.stop_reason == alone.stop_reason
    assert repr((result.best, result.last)) == repr((alone.best, alone.last))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", KINDS)
def test_bits_are_those_of_a_training_on_the_features_alone(
    fit: Fit, fit_many: FitMany, model: ModelName, kind: str
) -> None:
    data = parts_of(kind, 2 if model == "logistic" else 4)
    configs = configs_of(model, "float64" if kind == "float64" else "float32")
    together = fit_many(*data, configs, 2)
    assert len({result.stop_reason for result in together}) >= 2
    assert len({result.history.steps for result in together}) >= 3
    for config, result in zip(configs, together, strict=True):
        plain = config.model_copy(update={"features": None})
        alone = fit(*(cut(part, config.features) for part in data), plain, 1)
        as_of_its_own(result, alone)


def test_company_and_threads_change_nothing(fit_many: FitMany) -> None:
    data, configs = parts_of("float16", 4), configs_of("softmax")
    expected = fit_many(*data, configs, 1)
    for numbers in ([3], [0, 17], list(reversed(range(len(configs))))):
        for threads in (1, 3):
            found = fit_many(*data, [configs[i] for i in numbers], threads)
            for i, result in zip(numbers, found, strict=True):
                same_bits(result, expected[i])


def test_weights_of_examples_and_rows(fit: Fit, fit_many: FitMany) -> None:
    """As in a cross-validation, whose folds are weights on one data set."""
    data, _ = parts_of("float32", 4)
    rng, rows = np.random.default_rng(3), np.arange(5, 145)
    folds = rng.integers(0, 2, (3, 150)).astype(float)
    weights = [ExampleWeights(fold, 1 - fold) for fold in folds for _ in range(2)]
    ranges = [(0, 20), (10, 43)] * 3
    config = TrainConfig(batch_size=16, max_epochs=2, learning_rate=0.1)
    configs = [config.model_copy(update={"features": features}) for features in ranges]
    how: dict[str, Any] = {"rows": rows, "validation_rows": rows}
    together = fit_many(data, data, configs, 2, weights=weights, **how)
    for features, own, result in zip(ranges, weights, together, strict=True):
        part = cut(data, features)
        as_of_its_own(result, fit(part, part, config, 1, weights=[own], **how))


def test_a_start_is_cut_to_the_features(fit: Fit) -> None:
    data = parts_of("float32", 4)
    weights = np.random.default_rng(0).normal(size=(N_FEATURES, 4))
    start = Parameters(weights, np.arange(4.0))
    config = TrainConfig(batch_size=16, max_epochs=1)
    some = fit(*data, config.model_copy(update={"features": (5, 40)}), initial=[start])
    own = Parameters(weights[5:40], np.arange(4.0))
    as_of_its_own(some, fit(*(cut(part, (5, 40)) for part in data), config, initial=[own]))


def test_a_memory_map_is_read_in_place(fit: Fit, tmp_path: Path) -> None:
    data = parts_of("float16", 4)
    np.save(tmp_path / "X.npy", data[0].X)
    mapped = Dataset(np.load(tmp_path / "X.npy", mmap_mode="r"), data[0].y, data[0].classes,
                     scaling=data[0].scaling)  # fmt: skip
    part = mapped.of_features(5, 40)
    assert np.shares_memory(part.X, mapped.X)
    config = TrainConfig(batch_size=16, max_epochs=2, features=(5, 40))
    same_bits(fit(mapped, data[1], config), fit(*data, config))


def test_resumed_in_other_company(engine: EngineName, tmp_path: Path) -> None:
    data, configs = parts_of("csr", 4), configs_of("softmax")
    names = {str(i): config for i, config in enumerate(configs)}
    expected = train_many(*data, configs, 2, engine=engine)
    checkpoint, stop = Checkpoint(tmp_path / "states", {}), threading.Event()
    stopping = on_evaluation(lambda _run, step, _e: stop.set() if step >= 9 else None)
    train_many(*data, configs, 1, engine=engine, listen=stopping, **checkpoint.resume(names, stop))
    again = Checkpoint(tmp_path / "states", {})
    how = again.resume(names)
    assert any(state is not None and state.step > 0 for state in how["states"])
    for result, whole in zip(
        train_many(*data, configs, 3, engine=engine, **how), expected, strict=True
    ):
        same_bits(result, whole)


def test_the_saved_model_predicts_from_all_features(fit: Fit, tmp_path: Path) -> None:
    data = parts_of("float32", 4)
    result = fit(*data, TrainConfig(batch_size=16, max_epochs=2, features=(5, 40), l2=0.1))
    as_classifier(result).save(tmp_path / "model.safetensors")
    model = Classifier.load(tmp_path / "model.safetensors")
    metrics = model.evaluate(data[1].X, data[1].y)
    assert (metrics.log_loss, metrics.accuracy) == (
        result.final.val_loss, result.final.val_accuracy
    )  # fmt: skip
    changed = data[1].X.copy()
    changed[:, :5] += 100
    changed[:, 40:] -= 100
    np.testing.assert_array_equal(model.scores(changed), model.scores(data[1].X))


def test_the_minimum_is_that_of_the_features(fit_many: FitMany, engine: EngineName) -> None:
    data = parts_of("float32", 4)
    config = TrainConfig(batch_size=16, max_epochs=2, l2=0.01, optimum=True)
    ranges = ((0, 13), None, (5, 40))
    results = fit_many(*data, [config.model_copy(update={"features": r}) for r in ranges])
    for features, result in zip(ranges, results, strict=True):
        begin, _end = features or (0, N_FEATURES)
        (alone,) = minimise(cut(data[0], features), [Objective("softmax", 0.01)], engine=engine)
        found = result.data.minimum
        assert found is not None
        assert found.parameters.weights.tobytes() == alone.parameters.among(
            N_FEATURES, begin
        ).weights.tobytes()  # fmt: skip
        assert result.minimum is not None
        assert result.minimum.value == alone.value
        assert result.minimum.excess is not None
        assert result.minimum.excess > 0


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ((0, 44), r"features: \[0, 44\] was given; there are 43 features, with numbers from 0"),
        ((43, 50), "there are 43 features"),
    ],
)
def test_features_that_the_data_does_not_have(features: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        train(*parts_of("float32", 4), TrainConfig(features=features))


@pytest.mark.parametrize(
    "given",
    [(3, 3), (5, 2), (-1, 4), (0, 1.5), (0,), (0, 1, 2), 7, "7", "a:b", "1:", (True, 4), "4:2",
     {"begin": 0}],
)  # fmt: skip
def test_what_is_no_range(given: Any) -> None:
    with pytest.raises(ValueError, match=r"features\n.*must "):
        TrainConfig(features=given)


@pytest.mark.parametrize("given", [(0, 384), [0, 384], "0:384", " 0 : 384 ", np.array([0, 384])])
def test_how_a_range_may_be_given(given: Any) -> None:
    assert TrainConfig(features=given).features == (0, 384)
