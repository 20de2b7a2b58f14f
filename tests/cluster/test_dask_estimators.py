"""Estimators on a cluster: those of one machine, where the data lies."""

from __future__ import annotations

import pickle
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
from cluster_material import FEATURES, OnDisk, examples
from dask import dataframe as dd
from sklearn.base import clone

from onelayer import LogisticRegression, SoftmaxRegression, SoftmaxRegressionCV
from onelayer.dask import DaskLogisticRegression, DaskSoftmaxRegression, DaskSoftmaxRegressionCV
from onelayer.errors import InputError, OnelayerError

pd = pytest.importorskip("pandas")
NAMES = [f"x{i}" for i in range(FEATURES)]


pytestmark = pytest.mark.usefixtures("client", "still")


def frame(X: Any, y: Any) -> Any:
    table = pd.DataFrame(X, columns=NAMES).assign(label=np.array(["a", "b", "c", "d"])[y])
    return dd.from_pandas(table, npartitions=4)


def same(one: Any, other: Any) -> None:
    assert one.coef_.tobytes() == other.coef_.tobytes()
    assert one.intercept_.tobytes() == other.intercept_.tobytes()
    assert one.classes_.tolist() == other.classes_.tolist()


@pytest.mark.parametrize(
    "how",
    [{}, {"learning_rate": 0.1, "max_epochs": 3, "scale": "standard", "early_stopping": 3}],
    ids=["minimum", "steps"],
)
def test_arrays_give_the_bits_of_one_machine(client: Any, how: dict[str, Any]) -> None:
    X, y = examples(400)
    chunks = da.from_array(X, chunks=(90, 5)), da.from_array(y, chunks=150)
    local = SoftmaxRegression(**how).fit(OnDisk(X, y, 90))
    there = DaskSoftmaxRegression(**how).fit(*chunks)
    same(local, there)
    assert there.client_ is client
    same(local, DaskSoftmaxRegression(client=client, **how).fit(OnDisk(X, y, 90)))
    lazy = there.predict_proba(chunks[0])
    assert dask.is_dask_collection(lazy)
    assert lazy.dtype == np.float64
    assert lazy.compute().tobytes() == local.predict_proba(X).tobytes()
    assert there.predict(chunks[0]).compute().tolist() == local.predict(X).tolist()
    assert there.decision_function(chunks[0]).compute().tobytes() == (
        local.decision_function(X).tobytes()
    )
    assert there.predict(OnDisk(X, y, 70)).tolist() == local.predict(X).tolist()
    assert there.score(*chunks) == local.score(X, y)


def test_chunks_stay_where_they_lie(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = examples(400)
    lying = da.from_array(X, chunks=(100, -1)).map_blocks(np.asarray).persist()
    unknown = lying[lying[:, 0] > -1e9]  # whose chunks have lengths that nobody knows
    assert np.isnan(unknown.shape[0])
    model = DaskSoftmaxRegression(verbose=1, memory=1).fit(unknown, y)
    said = capsys.readouterr().out
    assert "X is computed once to count its rows; persist() it first" in said
    same(model, SoftmaxRegression().fit(OnDisk(X, y, 100)))
    assert model.predict(unknown).compute().tolist() == model.to_local().predict(X).tolist()


def test_frames() -> None:
    X, y = examples(400)
    table = frame(X, y)
    features = table[NAMES]
    model = DaskSoftmaxRegression().fit(table, "label")
    beside = DaskSoftmaxRegression().fit(features, table["label"])
    same(model, beside)
    lengths = [len(part) for part in dask.compute(*table.to_delayed())]
    local = SoftmaxRegression().fit(da.from_array(X, chunks=(tuple(lengths), -1)), y)
    assert model.coef_.tobytes() == local.coef_.tobytes()
    assert model.feature_names_in_.tolist() == NAMES
    predicted = model.predict(table)
    assert predicted.compute().tolist() == model.to_local().predict(features.compute()).tolist()
    assert predicted.compute().index.tolist() == table.index.compute().tolist()
    proba = model.predict_proba(features).compute()
    assert proba.columns.tolist() == ["a", "b", "c", "d"]
    assert proba.to_numpy().tobytes() == local.predict_proba(X).tobytes()
    with pytest.raises(InputError, match="no column 'x3'"):
        model.predict(table[["x0", "x1", "x2"]])


def test_two_classes_and_weights() -> None:
    X, y = examples(300)
    weights = np.random.default_rng(0).integers(3, size=300).astype(float)
    local = LogisticRegression().fit(OnDisk(X, y % 2, 80), sample_weight=weights)
    chunks = da.from_array(X, chunks=(80, -1)), da.from_array(y % 2, chunks=80)
    there = DaskLogisticRegression().fit(*chunks, da.from_array(weights, chunks=50))
    same(local, there)
    assert there.decision_function(chunks[0]).compute().shape == (300,)


@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_a_penalty_is_chosen_by_folds(scoring: str | None) -> None:
    X, y = examples(300)
    how: dict[str, Any] = {"l2": [1e-5, 1e-3, 1e-1, 10.0], "cv": 3, "scoring": scoring}
    local = SoftmaxRegressionCV(**how).fit(OnDisk(X, y, 80))
    there = DaskSoftmaxRegressionCV(**how).fit(da.from_array(X, chunks=(80, -1)), y)
    same(local, there)
    assert there.results_.equals(local.results_)


def test_it_is_an_estimator_like_others(client: Any) -> None:
    X, y = examples(200)
    chunks = da.from_array(X, chunks=(80, -1))
    model = DaskSoftmaxRegression(l2=0.1, client=client).fit(chunks, y)
    assert model.get_params()["client"] is client
    assert clone(model).get_params() == model.get_params()
    again = pickle.loads(pickle.dumps(model))
    assert again.client is None
    same(model, again)
    assert again.predict(X).tolist() == model.to_local().predict(X).tolist()
    local = model.to_local()
    assert type(local) is SoftmaxRegression
    assert local.get_params() == SoftmaxRegression(l2=0.1).get_params()
    same(model, pickle.loads(pickle.dumps(local)))


def test_what_cannot_be() -> None:
    X, y = examples(200)
    chunks = da.from_array(X, chunks=(80, -1))
    with pytest.raises(InputError, match=r"X: it is of type ndarray; .* SoftmaxRegression"):
        DaskSoftmaxRegression().fit(X, y)
    with pytest.raises(InputError, match="client: 'tcp://x' was given"):
        DaskSoftmaxRegression(client="tcp://x").fit(chunks, y)
    with pytest.raises(InputError, match=r"has 5 features, but .* expecting 12"):
        DaskSoftmaxRegression().fit(chunks, y).predict(chunks[:, :5])
    bad = da.where(da.arange(200, chunks=80)[:, None] == 100, np.nan, chunks)
    with pytest.raises(InputError, match="block 1"):
        DaskSoftmaxRegression().fit(bad, y)
    broken = chunks.map_blocks(lambda part: part[:, 100], dtype=X.dtype)
    with pytest.raises(OnelayerError, match="IndexError: index 100 is out of bounds"):
        DaskSoftmaxRegression().fit(broken, y)


def test_without_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = examples(50)
    monkeypatch.setattr("distributed.client._global_clients", {})
    monkeypatch.setattr("distributed.client._current_client", _NoClient())
    with pytest.raises(InputError, match="client: none was given"):
        DaskSoftmaxRegression().fit(da.from_array(X), y)


class _NoClient:
    def get(self, *_default: Any) -> None:
        return None
