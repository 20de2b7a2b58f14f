"""Multilabel models at use: predictions, metrics against scikit-learn, their file, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import accuracy_score, f1_score, hamming_loss, precision_recall_fscore_support

from onelayer.data import Scaling
from onelayer.errors import InputError
from onelayer.inference import Classifier, describe
from onelayer.inference.onnx import export_onnx
from onelayer.inference.skops import export_skops

LABELS = ("sea", "beach", "sky")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(500, 4))


def model(**parts: Any) -> Classifier:
    rng = np.random.default_rng(1)
    whole: dict[str, Any] = {
        "model": "multilabel", "weights": rng.normal(size=(4, 3)), "bias": rng.normal(size=3),
        "classes": LABELS, "scaling": Scaling(scale=0.5, offset=0.1),
    }  # fmt: skip
    return Classifier(**whole | parts)


MODEL = model()
SCORES = (0.5 * X + 0.1) @ MODEL.weights + MODEL.bias
Y = (SCORES + 2 * RNG.normal(size=SCORES.shape) > 0).astype(int)


def test_labels_are_predicted_each_by_its_own_probability() -> None:
    p = 1 / (1 + np.exp(-SCORES))
    np.testing.assert_allclose(MODEL.predict_proba(X), p, rtol=1e-12)
    np.testing.assert_allclose(MODEL.predict_log_proba(X), np.log(p), rtol=1e-9)
    predicted = MODEL.predict(X)
    assert predicted.dtype == np.uint8
    np.testing.assert_array_equal(predicted, p >= 0.5)
    np.testing.assert_array_equal(MODEL.predict(csr_array(X)), predicted)


@pytest.mark.parametrize("given", [Y, Y.astype(bool), Y.tolist(), csr_array(Y)])
def test_metrics_are_those_of_scikit_learn(given: Any) -> None:
    metrics, predicted = MODEL.evaluate_labels(X, given), MODEL.predict(X)
    assert metrics.n == 500
    assert metrics.accuracy == accuracy_score(Y, predicted)
    assert metrics.mean_label_accuracy == pytest.approx(1 - hamming_loss(Y, predicted))
    p = 1 / (1 + np.exp(-SCORES))
    losses = -(Y * np.log(p) + (1 - Y) * np.log(1 - p)).sum(axis=1)
    assert metrics.log_loss == pytest.approx(losses.mean(), rel=1e-9)
    assert metrics.micro["f1"] == pytest.approx(f1_score(Y, predicted, average="micro"))
    assert metrics.macro["f1"] == pytest.approx(f1_score(Y, predicted, average="macro"))
    expected = precision_recall_fscore_support(Y, predicted)
    for name, values in zip(("precision", "recall", "f1", "n"), expected, strict=True):
        assert [getattr(m, name) for m in metrics.by_label] == pytest.approx(values.tolist())
    assert list(metrics.label_accuracy) == pytest.approx((predicted == Y).mean(axis=0).tolist())
    told = json.loads(json.dumps(metrics.as_json(), allow_nan=False))
    assert told["by_label"][1]["label"] == "beach"
    assert told["micro_f1"] == metrics.micro["f1"]


def test_what_is_not_defined_is_none() -> None:
    none = model(weights=np.zeros((4, 3)), bias=np.array([-1.0, 1.0, -1.0]))
    metrics = none.evaluate_labels(X, np.zeros((500, 3), int))
    assert [m.precision for m in metrics.by_label] == [None, 0, None]
    assert [m.f1 for m in metrics.by_label] == [None, 0, None]
    assert metrics.macro == {"precision": 0, "recall": None, "f1": 0}
    assert metrics.micro == {"precision": 0, "recall": None, "f1": 0}


def test_file_there_and_back(tmp_path: Path) -> None:
    MODEL.save(tmp_path / "m.safetensors")
    again = Classifier.load(tmp_path / "m.safetensors")
    assert again.model == "multilabel"
    assert again.classes == LABELS
    assert again.predict_proba(X).tobytes() == MODEL.predict_proba(X).tobytes()
    assert again.to_bytes() == MODEL.to_bytes()
    assert [output.label for output in describe(again).outputs] == list(LABELS)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="evaluate_labels takes a matrix"):
        MODEL.evaluate(X, Y[:, 0])
    softmax = model(model="softmax")
    with pytest.raises(InputError, match="it is softmax"):
        softmax.evaluate_labels(X, Y)
    with pytest.raises(InputError, match=r"the shape is \(499, 3\)"):
        MODEL.evaluate_labels(X, Y[1:])
    with pytest.raises(InputError, match="3 outputs; a multilabel model of 2 classes has 2"):
        model(classes=LABELS[:2])
    for export in (export_onnx, export_skops):
        with pytest.raises(InputError, match="only softmax and logistic models are exported"):
            export(MODEL, tmp_path / "m")
