"""Few-shot draws: runs that train on some examples of each class."""

from typing import Any

import numpy as np
import pytest
from training_material import MODELS, Fit, FitMany, blobs, same_bits

from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.model import ModelName, Objective
from onelayer.optimum import minimise
from onelayer.training import (
    EarlyStopping,
    EngineName,
    ExampleWeights,
    TrainConfig,
    TrainResult,
    train,
)
from onelayer.training.draws import drawn_rows

DATA = blobs(200, 9, 4, dtype="float32"), blobs(60, 9, 4, seed=1, dtype="float32")
CONFIG = TrainConfig(batch_size=8, max_epochs=3, learning_rate=0.1, examples_per_class=6)


def drawing(draw: int, **more: Any) -> TrainConfig:
    return CONFIG.model_copy(update={"draw": draw, **more})


def as_alone(result: TrainResult, alone: TrainResult) -> None:
    assert result.weights.tobytes() == alone.weights.tobytes()
    assert result.bias.tobytes() == alone.bias.tobytes()
    assert result.history == alone.history
    assert repr(result.final) == repr(alone.final)


def test_a_draw_has_so_many_of_each_class_that_count() -> None:
    rows = np.arange(20, 190)
    weights = np.tile([0.0, 1.0, 2.0], 67)[:200]
    seen = set()
    for draw in range(4):
        drawn = drawn_rows(DATA[0], 5, draw, rows, weights)
        assert np.bincount(DATA[0].targets[drawn]).tolist() == [5, 5, 5, 5]
        assert set(drawn.tolist()) <= set(rows.tolist())
        assert (weights[drawn] > 0).all()
        assert (np.diff(drawn) > 0).all()
        seen.add(drawn.tobytes())
    assert len(seen) == 4


def test_a_larger_draw_holds_the_smaller_one_and_other_classes_do_not_matter() -> None:
    few, more = (drawn_rows(DATA[0], n, 7, None, None) for n in (4, 16))
    assert set(few.tolist()) < set(more.tolist())
    others = Dataset(DATA[0].X, np.where(DATA[0].y == 3, 2, DATA[0].y), classes=range(3))
    same = drawn_rows(others, 4, 7, None, None)
    for k in (0, 1):
        np.testing.assert_array_equal(same[others.targets[same] == k], few[DATA[0].y[few] == k])


def test_classes_are_drawn_apart() -> None:
    """Of classes that are as large the same places are not drawn."""
    data = Dataset(np.zeros((200, 1)), np.arange(200) % 2, classes=(0, 1))
    drawn = drawn_rows(data, 10, 0, None, None)
    first, second = (drawn[data.y[drawn] == k] // 2 for k in (0, 1))
    assert first.tolist() != second.tolist()


def test_a_draw_stays_what_it_is() -> None:
    """A number that moves here moves the results of everybody's studies."""
    assert drawn_rows(DATA[0], 2, 3, None, None).tolist() == [65, 80, 106, 113, 143, 159, 189, 194]


@pytest.mark.parametrize("model", MODELS)
def test_draws_of_one_pass_are_trained_as_on_their_examples_alone(
    fit: Fit, fit_many: FitMany, model: ModelName
) -> None:
    data = DATA
    if model == "logistic":
        data = blobs(200, 9, dtype="uint8"), blobs(60, 9, seed=1, dtype="uint8")
    rule = EarlyStopping(patience=2, min_delta=0.02)
    configs = [
        drawing(draw, model=model, features=features, early_stopping=stops)
        for draw in (0, 1, 2)
        for features, stops in ((None, None), ((2, 8), None), (None, rule))
    ]
    together = fit_many(*data, configs, 2)
    assert len({result.weights.tobytes() for result in together}) >= 6
    for config, result in zip(configs, together, strict=True):
        rows = drawn_rows(data[0], 6, config.draw, None, None)
        assert result.data.n_train == len(rows) == 6 * data[0].n_classes
        few = Dataset(data[0].X[rows], data[0].y[rows], data[0].classes, scaling=data[0].scaling)
        plain = config.model_copy(update={"examples_per_class": None, "draw": 0})
        as_alone(result, fit(few, data[1], plain, 1))
        same_bits(result, fit(*data, config, 1))


def test_draws_are_taken_from_what_counts_in_a_fold(fit_many: FitMany) -> None:
    rng = np.random.default_rng(0)
    folds = [rng.permutation(np.arange(200) % 2).astype(float) for _ in range(2)]
    weights = [ExampleWeights(2.5 * fold, 1 - fold) for fold in folds]
    configs = [drawing(0), drawing(0)]
    together = fit_many(DATA[0], DATA[0], configs, weights=weights)
    for own, result in zip(weights, together, strict=True):
        assert result.data.rows is not None
        assert (np.asarray(own.train)[result.data.rows] > 0).all()
        alone = train(DATA[0], DATA[0], configs[0], weights=[own], engine="reference")
        np.testing.assert_array_equal(alone.data.rows, result.data.rows)
    assert together[0].weights.tobytes() != together[1].weights.tobytes()


def test_the_minimum_is_that_of_the_drawn_examples(fit_many: FitMany, engine: EngineName) -> None:
    results = fit_many(*DATA, [drawing(draw, l2=0.1, optimum=True) for draw in (0, 1)])
    for draw, result in enumerate(results):
        rows = drawn_rows(DATA[0], 6, draw, None, None)
        (alone,) = minimise(DATA[0], [Objective("softmax", 0.1)], rows=rows, engine=engine)
        assert result.minimum is not None
        assert result.minimum.value == alone.value


def test_a_class_that_has_fewer() -> None:
    least = np.bincount(DATA[0].y).min()
    fits = CONFIG.model_copy(update={"examples_per_class": int(least)})
    assert train(*DATA, fits, engine="reference").data.n_train == 4 * least
    too_many = CONFIG.model_copy(update={"examples_per_class": int(least) + 1})
    with pytest.raises(InputError, match=r"examples_per_class: .* the class \d has "):
        train(*DATA, too_many)


def test_a_draw_of_nothing() -> None:
    with pytest.raises(InputError, match="draw: 1 was given; it needs examples_per_class"):
        train(*DATA, TrainConfig(draw=1))
