"""What is said of a classifier."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from inference_material import logistic, softmax, told

from onelayer.data import Scaling
from onelayer.inference import describe
from onelayer.inference.describe import feature_labels


def test_largest_weights_are_ranked_in_both_units() -> None:
    scaling: dict[str, Any] = {"scale": np.array([1.0, 100, 0.01, 1]), "offset": np.arange(4.0)}
    model = logistic(
        4,
        ("yes", "no"),
        weights=np.array([[2.0], [-1], [3], [2]]),
        bias=np.array([0.5]),
        scaling=Scaling(**scaling),
        feature_names=("age", "bmi", "cost", "dose"),
    )
    told = describe(model, largest=3)
    (output,) = told.outputs
    assert output.label == "yes"
    assert [(w.feature, w.scaled) for w in output.by_scaled] == [
        ("cost", 3), ("age", 2), ("dose", 2),
    ]  # fmt: skip
    assert [(w.feature, w.raw, w.index) for w in output.by_raw] == [
        ("bmi", -100, 1), ("age", 2, 0), ("dose", 2, 3),
    ]  # fmt: skip
    assert (output.scaled_bias, output.raw_bias) == (0.5, 0.5 - 1 + 6 + 6)
    assert told.scaling == "one for each feature"
    assert told.weight_norm == pytest.approx(np.sqrt(18))


def test_each_class_of_softmax_has_its_weights() -> None:
    model = softmax()
    outputs = describe(model).outputs
    assert [output.label for output in outputs] == list(model.classes)
    for k, output in enumerate(outputs):
        assert len(output.by_scaled) == 5
        for weight in output.by_raw:
            assert weight.scaled == model.weights[weight.index, k]
            assert weight.raw == 0.5 * weight.scaled


def test_description_is_plain_values_in_json() -> None:
    said = json.loads(json.dumps(describe(told()).as_json(), allow_nan=False))
    assert said["classes"] == [3, 1, 2, 0]
    assert said["record"]["steps"] == 3
    assert said["record"]["config"]["learning_rate"] == 0.1
    assert said["fills_missing"] is True
    assert said["scaling"] == "the same for all features"
    assert said["outputs"][0]["by_raw"][0].keys() == {"feature", "index", "scaled", "raw"}
    assert describe(softmax(scaling=Scaling.identity())).scaling == "none"


def test_features_without_names_are_named_by_place() -> None:
    assert feature_labels(softmax(3)) == ("x0", "x1", "x2")
    assert feature_labels(softmax(6, image_shape=(2, 3)))[4] == "(1, 1)"
    color = softmax(12, image_shape=(2, 2), channels=3)
    assert feature_labels(color)[:4] == (
        "(0, 0) red", "(0, 0) green", "(0, 0) blue",
        "(0, 1) red",
    )  # fmt: skip
    assert feature_labels(color)[-1] == "(1, 1) blue"
