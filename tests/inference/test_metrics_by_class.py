"""ROC AUC, precision, recall and F1: against scikit-learn, and where they are not defined."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from inference_material import DIGITS, WORDS, Array, logistic, raw_rows, softmax
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from onelayer.data import Scaling
from onelayer.inference import Classifier, evaluation, ranking


def labels(classes: tuple[Any, ...], n: int = 3000) -> Array:
    found: Array = np.random.default_rng(5).choice(np.array(classes), n)
    return found


MODELS = [softmax(), softmax(classes=WORDS), logistic(), logistic(classes=("b", "a"))]
NAMES = ("precision", "recall", "f1")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kinds", [1, 2, 9])
def test_each_class_is_measured_as_by_scikit_learn(model: Classifier, kinds: int) -> None:
    """Also where the examples are of some classes alone: what is not defined is NaN there."""
    X, y = raw_rows(3000), labels(model.classes[:kinds])
    metrics = model.evaluate(X, y)
    judged: dict[str, Any] = {"labels": list(model.classes), "zero_division": np.nan}
    expected = precision_recall_fscore_support(y, model.predict(X), **judged)
    for name, values in zip(NAMES, expected[:3], strict=True):
        ours = [getattr(found, name) for found in metrics.by_class]
        theirs = [None if np.isnan(value) else value for value in values.tolist()]
        assert ours == pytest.approx(theirs)
    assert [found.n for found in metrics.by_class] == expected[3].tolist()
    means = precision_recall_fscore_support(y, model.predict(X), average="macro", **judged)
    assert list(metrics.macro.values()) == pytest.approx(list(means[:3]))


@pytest.mark.parametrize("model", MODELS)
def test_area_is_that_of_scikit_learn(model: Classifier) -> None:
    X, y = raw_rows(3000), labels(model.classes)
    p = model.predict_proba(X)
    order = np.argsort(np.array(model.classes))
    if len(model.classes) == 2:
        second = model.classes[order[1]]
        expected = roc_auc_score(y == second, p[:, order[1]])
    else:
        expected = roc_auc_score(y, p[:, order], multi_class="ovr", average="macro")
    assert model.evaluate(X, y).roc_auc == pytest.approx(expected, rel=1e-12)


def test_two_outputs_rank_by_their_difference() -> None:
    """Probabilities that round to 1 would be equal."""
    model = softmax(
        1, classes=(0, 1), weights=np.array([[-1.0, 1.0]]), bias=np.zeros(2),
        scaling=Scaling.identity(),
    )  # fmt: skip
    assert model.evaluate([[50.0], [60.0], [70.0]], [0, 1, 1]).roc_auc == 1


def test_area_of_groups_of_classes_is_that_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = raw_rows(300), labels(DIGITS, 300)
    expected = softmax().evaluate(X, y).roc_auc
    monkeypatch.setattr(ranking, "_VALUES_AT_ONCE", 700)
    assert softmax().evaluate(X, y).roc_auc == expected


def test_what_is_not_defined_is_null() -> None:
    model = softmax(weights=np.zeros((5, 4)), bias=np.array([0.0, 9.0, 0.0, 0.0]))
    metrics = model.evaluate(raw_rows(50), [DIGITS[0]] * 50)  # the second is always predicted
    assert metrics.roc_auc is None
    assert [(found.precision, found.recall, found.f1) for found in metrics.by_class] == [
        (None, 0, 0), (0, None, 0), (None, None, None), (None, None, None),
    ]  # fmt: skip
    assert metrics.macro == {"precision": 0, "recall": 0, "f1": 0}
    told = json.loads(json.dumps(metrics.as_json(), allow_nan=False))
    assert told["roc_auc"] is None
    assert told["by_class"][2] == {
        "label": DIGITS[2], "n": 0, "precision": None, "recall": None, "f1": None,
    }  # fmt: skip


def test_classes_without_examples_have_no_part_in_the_area() -> None:
    X, y = raw_rows(400), labels(DIGITS[:3], 400)
    p = softmax().predict_proba(X)
    areas = [roc_auc_score(y == label, p[:, k]) for k, label in enumerate(DIGITS[:3])]
    assert softmax().evaluate(X, y).roc_auc == pytest.approx(np.mean(areas))


def test_the_most_frequent_class_is_a_baseline() -> None:
    metrics = softmax(classes=WORDS).evaluate(raw_rows(10), [WORDS[2]] * 6 + [WORDS[0]] * 4)
    assert (metrics.most_frequent, metrics.baseline_accuracy) == (WORDS[2], 0.6)


def test_nothing_of_it_is_computed_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(evaluation, "roc_auc", refuse)
    monkeypatch.setattr(evaluation, "class_metrics", refuse)
    metrics = softmax().evaluate(raw_rows(50), labels(DIGITS, 50))
    with pytest.raises(AssertionError):
        _ = metrics.roc_auc
    with pytest.raises(AssertionError):
        _ = metrics.by_class
