"""A training result as a classifier: what it was evaluated as is what it predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from onelayer.data import Dataset, load
from onelayer.inference import Classifier
from onelayer.training import RunRecord, StopReason, TrainConfig, TrainResult, as_classifier, train


def digits() -> tuple[Dataset, Dataset]:
    return load("digits", train=200, validation=60)


def trained(**options: Any) -> tuple[TrainResult, Dataset, Dataset]:
    train_set, validation_set = digits()
    if options.get("model") == "logistic":
        train_set = train_set.subset_of_classes([8, 1])
        validation_set = validation_set.subset_of_classes([8, 1])
    # The last step is evaluated: 10 batches, an evaluation each.
    settings: dict[str, Any] = {
        "batch_size": 20,
        "max_epochs": 2,
        "evaluations_per_epoch": 10**6,
    } | options
    return train(train_set, validation_set, TrainConfig(**settings)), train_set, validation_set


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("model", ["softmax", "logistic"])
def test_classifier_reaches_the_figures_of_the_last_evaluation(model: str, dtype: str) -> None:
    result, train_set, validation_set = trained(model=model, dtype=dtype)
    classifier = as_classifier(result)
    assert result.last is not None
    assert result.last.step == result.history.steps - 1
    metrics = classifier.evaluate(validation_set.X, validation_set.y)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    assert metrics.log_loss == pytest.approx(result.last.val_loss, rel=tolerance)
    assert metrics.accuracy == result.last.val_accuracy
    assert classifier.evaluate(train_set.X, train_set.y).accuracy == result.last.train_accuracy


def test_classifier_says_how_it_was_trained() -> None:
    result, _, _ = trained(l2=0.5)
    classifier = as_classifier(
        result, name="a", data={"source": "digits"}, target="digit", fill=np.zeros(64),
    )  # fmt: skip
    assert isinstance(classifier, Classifier)
    record = RunRecord.from_json(classifier.record)
    assert record == result.record("a")
    assert record.config.l2 == 0.5
    assert (record.n_train, record.n_validation, record.steps) == (200, 60, 20)
    assert record.stop_reason is StopReason.MAX_EPOCHS
    assert (classifier.image_shape, classifier.channels) == ((8, 8), 1)
    assert (classifier.target, classifier.data) == ("digit", {"source": "digits"})
    assert classifier.fill is not None


def test_diverged_run_gives_a_classifier_with_nulls_in_place_of_its_figures() -> None:
    result, train_set, _ = trained(learning_rate=1e38, l2=1e38)
    assert result.stop_reason is StopReason.DIVERGED
    classifier = as_classifier(result)
    assert classifier.record["last"]["val_loss"] is None
    assert classifier.predict(train_set.X).shape == (200,)
