"""Estimators on examples that are read block by block."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone

from onelayer.data import as_block_source
from onelayer.data.blocks import ArrayBlocks, Block
from onelayer.errors import InputError
from onelayer.estimators import (
    LogisticRegression,
    MultilabelRegression,
    SoftmaxRegression,
    SoftmaxRegressionCV,
)

N, FEATURES = 300, 6
RNG = np.random.default_rng(0)
y = RNG.integers(0, 3, N)
X = (RNG.normal(size=(N, FEATURES)) + 2 * np.eye(3, FEATURES)[y]).astype(np.float32)
LABELS = np.array(["a", "b", "c"])[y]
STEPS: dict[str, Any] = {"max_epochs": 4, "batch_size": 16}


class Counting(ArrayBlocks):
    """Counts how often its blocks are read."""

    reads = 0

    def read_block(self, i: int) -> Block:
        self.reads += 1
        return super().read_block(i)


def table() -> pl.DataFrame:
    return pl.DataFrame({f"x{i}": X[:, i] for i in range(FEATURES)} | {"kind": LABELS})


def same(a: Any, b: Any) -> None:
    assert a.coef_.tobytes() == b.coef_.tobytes()
    assert a.intercept_.tobytes() == b.intercept_.tobytes()


def test_bits_are_those_of_arrays_in_the_same_blocks() -> None:
    source = ArrayBlocks(X, LABELS, 64)
    for options in (STEPS, STEPS | {"early_stopping": True, "scale": "standard"}):
        model = SoftmaxRegression(**options).fit(source)
        arrays = SoftmaxRegression(**options, order="blocks", block_size=64).fit(X, LABELS)
        same(model, arrays) if "scale" not in options else np.testing.assert_allclose(
            model.coef_, arrays.coef_, rtol=1e-4
        )
        assert model.predict(source).tolist() == model.predict(X).tolist()
        assert model.predict_proba(source).tobytes() == model.predict_proba(X).tobytes()
        assert model.decision_function(source).shape == (N, 3)
        assert model.score(source) == model.score(X, LABELS)
        assert model.score(source, LABELS) == model.score(X, LABELS)


def test_the_minimum_is_that_of_arrays() -> None:
    model = SoftmaxRegression().fit(ArrayBlocks(X, y, 64))
    np.testing.assert_allclose(model.coef_, SoftmaxRegression().fit(X, y).coef_, rtol=1e-2)
    assert model.stop_reason_ == "converged"


@pytest.mark.parametrize("kind", ["path", "lazy", "str"])
def test_tables_have_names_and_a_column_of_labels(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table().write_parquet(path, row_group_size=64)
    given: Any = {"path": path, "str": str(path), "lazy": table().lazy()}[kind]
    model = SoftmaxRegression(**STEPS).fit(given, "kind")
    assert model.feature_names_in_.tolist() == [f"x{i}" for i in range(FEATURES)]
    assert model.classes_.tolist() == ["a", "b", "c"]
    whole = SoftmaxRegression(**STEPS).fit(table().drop("kind"), LABELS)
    assert model.predict(given).tolist() == model.predict(table().drop("kind")).tolist()
    assert model.score(given, "kind") > 0.8
    assert whole.score(given, "kind") > 0.8
    other = table().select("kind", *reversed(model.feature_names_in_.tolist())).lazy()
    assert model.predict(other).tolist() == model.predict(given).tolist()
    with pytest.raises(InputError, match="lacks 1 feature of the model: 'x0'"):
        model.predict(table().drop("x0").lazy())


def test_labels_may_be_given_beside(tmp_path: Path) -> None:
    for i in range(3):
        np.save(tmp_path / f"X-{i}.npy", X[100 * i : 100 * i + 100])
    model = SoftmaxRegression(**STEPS).fit(tmp_path, LABELS)
    same(model, SoftmaxRegression(**STEPS).fit(ArrayBlocks(X, LABELS, 100)))
    with pytest.raises(InputError, match="y has 20 labels, and X has 300 examples"):
        SoftmaxRegression(**STEPS).fit(tmp_path, LABELS[:20])
    with pytest.raises(InputError, match="the blocks have no labels"):
        SoftmaxRegression(**STEPS).fit(tmp_path)


def test_weights_validation_and_class_weights() -> None:
    weights = RNG.random(N) * (RNG.random(N) < 0.8)
    how: dict[str, Any] = {"early_stopping": 2, "class_weight": "balanced"} | STEPS
    source, held = ArrayBlocks(X[:200], y[:200], 64), ArrayBlocks(X[200:], y[200:], 64)
    model = SoftmaxRegression(**how).fit(source, sample_weight=weights[:200], X_val=held)
    arrays = SoftmaxRegression(**how, order="blocks", block_size=64).fit(
        X[:200], y[:200], weights[:200], X_val=X[200:], y_val=y[200:]
    )
    same(model, arrays)
    with pytest.raises(InputError, match="order: epoch was given; data that is read"):
        SoftmaxRegression(**how).fit(X, y, X_val=held)


@pytest.mark.parametrize("scoring", [None, "accuracy", "neg_log_loss"])
def test_a_sweep_takes_folds(scoring: str | None) -> None:
    source = ArrayBlocks(X, LABELS, 64)
    how: dict[str, Any] = {"l2": [1e-3, 1e-1], "cv": 3, "scoring": scoring} | STEPS
    model = SoftmaxRegressionCV(**how).fit(source)
    arrays = SoftmaxRegressionCV(**how, order="blocks", block_size=64).fit(X, LABELS)
    same(model, arrays)
    assert model.best_score_ == arrays.best_score_
    assert model.score(source) == pytest.approx(model.score(X, LABELS))


def test_two_classes_and_several_labels() -> None:
    two = ArrayBlocks(X, y > 0, 64)
    model = LogisticRegression(**STEPS).fit(two)
    same(model, LogisticRegression(**STEPS, order="blocks", block_size=64).fit(X, y > 0))
    assert model.predict(two).tolist() == model.predict(X).tolist()
    labels = (X[:, :2] > 1).astype(np.uint8)
    several = ArrayBlocks(X, labels, 64)
    many = MultilabelRegression(**STEPS).fit(several)
    same(many, MultilabelRegression(**STEPS, order="blocks", block_size=64).fit(X, labels))
    assert many.score(several) == many.score(X, labels)
    with pytest.raises(InputError, match="matrix of labels; take MultilabelRegression"):
        SoftmaxRegression(**STEPS).fit(several)


def test_memory_is_a_parameter() -> None:
    model = SoftmaxRegression(**STEPS, memory="1MB")
    assert clone(model).get_params()["memory"] == "1MB"
    source = Counting(X, y, 64)
    model.fit(source)
    # The pass before, and one read of each block: there is room for all of them.
    assert source.reads == 2 * len(source.block_lengths)
    pickle.loads(pickle.dumps(model)).predict(source)
    tight = SoftmaxRegression(**STEPS, memory=6 * 64 * 6 * 4).fit(Counting(X, y, 64))
    same(tight, model)
    with pytest.raises(InputError, match=r"memory: 5 kB are too little for X, whose largest block"):
        SoftmaxRegression(**STEPS, memory="5kB").fit(source)
    with pytest.raises(InputError, match="memory: 'much' is no size"):
        SoftmaxRegression(**STEPS, memory="much").fit(source)


def test_other_features_are_refused() -> None:
    model = SoftmaxRegression(**STEPS).fit(ArrayBlocks(X, y, 64))
    with pytest.raises(ValueError, match="X has 5 features, but SoftmaxRegression is expecting 6"):
        model.predict(ArrayBlocks(X[:, :5], None, 64))


def test_whatever_is_opened_may_be_given_opened() -> None:
    source = as_block_source(X, y=y, block_length=64)
    same(SoftmaxRegression(**STEPS).fit(source), SoftmaxRegression(**STEPS).fit(source, y))


def test_dask_is_taken() -> None:
    da = pytest.importorskip("dask.array")
    array = da.from_array(X, chunks=(100, 6))
    model = SoftmaxRegression(**STEPS).fit(array, y)
    same(model, SoftmaxRegression(**STEPS).fit(ArrayBlocks(X, y, 100)))
    assert model.predict(array).tolist() == model.predict(X).tolist()


def test_findings_are_looked_for_in_blocks() -> None:
    found = SoftmaxRegression(**STEPS).diagnose(ArrayBlocks(X, LABELS, 64))
    assert not [f for f in found if "check itself failed" in f.statement]
    said = {f.code: f.statement for f in found}
    assert said["OL206"].startswith("Not looked for: the examples are read block by block")
