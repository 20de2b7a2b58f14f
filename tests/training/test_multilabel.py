"""Multilabel models: K logistic ones in the same batches, on both engines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from training_material import Fit, FitMany, same_bits

from onelayer.data import Dataset
from onelayer.engines import Problem, Source, WeightedRows, open_engine
from onelayer.errors import InputError
from onelayer.model import Objective, Parameters
from onelayer.training import EarlyStopping, ExampleWeights, RunState, TrainConfig, train_many

N, FEATURES, LABELS = 130, 19, 6
OPTIONS: dict[str, Any] = {"learning_rate": 0.2, "batch_size": 16, "max_epochs": 4}


def material(n: int, seed: int = 0, kind: str = "float") -> Dataset:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, FEATURES)).astype(np.float32)
    if kind != "float":
        X[rng.random(X.shape) < 0.8] = 0
    Y = X @ np.random.default_rng(9).normal(size=(FEATURES, LABELS)) + rng.normal(
        size=(n, LABELS)
    ) > np.linspace(-2, 2, LABELS)
    return Dataset(csr_array(X) if kind == "csr" else X, Y)


def of_label(data: Dataset, k: int) -> Dataset:
    return Dataset(data.X, data.y[:, k], classes=(1, 0), scaling=data.scaling)


CONFIG = TrainConfig(model="multilabel", l2=0.01, **OPTIONS)


@pytest.mark.parametrize("kind", ["float", "zeros", "csr"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("penalize_bias", [False, True])
def test_it_is_a_logistic_model_for_each_label(
    fit: Fit, kind: str, dtype: str, tolerance: float, penalize_bias: bool
) -> None:
    train_set, validation_set = material(N, kind=kind), material(50, 1, kind)
    config = CONFIG.model_copy(update={"dtype": dtype, "penalize_bias": penalize_bias})
    own = ExampleWeights(np.linspace(0.5, 2, N), np.linspace(0, 1, 50))
    for weights in (None, [own]):
        result = fit(train_set, validation_set, config, weights=weights)
        alone = [
            fit(
                of_label(train_set, k), of_label(validation_set, k),
                config.model_copy(update={"model": "logistic"}), weights=weights,
            )
            for k in range(LABELS)
        ]  # fmt: skip
        for name in ("weights", "bias"):
            np.testing.assert_allclose(
                getattr(result, name), np.hstack([getattr(r, name) for r in alone]),
                rtol=100 * tolerance, atol=tolerance,
            )  # fmt: skip
        losses = np.sum([r.history.train_loss for r in alone], axis=0)
        np.testing.assert_allclose(result.history.train_loss, losses, rtol=tolerance)
        for i, evaluation in enumerate(result.history.evaluations):
            each = [r.history.evaluations[i] for r in alone]
            assert evaluation.val_loss == pytest.approx(sum(e.val_loss for e in each), tolerance)
            norm = np.sqrt(sum(e.weight_norm**2 for e in each))
            assert evaluation.weight_norm == pytest.approx(norm, tolerance)


@pytest.mark.parametrize("kind", ["float", "zeros", "csr"])
def test_accuracy_is_that_of_whole_rows(fit: Fit, kind: str) -> None:
    """The evaluation and `final`, each by its own code, and a slow count."""
    train_set, validation_set = material(N, kind=kind), material(50, 1, kind)
    config = CONFIG.model_copy(update={"evaluations_per_epoch": 100})  # after each step
    for counts in ((None, None), (np.linspace(0.5, 2, N), np.linspace(0, 1, 50))):
        result = fit(train_set, validation_set, config, weights=[ExampleWeights(*counts)])
        last, final = result.history.evaluations[-1], result.final
        for data, by, during, after in (
            (validation_set, counts[1], last.val_accuracy, final.val_accuracy),
            (train_set, counts[0], last.train_accuracy, final.train_accuracy),
        ):
            predicted = np.asarray(data.X @ result.weights + result.bias) >= 0
            right = np.average((predicted == data.y).all(axis=1), weights=by)
            assert 0.1 < right < 1
            assert during == pytest.approx(right)
            assert after == pytest.approx(right)
        assert final.val_loss == pytest.approx(last.val_loss, rel=1e-5)
        assert final.val_balanced_accuracy is None
        assert final.val_top5_accuracy is None


@pytest.mark.parametrize("kind", ["float", "zeros", "csr"])
def test_engines_agree(kind: str) -> None:
    pytest.importorskip("numba")
    parts = material(N, kind=kind), material(50, 1, kind)
    config = CONFIG.model_copy(update={"dtype": "float64", "penalize_bias": True})
    own = [ExampleWeights(np.linspace(0.5, 2, N), np.linspace(0, 1, 50))]
    slow, fast = (
        train_many(*parts, [config], weights=own, engine=engine)[0]
        for engine in ("reference", "compiled")
    )
    np.testing.assert_allclose(slow.weights, fast.weights, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(slow.history.train_loss, fast.history.train_loss, rtol=1e-12)
    for one, other in zip(slow.history.evaluations, fast.history.evaluations, strict=True):
        assert one.val_loss == pytest.approx(other.val_loss, rel=1e-12)
        assert one.val_accuracy == pytest.approx(other.val_accuracy)
        assert one.train_accuracy == pytest.approx(other.train_accuracy)


@pytest.mark.parametrize("kind", ["float", "zeros", "csr"])
def test_the_same_bits_alone_in_company_on_threads_and_resumed(
    fit_many: FitMany, kind: str
) -> None:
    parts = material(N, kind=kind), material(50, 1, kind)
    rule = EarlyStopping(patience=2, min_delta=0.01)
    configs = [
        CONFIG.model_copy(update=update)
        for update in (
            {}, {"l2": 0.5}, {"learning_rate": 0.01}, {"penalize_bias": True},
            {"early_stopping": rule}, {"learning_rate": 2.0, "early_stopping": rule},
        )
    ]  # fmt: skip
    together = fit_many(*parts, configs, 1)
    kept: list[dict[int, RunState]] = []

    def keep(states: Any) -> None:
        if len(kept) < 4:
            kept.append({i: state.copy() for i, state in states.items()})

    for config, result in zip(configs, together, strict=True):
        same_bits(result, fit_many(*parts, [config], 1)[0])
    for result, other in zip(together, fit_many(*parts, configs, 3, keep=keep), strict=True):
        same_bits(result, other)
    states = [kept[-1].get(i) for i in range(len(configs))]
    for result, resumed in zip(together, fit_many(*parts, configs, 2, states=states), strict=True):
        same_bits(result, resumed)


@pytest.mark.parametrize("kind", ["float", "csr"])
@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_totals_are_the_sums_of_the_objective(kind: str, engine: Any) -> None:
    data = material(700, kind=kind)
    by = np.linspace(0.1, 1, 700)
    objectives = (Objective("multilabel"), Objective("multilabel", 0.1, True))
    rng = np.random.default_rng(3)
    at = [Parameters(rng.normal(size=(FEATURES, LABELS)), rng.normal(size=LABELS))] * 2
    rows = WeightedRows.of(data.targets, np.arange(3, 690), [None, by])
    problem = Problem(rows, None, LABELS, objectives, tuple(at))
    with open_engine(engine, 2) as opened:
        prepared = opened.prepare(Source(data.X, None, data.scaling, "float64"))
        found = opened.totals(prepared, problem).sums([0, 1], at)
    for m, sums in enumerate(found):
        X = np.asarray(data.X[rows.rows] @ np.eye(FEATURES))
        expected = objectives[m].sums(
            at[m], X, data.targets[rows.rows], rows.weights_for(m, rows.rows)
        )
        assert sums.loss == pytest.approx(expected.loss, rel=1e-12)
        np.testing.assert_allclose(sums.weights, expected.weights, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(sums.bias, expected.bias, rtol=1e-9, atol=1e-9)


def test_scores_beyond_all_measure_keep_the_loss_finite(fit: Fit) -> None:
    """Two scores of 1e4 that are wrong cost 1e4 each, in float32 too."""
    X = np.eye(2, dtype=np.float32)
    data = Dataset(X, [[1, 0], [0, 1]])
    start = Parameters(np.array([[-1e4, 1e4], [1e4, 1e4]]), np.zeros(2))
    config = CONFIG.model_copy(update={"learning_rate": 1e-9, "max_epochs": 1, "l2": 0.0})
    result = fit(data, data, config, initial=[start])
    assert result.history.train_loss[0] == pytest.approx((2e4 + 1e4) / 2)
    assert result.final.val_loss == pytest.approx((2e4 + 1e4) / 2)


def test_labels_and_models_that_do_not_fit_are_refused() -> None:
    matrix, plain = material(N), Dataset(np.eye(3), [0, 1, 2])
    with pytest.raises(InputError, match="model: softmax takes one label an example"):
        train_many(matrix, None, [TrainConfig()])
    with pytest.raises(InputError, match="model: multilabel takes a matrix of labels"):
        train_many(plain, None, [CONFIG])
    other = Dataset(np.ones((3, FEATURES), np.float32), [0, 1, 1])
    with pytest.raises(InputError, match="has a matrix of labels, the other one label"):
        train_many(matrix, other, [CONFIG])
    named = Dataset(matrix.X, matrix.y, classes=list("abcdef"))
    with pytest.raises(InputError, match="columns are of the labels 'a'"):
        train_many(matrix, named, [CONFIG])


def test_columns_of_validation_labels_are_put_in_order() -> None:
    names = list("abcdef")
    data = material(N)
    train_set = Dataset(data.X, data.y, classes=names)
    turned = Dataset(data.X, data.y[:, ::-1], classes=names[::-1])
    one, other = (train_many(train_set, part, [CONFIG])[0] for part in (train_set, turned))
    assert one.history == other.history
    assert one.final == other.final
