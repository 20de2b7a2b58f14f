"""The export to ONNX, run by onnxruntime."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from inference_exports import MODELS, badly_scaled, with_missing
from inference_material import Array, logistic, raw_rows, softmax, told

from onelayer.data import Scaling
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.inference.onnx import export_onnx


def run(model: Classifier, X: Array, folder: Path) -> tuple[Array, Array]:
    """Export, and return the labels and the probabilities that onnxruntime computes."""
    path = folder / "model.onnx"
    export_onnx(model, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [(i.name, i.type, i.shape) for i in session.get_inputs()] == [
        ("X", "tensor(float)", ["batch", model.n_features])
    ]
    label, probabilities = session.run(["label", "probabilities"], {"X": X.astype(np.float32)})
    return np.array(label), np.array(probabilities)


@pytest.mark.parametrize("name", MODELS)
def test_onnxruntime_gives_the_same_probabilities_and_labels(name: str, tmp_path: Path) -> None:
    model = MODELS[name]
    X = raw_rows(400, model.n_features).astype(np.float32)
    if model.fill is not None:
        X = with_missing(X)
    label, probabilities = run(model, X, tmp_path)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=0, atol=1e-7)
    expected = model.predict(X)
    assert label.tolist() == expected.tolist()
    assert len(set(label.tolist())) > 1
    assert type(label.tolist()[0]) is type(expected.tolist()[0])


def test_pixels_are_given_as_they_are_stored(tmp_path: Path) -> None:
    model = softmax(64, tuple(range(10)), image_shape=(8, 8), scaling=Scaling.from_range(0, 255))
    X = np.random.default_rng(0).integers(0, 256, (300, 64)).astype(np.uint8)
    label, probabilities = run(model, X, tmp_path)
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=0, atol=1e-7)
    assert (label == model.predict(X)).all()


def test_badly_scaled_features_keep_their_digits(tmp_path: Path) -> None:
    model, X = badly_scaled()
    label, probabilities = run(model, X, tmp_path)
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=0, atol=1e-6)
    assert (label == model.predict(X)).all()
    narrow = X @ model.raw.weights.astype(np.float32) + model.raw.bias.astype(np.float32)
    assert np.abs(narrow - model.scores(X)).max() > 1e-3  # what float32 inside would do


@pytest.mark.parametrize("batch", [0, 1, 1000])
def test_any_number_of_rows_may_be_given(batch: int, tmp_path: Path) -> None:
    label, probabilities = run(logistic(), raw_rows(batch), tmp_path)
    assert label.shape == (batch,)
    assert probabilities.shape == (batch, 2)


def test_small_margin_decides_where_both_probabilities_are_the_same(tmp_path: Path) -> None:
    model = logistic(
        1, weights=np.full((1, 1), 1e-20), bias=np.zeros(1), scaling=Scaling.identity()
    )
    X = np.array([[-1.0], [0.0], [1.0]])
    label, probabilities = run(model, X, tmp_path)
    assert (probabilities == 0.5).all()
    assert label.tolist() == model.predict(X).tolist() == [4, 7, 7]


def test_file_says_what_it_is_and_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    export_onnx(told(), tmp_path / "a.onnx")
    export_onnx(told(), tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    model = onnx.load(tmp_path / "a.onnx")
    said: dict[str, Any] = {p.key: json.loads(p.value) for p in model.metadata_props}
    assert said["classes"] == [3, 1, 2, 0]
    assert said["feature_names"][0] == "größe 0"
    assert said["target"] == "Ziffer"
    assert {node.domain for node in model.graph.node} == {""}


def test_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"pip install 'onelayer\[export\]'"):
        export_onnx(softmax(), tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"m\.onnx: there is no folder"):
        export_onnx(softmax(), tmp_path / "no" / "m.onnx")
